/** Where a compaction may end: whoever reads from there on sees what whoever reads everything sees. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/model/entry.ts';
import { codeOf } from '../../../src/model/errors.ts';
import type { Head } from '../../../src/model/head.ts';
import { modelMessages } from '../../../src/session/context/model-messages.ts';
import type { EntryRange, KnownSession } from '../../../src/session/ports/journal.ts';
import { cutOf } from '../../../src/session/prepare/compaction.ts';
import { said, World } from '../random-life.ts';

/** As much of a session as a walk through entries needs. */
const holding = (head: Head, entries: readonly Entry[]): KnownSession =>
  ({
    head,
    entries: async ({ from = 1, to = entries.length, limit = 100 }: EntryRange) =>
      entries.filter(({ seq }) => seq >= from && seq <= to).slice(0, limit),
  }) as unknown as KnownSession;

const cut = (world: World, wanted: number): Promise<number | undefined> =>
  cutOf(holding(world.state.head, world.entries), wanted, async () => {}).catch((error) => {
    expect(codeOf(error)).toBe('invalid_state');
    return undefined;
  });

const words = (entries: readonly Entry[], throughTurnId?: string): string[] =>
  modelMessages(entries, throughTurnId === undefined ? {} : { throughTurnId }).messages.map(
    (body) => Buffer.from(body).toString(),
  );

const RUNS = 125;
/** Seconds of work in all: in parts, so that a busy machine has the time limit for each. */
const PARTS = [1, 2, 3, 4];
const life = fc.array(said, { minLength: 5, maxLength: 40 });

describe('a compaction of a random life', () => {
  const each = async (check: (world: World, throughSeq: number) => Promise<void>) => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(life, fc.nat({ max: 40 }), async (steps, wanted) => {
        const world = new World();
        for (const one of steps) world.commit([one]);
        const throughSeq = await cut(world, wanted + 1);
        if (throughSeq === undefined) return;
        found += 1;
        await check(world, throughSeq);
      }),
      { numRuns: RUNS },
    );
    expect(found).toBeGreaterThan(RUNS / 10);
  };

  it.each(PARTS)('ends at or before the place that was named, and within no turn: part %i', () =>
    each(async ({ entries }, throughSeq) => {
      const turnsOf = (part: readonly Entry[]) =>
        part.flatMap((entry) => (entry.kind === 'message' ? [entry.turnId ?? entry.seq] : []));
      const before = new Set(turnsOf(entries.slice(0, throughSeq)));
      expect(turnsOf(entries.slice(throughSeq)).filter((turn) => before.has(turn))).toEqual([]);
    }),
  );

  it.each(PARTS)(
    'is read from there on as it is read from the beginning, also while turns wait: part %i',
    () =>
      each(async (world, throughSeq) => {
        const summary = 'so far';
        const compaction = { throughSeq, summary, by: 'test' };
        world.commit([{ input: { type: 'compact', compaction } }]);
        const { head, entries } = { ...world.state, entries: world.entries };
        const fromSeq = head.compaction?.fromSeq ?? 1;
        expect(fromSeq).toBe(throughSeq + 1);
        const rest = entries.filter(({ seq }) => seq >= fromSeq);
        for (const turn of [undefined, ...head.openTurns.map(({ turnId }) => turnId)])
          expect(words(rest, turn)).toEqual(words(entries, turn));
        expect(words(entries)[0]).toContain(summary);
      }),
  );

  it.each(PARTS)('leaves the rest of the view as it was: part %i', () =>
    each(async (world, throughSeq) => {
      const inView = new Set(words(world.entries));
      world.commit([
        { input: { type: 'compact', compaction: { throughSeq, summary: 'x', by: 'test' } } },
      ]);
      const [, ...rest] = words(world.entries);
      expect(rest.filter((word) => !inView.has(word))).toEqual([]);
    }),
  );
});
