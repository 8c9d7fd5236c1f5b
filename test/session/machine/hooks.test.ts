/** Hooks around a whole turn: before its first model call, and when the model has said its last. */
import { describe, expect, it } from 'vitest';
import type { TurnId } from '../../../src/model/ids.ts';
import { runIdOf } from '../../../src/model/turn.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import type { Change, SessionState } from '../../../src/session/machine/machine.ts';
import type { Rules } from '../../../src/session/machine/rules.ts';
import {
  CANCEL,
  effects,
  entriesOf,
  eventsOf,
  fresh,
  NOW,
  prompt,
  RULES,
  recordsOf,
  said,
  step,
} from './support.ts';

const HOOK = { hook: './check', ended: 'ok', durationMs: 3, goesOn: true } as const;

const withHooks = (...events: readonly string[]): Rules => ({
  ...RULES,
  wantsHook: (event, wanted = []) =>
    events.includes(event) && (wanted.length === 0 || wanted.includes(event)),
});

const run = (rules: Rules, ...inputs: Input[]): { state: SessionState; last: Change } => {
  let state = fresh();
  let last: Change | undefined;
  for (const input of inputs) {
    last = apply(state, input, rules, NOW);
    state = { ...last.state, head: { ...last.state.head, version: state.head.version + 1 } };
  }
  if (last === undefined) throw new Error('no input');
  return { state, last };
};

const hooked = (number: number, fields: object = {}): Input =>
  ({
    ...{ type: 'hooked', runId: runIdOf('a' as TurnId, number), context: [], runs: [], text: '' },
    ...fields,
  }) as Input;

const AT_START = withHooks('UserPromptSubmit');
const AT_END = withHooks('Stop');

describe('hooks before the first model call', () => {
  it('are asked before the model is, and nothing is waited for where there are none', () => {
    expect(effects(run(AT_START, prompt('a')).last)).toEqual([
      ...['turn.accepted', 'turn.started', 'see', 'startHooks'],
    ]);
    expect(effects(run(RULES, prompt('a')).last)).toContain('startModel');
    expect(effects(run(withHooks('SessionStart'), prompt('a')).last)).toContain('startHooks');
  });

  it('that let it through have the model asked, with what they want it to see', () => {
    const { last, state } = run(AT_START, prompt('a'), hooked(1, { context: ['be brief', ' '] }));
    expect(entriesOf(last)).toMatchObject([{ role: 'user', turnId: 'a', seq: 2 }]);
    expect(effects(last)).toEqual(['message', 'see', 'startModel']);
    expect(state.head.openTurns).toMatchObject([{ lastSeq: 2, phase: { kind: 'model', run: 2 } }]);
  });

  it('that do not end the turn, and take its prompt out of the model’s view', () => {
    const { last, state } = run(AT_START, prompt('a'), hooked(1, { blocked: 'not on a Sunday' }));
    expect(recordsOf(last)).toMatchObject([
      { status: 'failed', error: { code: 'hook_blocked', message: 'not on a Sunday' } },
    ]);
    expect(entriesOf(last)).toMatchObject([
      { kind: 'view', view: { type: 'rollback', fromSeq: 1, throughSeq: 1, turnId: 'a' } },
    ]);
    expect(state.head).toMatchObject({ status: 'idle', openTurns: [] });
  });

  it('are asked again after a crash, and what was asked before it does not count', () => {
    const { last, state } = run(AT_START, prompt('a'), { type: 'resume' }, hooked(1));
    expect([last.writes, last.effects]).toEqual([[], []]);
    expect(state.head.openTurns).toMatchObject([{ phase: { kind: 'hooks', run: 2 } }]);
  });

  it('are told apart in the audit, and counted', () => {
    const runs = [{ ...HOOK, event: 'UserPromptSubmit' }];
    const { last, state } = run(AT_START, prompt('a'), hooked(1, { runs }));
    expect(last.writes).toContainEqual(
      expect.objectContaining({
        record: expect.objectContaining({
          ...{ kind: 'hook', action: 'allowed' },
          details: expect.objectContaining({ event: 'UserPromptSubmit', turnId: 'a' }),
        }),
      }),
    );
    expect(eventsOf(last)[0]).toMatchObject({ type: 'hook.executed', hook: './check' });
    expect(state.head.hookExecutionCount).toBe(1);
  });

  it('of a turn that is cancelled meanwhile end it', () => {
    const { last } = run(AT_START, prompt('a'), CANCEL, hooked(1));
    expect(recordsOf(last)).toMatchObject([{ status: 'cancelled' }]);
  });

  it('are asked for the turn behind it too', () => {
    const { state } = run(AT_START, prompt('a'), prompt('b'), hooked(1, { blocked: 'no' }));
    expect(state.head.openTurns).toMatchObject([{ turnId: 'b', phase: { kind: 'hooks' } }]);
  });
});

describe('hooks at the end', () => {
  const ENDING = [prompt('a'), step('a', said('x'))];

  it('are asked when the model has nothing more to do, and at no other end', () => {
    expect(effects(run(AT_END, ...ENDING).last)).toEqual(['message', 'see', 'startHooks']);
    const other = run(AT_END, prompt('a'), step('a', said('x', { stopReason: 'max_tokens' })));
    expect(recordsOf(other.last)).toHaveLength(1);
  });

  it('that let it end close the turn as it would have closed', () => {
    const { last } = run(AT_END, ...ENDING, hooked(2, { text: 'x' }));
    expect(recordsOf(last)).toMatchObject([{ status: 'completed', stopReason: 'end_turn' }]);
    expect(eventsOf(last).at(-1)).toMatchObject({ type: 'turn.finished', text: 'x' });
  });

  it('that do not have the model go on, and it hears why', () => {
    const { last, state } = run(AT_END, ...ENDING, hooked(2, { blocked: 'run the tests' }));
    expect(Buffer.from((entriesOf(last)[0] as { body: Uint8Array }).body).toString()).toContain(
      'run the tests',
    );
    expect(state.head.openTurns).toMatchObject([{ stopBlocks: 1, phase: { kind: 'model' } }]);
  });

  it('keep a turn from its end eight times in a row at most', () => {
    const rules: Rules = { ...AT_END, maxSteps: 50 };
    const rounds = Array.from({ length: 8 }, (_, n) => [
      step('a', said('x'), 2 * n + 1),
      hooked(2 * n + 2, { blocked: 'again' }),
    ]).flat();
    const eight = run(rules, prompt('a'), ...rounds);
    expect(eight.state.head.openTurns).toMatchObject([{ stopBlocks: 8 }]);
    const nine = run(
      rules,
      prompt('a'),
      ...rounds,
      step('a', said('x'), 17),
      hooked(18, { blocked: 'again' }),
    );
    expect(recordsOf(nine.last)).toMatchObject([{ status: 'completed' }]);
  });

  it('do not lift the limit of model calls', () => {
    const { last } = run(
      AT_END,
      prompt('a', { options: { maxSteps: 1 } }),
      step('a', said('x')),
      hooked(2, { blocked: 'again' }),
    );
    expect(recordsOf(last)).toMatchObject([{ status: 'completed' }]);
  });
});
