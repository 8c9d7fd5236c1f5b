/** What holds of a session whatever is said to it, alone or in a crowd: see `random-life.ts`. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TurnId } from '../../../src/model/ids.ts';
import { type ClosedTurn, runIdOf } from '../../../src/model/turn.ts';
import { foldBatch } from '../../../src/session/machine/fold.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import type { Effect, SessionState, Write } from '../../../src/session/machine/machine.ts';
import { rounds } from '../../support/rounds.ts';
import { freshState, RULES, type Said, said, World } from '../random-life.ts';

const NUM_RUNS = rounds(1_000);
/** Thousands of lives are seconds of work: in parts, so that a busy machine has the time limit for each. */
const PARTS = [1, 2, 3, 4];

describe('the state machine', () => {
  it.each(PARTS)('keeps its books whatever is said to it: part %i', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 40 }), (life) => {
        const world = new World();
        for (const one of life) world.commit([one]);
      }),
      { numRuns: NUM_RUNS / PARTS.length },
    );
  });

  it.each(PARTS)('keeps its books whatever shares a commit: part %i', () => {
    const crowd = fc.array(said, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(crowd, { maxLength: 12 }), (life) => {
        const world = new World();
        for (const batch of life) world.commit(withOneOutcome(batch));
      }),
      { numRuns: NUM_RUNS / PARTS.length },
    );
  });

  it('changes nothing when it refuses', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 20 }), (life) => {
        const world = new World();
        for (const one of life) {
          const before = structuredClone(world.state);
          const { state } = world;
          world.commit([one]);
          expect(state).toEqual(before);
        }
      }),
      { numRuns: NUM_RUNS / 10 },
    );
  });
});

/** One step runs at a time, so one outcome comes at a time. */
const withOneOutcome = (batch: readonly Said[]): Said[] => {
  const first = batch.find((one) => 'outcome' in one && !one.isLate);
  return batch.filter((one) => !('outcome' in one) || one.isLate || one === first);
};

describe('a batch', () => {
  it('does what its inputs do one after another, and is one version', () => {
    const inputs = fc.array(said, { maxLength: 12 }).map((all) => all.flatMap(inputOf));
    fc.assert(
      fc.property(inputs, (batch) => {
        const folded = foldBatch(
          freshState(),
          batch.map((input) => ({ input })),
          new Map(),
          RULES,
          1_000,
        );
        const alone = oneByOne(batch);
        expect(unversioned(folded.state)).toEqual(unversioned(alone.state));
        expect(folded.state.head.version).toBe(Math.min(1, alone.state.head.version));
        expect(folded.writes).toEqual(alone.writes);
        expect(folded.effects).toEqual(alone.effects);
        expect(folded.refusals.map(({ of }) => of.input)).toEqual(alone.refused);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

const unversioned = ({ head: { version: _, ...head }, ...state }: SessionState) => ({
  ...state,
  head,
});

const inputOf = (one: Said): Input[] => {
  if ('input' in one) return [one.input];
  if ('tool' in one) return [{ type: 'decided', runId: runIdOf('a' as TurnId, 2), verdicts: [] }];
  const { outcome } = one;
  return [{ type: 'step', runId: runIdOf('a' as TurnId, 1), retries: 0, outcome }];
};

/** A version is committed before the next input is looked at, so the ledger knows what closed. */
const oneByOne = (inputs: readonly Input[]) => {
  let state = freshState();
  const ledger = new Map<TurnId, ClosedTurn>();
  const writes: Write[] = [];
  const effects: Effect[] = [];
  const refused: Input[] = [];
  for (const input of inputs) {
    const folded = foldBatch(state, [{ input }], ledger, RULES, 1_000);
    state = folded.state;
    writes.push(...folded.writes);
    effects.push(...folded.effects);
    refused.push(...folded.refusals.map(({ of }) => of.input));
    for (const write of folded.writes)
      if (write.type === 'turn') ledger.set(write.record.turnId, write.record);
  }
  return { state, writes, effects, refused };
};
