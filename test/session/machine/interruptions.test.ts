/** Turns that make room for another one: by `interrupt` what they did stays, by `rollback` the model never sees it. */
import { describe, expect, it } from 'vitest';
import type { TurnId } from '../../../src/model/ids.ts';
import { runIdOf } from '../../../src/model/turn.ts';
import {
  asks,
  CANCEL,
  calling,
  decided,
  effects,
  ended,
  entriesOf,
  failed,
  prompt,
  RULES,
  recordsOf,
  resultsOf,
  run,
  said,
  starts,
  step,
} from './support.ts';

const interrupting = (id: string) => prompt(id, { onBusy: 'interrupt' });
const rollingBack = (id: string) => prompt(id, { onBusy: 'rollback' });
const cancelled = { type: 'cancelled', partialText: 'half' } as const;
const viewsOf = (change: ReturnType<typeof run>['last']) =>
  entriesOf(change).flatMap((entry) => (entry.kind === 'view' ? [entry.view] : []));
const runs = ({ state }: ReturnType<typeof run>) =>
  state.head.openTurns.map(({ turnId, status }) => `${turnId} ${status}`);

describe('a turn that interrupts', () => {
  it('stops the model call of the one that runs, and starts when that has ended', () => {
    const asked = run(prompt('a'), interrupting('b'));
    expect(effects(asked.last)).toEqual(['cancelRun', 'turn.accepted']);
    expect(runs(asked)).toEqual(['a running', 'b queued']);
    const after = run(prompt('a'), interrupting('b'), step('a', cancelled));
    expect(recordsOf(after.last)).toMatchObject([
      { turnId: 'a', status: 'interrupted', error: { code: 'interrupted' } },
    ]);
    expect(runs(after)).toEqual(['b running']);
    expect(viewsOf(after.last)).toEqual([]);
  });

  it('takes the place of those that waited too, whose prompts the model never sees', () => {
    const after = run(prompt('a'), prompt('b'), interrupting('c'));
    expect(recordsOf(after.last)).toMatchObject([{ turnId: 'b', status: 'interrupted' }]);
    expect(viewsOf(after.last)).toMatchObject([{ type: 'rollback', turnId: 'b' }]);
    expect(runs(after)).toEqual(['a running', 'c queued']);
  });

  it('is a turn like others where none is open', () => {
    expect(runs(run(interrupting('a')))).toEqual(['a running']);
  });

  it('finds room in a full queue, as it empties it', () => {
    const full = [prompt('a'), prompt('b'), prompt('c')];
    expect(full).toHaveLength(RULES.queuePerSession);
    expect(() => run(...full, prompt('d'))).toThrow(/turns wait/);
    expect(runs(run(...full, interrupting('d')))).toEqual(['a running', 'd queued']);
  });

  it('is what the session says where the turn says nothing', () => {
    const after = run(prompt('a', { settings: { onBusy: 'interrupt' } }), prompt('b'));
    expect(effects(after.last)).toContain('cancelRun');
    expect(
      runs(
        run(prompt('a', { settings: { onBusy: 'interrupt' } }), prompt('b', { onBusy: 'enqueue' })),
      ),
    ).toEqual(['a running', 'b queued']);
  });

  it('does nothing when it comes once more', () => {
    const { last } = run(prompt('a'), interrupting('b'), interrupting('b'));
    expect(last.effects).toEqual([]);
    expect(last.answer).toMatchObject({ type: 'turn', isNew: false });
  });

  it('keeps the results that tools had, and starts no further tool', () => {
    const begun = [
      prompt('a'),
      step('a', calling('x', 'y')),
      decided('a', 2, starts('x'), asks('y')),
    ];
    const asked = run(...begun, interrupting('b'));
    expect(effects(asked.last)).toContain('cancelRun');
    const after = run(...begun, interrupting('b'), ended('a', 4, resultsOf('x')));
    expect(recordsOf(after.last)).toMatchObject([{ turnId: 'a', status: 'interrupted' }]);
    expect(runs(after)).toEqual(['b running']);
  });

  it('answers what waits for a person, and starts at once', () => {
    const after = run(
      prompt('a'),
      step('a', calling('x')),
      decided('a', 2, asks('x')),
      interrupting('b'),
    );
    expect(recordsOf(after.last)).toMatchObject([{ turnId: 'a', status: 'interrupted' }]);
    expect(runs(after)).toEqual(['b running']);
  });

  it('does not end a session in the background whose only turn it closes', () => {
    const settings = { mode: 'background' } as const;
    const { state, last } = run(
      prompt('a', { settings }),
      step('a', calling('x')),
      decided('a', 2, asks('x')),
      interrupting('b'),
    );
    expect(state.head).toMatchObject({ status: 'running', completedAtMs: undefined });
    const audited = last.writes.flatMap((write) => (write.type === 'audit' ? [write.record] : []));
    expect(audited.filter(({ kind }) => kind === 'lifecycle')).toEqual([]);
  });

  it('ends one that waits for another attempt at once', () => {
    const later = { ...failed(), type: 'postponed', delayMs: 9, tried: 1 } as never;
    const after = run(prompt('a'), step('a', later), interrupting('b'));
    expect(recordsOf(after.last)).toMatchObject([{ turnId: 'a', status: 'interrupted' }]);
    expect(runs(after)).toEqual(['b running']);
  });

  it('changes nothing of a turn that ended before it heard of it', () => {
    const error = run(prompt('a'), interrupting('b'), step('a', failed()));
    expect(recordsOf(error.last)).toMatchObject([{ turnId: 'a', status: 'interrupted' }]);
    const done = run(prompt('a'), step('a', said('x')), interrupting('b'));
    expect(runs(done)).toEqual(['b running']);
  });
});

describe('a turn that rolls back', () => {
  it('takes all of the one that ran out of the model’s view', () => {
    const after = run(prompt('a'), rollingBack('b'), step('a', cancelled));
    const [view] = viewsOf(after.last);
    expect(view).toMatchObject({ type: 'rollback', fromSeq: 1, turnId: 'a' });
    const [record] = recordsOf(after.last);
    expect((view as { throughSeq: number }).throughSeq).toBeGreaterThanOrEqual(
      record?.lastSeq ?? 0,
    );
    expect(record).toMatchObject({ status: 'interrupted' });
    expect(runs(after)).toEqual(['b running']);
  });

  it('stays one when another interrupts behind it', () => {
    const after = run(prompt('a'), rollingBack('b'), interrupting('c'), step('a', cancelled));
    expect(viewsOf(after.last)).toMatchObject([{ type: 'rollback', turnId: 'a' }]);
    expect(runs(after)).toEqual(['c running']);
  });

  it('leaves one that a person cancels cancelled, in view', () => {
    const after = run(prompt('a'), CANCEL, step('a', cancelled));
    expect(recordsOf(after.last)).toMatchObject([{ status: 'cancelled' }]);
    expect(viewsOf(after.last)).toEqual([]);
  });
});

describe('when the process dies before the turn that makes room has ended', () => {
  it.each(['interrupt', 'rollback'] as const)('it does not run on: %s', (onBusy) => {
    const after = run(prompt('a'), prompt('b', { onBusy }), { type: 'resume' });
    expect(recordsOf(after.last)).toMatchObject([{ turnId: 'a', status: 'interrupted' }]);
    expect(viewsOf(after.last)).toHaveLength(onBusy === 'rollback' ? 1 : 0);
    expect(runs(after)).toEqual(['b running']);
  });

  it('its tools are not started again, and are answered', () => {
    const begun = [
      prompt('a'),
      step('a', calling('x', 'y')),
      decided('a', 2, starts('x', 'at_most_once'), starts('y', 'at_most_once')),
      interrupting('b'),
    ];
    const after = run(...begun, { type: 'resume' });
    expect(recordsOf(after.last)).toMatchObject([{ turnId: 'a', status: 'interrupted' }]);
    const [answer] = entriesOf(after.last).filter(({ kind }) => kind === 'message');
    expect(String((answer as unknown as { body: Uint8Array }).body)).toMatch(
      /unknown whether it ran/,
    );
    expect(runs(after)).toEqual(['b running']);
  });

  it('what may go on elsewhere, as a sub-agent does, is told to end before the turn does', () => {
    const begun = [prompt('a'), step('a', calling('x')), decided('a', 2, starts('x'))];
    const resumed = run(...begun, interrupting('b'), { type: 'resume' });
    expect(runs(resumed)).toEqual(['a running', 'b queued']);
    expect(effects(resumed.last)).toContain('startTools');
    expect(resumed.state.cancelling).toBe('a');
    const [first] = resumed.state.head.openTurns;
    const [call] = first?.phase?.kind === 'tools' ? first.phase.calls : [];
    if (call?.state !== 'started') throw new Error('it has no run that could be told');
    const told = ended('a', call.run, resultsOf('x'), true);
    const after = run(...begun, interrupting('b'), { type: 'resume' }, told);
    expect(recordsOf(after.last)).toMatchObject([{ turnId: 'a', status: 'interrupted' }]);
    expect(runs(after)).toEqual(['b running']);
  });

  it('the results that were there are gathered first', () => {
    const begun = [
      prompt('a'),
      step('a', calling('x', 'y')),
      decided('a', 2, starts('x'), starts('y', 'at_most_once')),
      ended('a', 3, resultsOf('x')),
      interrupting('b'),
    ];
    const resumed = run(...begun, { type: 'resume' });
    expect(runs(resumed)).toEqual(['a running', 'b queued']);
    const [first] = resumed.state.head.openTurns;
    const own = first?.phase?.kind === 'tools' ? first.phase.run : 0;
    const after = run(
      ...begun,
      { type: 'resume' },
      { type: 'gathered', runId: runIdOf('a' as TurnId, own), results: resultsOf('x') },
    );
    expect(recordsOf(after.last)).toMatchObject([{ turnId: 'a', status: 'interrupted' }]);
    expect(runs(after)).toEqual(['b running']);
  });
});
