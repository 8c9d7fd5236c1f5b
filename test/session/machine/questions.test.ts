/** What tools ask of people while they run: put, answered once, withdrawn, declined at its deadline, gone with a crash. */
import { expect, it } from 'vitest';
import { duesOf } from '../../../src/model/due.ts';
import type { TurnId } from '../../../src/model/ids.ts';
import { runIdOf } from '../../../src/model/turn.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import {
  CANCEL,
  calling,
  decided,
  effects,
  ended,
  eventsOf,
  NOW,
  prompt,
  RULES,
  resultsOf,
  run,
  starts,
  step,
} from './support.ts';

const runId = (number: number) => runIdOf('a' as TurnId, number);
const FORM = { type: 'object' };
const question = { message: 'Which branch?', form: FORM };
const asks = (what = question): Input => ({ type: 'questioned', runId: runId(3), question: what });
const NO_LONGER: Input = { type: 'questioned', runId: runId(3), question: undefined };
const approve = (approval: object): Input =>
  ({ type: 'approve', approvalId: runId(4), approval, by: 'ann' }) as Input;
const ALLOW = approve({ decision: 'allow', input: { branch: 'main' }, rules: [] });
const DENY = approve({ decision: 'deny', interrupt: false });
const STARTED = [prompt('a'), step('a', calling('x')), decided('a', 2, starts('x'))];

type Run = ReturnType<typeof run>;
const callsOf = ({ state }: Run) => {
  const phase = state.head.openTurns[0]?.phase;
  return phase?.kind === 'tools' ? phase.calls : [];
};
const answersOf = ({ last }: Run) =>
  last.effects.flatMap((effect) => (effect.type === 'answerRun' ? [effect.answer] : []));
const notesOf = ({ last }: Run) =>
  last.writes.flatMap((write) => (write.type === 'audit' ? [write.record] : []));

it('is stored with the call that runs, told, and noted', () => {
  const asked = run(...STARTED, asks());
  expect(callsOf(asked)).toMatchObject([{ state: 'started', question: { run: 4, ...question } }]);
  expect(eventsOf(asked.last)).toMatchObject([
    { type: 'elicitation.requested', approvalId: runId(4), ...question },
  ]);
  expect(notesOf(asked)).toMatchObject([{ kind: 'permission', action: 'asked' }]);
  expect(asked.state.head.status).toBe('running');
});

it.each([
  [ALLOW, { action: 'accept', content: { branch: 'main' } }, 'allowed'],
  [DENY, { action: 'decline' }, 'denied'],
])('is answered once, and the call goes on: %#', (answer, given, noted) => {
  const answered = run(...STARTED, asks(), answer);
  expect(answersOf(answered)).toEqual([given]);
  expect(notesOf(answered)).toMatchObject([{ action: noted, by: 'ann' }]);
  expect(callsOf(answered)[0]).not.toHaveProperty('question');
  expect(() => run(...STARTED, asks(), answer, answer)).toThrow('was decided before');
});

it('is withdrawn by its tool, and by another one in its place', () => {
  const over = run(...STARTED, asks(), NO_LONGER);
  const decline = { type: 'elicitation.answered', action: 'decline', by: 'tool' };
  expect(eventsOf(over.last)).toMatchObject([decline]);
  expect(answersOf(over)).toEqual([]);
  const second = run(...STARTED, asks(), asks({ message: 'Which tag?', form: FORM }));
  expect(eventsOf(second.last)).toMatchObject([decline, { message: 'Which tag?' }]);
  expect(callsOf(second)).toMatchObject([{ question: { run: 5 } }]);
});

it('ends with its call', () => {
  const over = run(...STARTED, asks(), ended('a', 3, resultsOf('x')));
  expect(eventsOf(over.last)[0]).toMatchObject({ type: 'elicitation.answered', by: 'tool' });
  expect(effects(over.last)).toContain('startModel');
});

it('is declined at its deadline, for which the session is woken', () => {
  const rules = { ...RULES, approvalMs: 1_000 };
  const { state } = run(...STARTED);
  const asked = apply(state, asks(), rules, NOW).state;
  expect(duesOf(asked.head)).toEqual([{ kind: 'approval', atMs: NOW + 1_000 }]);
  const due = apply(asked, { type: 'due' }, rules, NOW + 1_000);
  expect(due.effects).toContainEqual({
    ...{ type: 'answerRun', runId: runId(3), answer: { action: 'decline' } },
  });
  expect(duesOf(due.state.head)).toEqual([]);
});

it('is not put to anyone in a turn that is being cancelled, nor for a call that is over', () => {
  const cancelled = run(...STARTED, CANCEL, asks());
  expect(answersOf(cancelled)).toEqual([{ action: 'decline' }]);
  expect(callsOf(cancelled)[0]).not.toHaveProperty('question.run');
  const late = run(...STARTED, ended('a', 3, resultsOf('x')), asks());
  expect([late.last.writes, late.last.effects]).toEqual([[], []]);
});

it.each(['pure', 'at_most_once'] as const)(
  'is gone after a crash of a call that is %s',
  (effect) => {
    const begun = [
      prompt('a'),
      step('a', calling('x')),
      decided('a', 2, starts('x', effect)),
      asks(),
    ];
    const resumed = run(...begun, { type: 'resume' });
    expect(eventsOf(resumed.last)).toContainEqual(
      expect.objectContaining({ type: 'elicitation.answered', by: 'tool' }),
    );
    for (const call of callsOf(resumed)) expect(call).not.toHaveProperty('question.run');
  },
);
