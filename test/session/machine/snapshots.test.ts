/** When a session's counters are noted, and what they say. */
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../../src/model/metrics.ts';
import { foldBatch } from '../../../src/session/machine/fold.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import type { SessionState } from '../../../src/session/machine/machine.ts';
import type { Rules } from '../../../src/session/machine/rules.ts';
import { CANCEL, fresh, NOW, prompt, RULES, refusedTools, said, step } from './support.ts';

const MINUTE = 60_000;
const KEEPING: Rules = { ...RULES, snapshotMs: MINUTE };
const UPDATE: Input = { type: 'settings', settings: { title: 'x' } };

/** Plays inputs at their moments, a commit each, and gives the snapshots and the state. */
const play = (moments: readonly (readonly [atMs: number, input: Input])[], rules = KEEPING) => {
  let state: SessionState = fresh();
  const snapshots = moments.map(([atMs, input]): Snapshot | undefined => {
    const folded = foldBatch(state, [{ input }], new Map(), rules, atMs);
    expect(folded.refusals).toEqual([]);
    state = folded.state;
    return folded.writes.flatMap((write) => (write.type === 'snapshot' ? [write.snapshot] : []))[0];
  });
  return { snapshots, state };
};

describe('a snapshot', () => {
  it('is taken when a turn ends, and not when it is accepted or when settings change', () => {
    const { snapshots, state } = play([
      [NOW, prompt('a')],
      [NOW + 1_500, step('a', said('x'))],
      [NOW + 2_000, UPDATE],
    ]);
    expect(snapshots.map((each) => each?.number)).toEqual([undefined, 1, undefined]);
    expect(snapshots[1]).toEqual({
      number: 1,
      drops: [],
      point: {
        ...{ atMs: NOW + 1_500, messages: 2, toolCalls: 0, hookExecutions: 0, errors: 0 },
        ...{ permissionChecks: 0, retries: 0, costNanoUsd: 70, inputTokens: 10, outputTokens: 5 },
        ...{ cacheCreationInputTokens: 0, cacheReadInputTokens: 0, runMs: 1_500 },
        ...{ toolRuns: 0, toolMs: 0 },
      },
    });
    expect(state.head).toMatchObject({ runMs: 1_500, snapshots: 1, snapshotAtMs: NOW + 1_500 });
  });

  it('adds up the turns, each from its start to its end', () => {
    const { snapshots } = play([
      [NOW, prompt('a')],
      [NOW, prompt('b')],
      [NOW + 100, step('a', said('x'))],
      [NOW + 300, step('b', said('y'))],
    ]);
    expect(snapshots.map((each) => each?.point.runMs)).toEqual([undefined, undefined, 100, 300]);
    expect(snapshots[3]?.number).toBe(2);
  });

  it('is taken of a turn at work with the first commit of each minute', () => {
    const { snapshots } = play([
      [NOW, prompt('a')],
      [NOW + MINUTE - 1, UPDATE],
      [NOW + MINUTE, UPDATE],
      [NOW + MINUTE + 1, UPDATE],
      [NOW + 3 * MINUTE, UPDATE],
      [NOW + 3 * MINUTE + 5, step('a', said('x'))],
    ]);
    expect(snapshots.map((each) => each?.point.runMs)).toEqual([
      ...[undefined, undefined, MINUTE, undefined],
      ...[3 * MINUTE, 3 * MINUTE + 5],
    ]);
  });

  it('does not know the cost where a model without a price has answered', () => {
    const { snapshots } = play([
      [NOW, prompt('a')],
      [NOW, step('a', said('x', { costNanoUsd: null }))],
    ]);
    expect(snapshots[1]?.point.costNanoUsd).toBeNull();
  });

  it('counts what was decided about tools', () => {
    const { snapshots } = play(
      [prompt('a'), ...refusedTools('a', 1), step('a', said('x'), 3)].map((input) => [NOW, input]),
    );
    expect(snapshots.at(-1)?.point).toMatchObject({ permissionChecks: 1, messages: 4 });
  });

  it('is not taken for a turn that never ran, of a session that is deleted, or where it is off', () => {
    const waiting = play([
      [NOW, prompt('a')],
      [NOW, prompt('b')],
      [NOW, { type: 'cancel', turnId: 'b' } as Input],
    ]);
    expect(waiting.snapshots[2]).toBeUndefined();
    const deleted = play([
      [NOW, prompt('a')],
      [NOW, { type: 'delete', by: 'x', ifVersion: undefined, tombstoneMs: 1 }],
    ]);
    expect(deleted.snapshots).toEqual([undefined, undefined]);
    const off = play(
      [
        [NOW, prompt('a')],
        [NOW + 2 * MINUTE, CANCEL],
        [NOW + 2 * MINUTE, step('a', said('x'))],
      ],
      RULES,
    );
    expect(off.snapshots).toEqual([undefined, undefined, undefined]);
  });
});
