/** A walk over many rows with pauses: what changes in a pause is seen as it was before. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionTable } from '../../src/search/table/session-table.ts';
import { Walk } from '../../src/search/table/walk.ts';
import { rowOf, tenant } from './summary-row.ts';

const slotsFrom1To = (last: number): Uint32Array =>
  Uint32Array.from({ length: last }, (_, n) => n + 1);

/** What a walk over the slots 1 to `last` visits; slots that end it. */
const walked = (last: number, ...ends: readonly number[]) => {
  const inTurn: number[] = [];
  const early: number[] = [];
  const walk = new Walk(slotsFrom1To(last), last + 1, (slot, isInTurn) => {
    (isInTurn ? inTurn : early).push(slot);
    return !ends.includes(slot);
  });
  return { walk, inTurn, early };
};

describe('a walk', () => {
  it('visits its rows in order, so many at a step, and says when it is over', () => {
    const { walk, inTurn } = walked(5);
    expect(walk.step(2)).toBe(false);
    expect(inTurn).toEqual([1, 2]);
    expect(walk.step(2)).toBe(false);
    expect(walk.step(2)).toBe(true);
    expect(inTurn).toEqual([1, 2, 3, 4, 5]);
    expect(walk.step(2)).toBe(true);
    expect(inTurn).toHaveLength(5);
  });

  it('of a whole number of steps is over with its last row', () => {
    const { walk } = walked(4);
    expect([walk.step(2), walk.step(2)]).toEqual([false, true]);
  });

  it('over nothing is over at once', () => {
    expect(walked(0).walk.step(1)).toBe(true);
  });

  it('visits a row that is about to change before its turn, and then not again', () => {
    const { walk, inTurn, early } = walked(5);
    walk.step(2);
    walk.meet(4);
    walk.meet(4);
    expect(early).toEqual([4]);
    walk.step(9);
    expect({ inTurn, early }).toEqual({ inTurn: [1, 2, 3, 5], early: [4] });
  });

  it('passes by a row that changes after its turn, and rows that are none of its own', () => {
    const { walk, early } = walked(5);
    walk.step(2);
    for (const slot of [1, 2, 0, 6, 1_000]) walk.meet(slot);
    expect(early).toEqual([]);
  });

  it('that is ended by a visit visits nothing more', () => {
    const { walk, inTurn, early } = walked(5, 2);
    expect(walk.step(4)).toBe(true);
    walk.meet(4);
    expect(walk.step(4)).toBe(true);
    expect({ inTurn, early }).toEqual({ inTurn: [1, 2], early: [] });
  });

  it('can be ended by a row that is about to change, too', () => {
    const { walk, inTurn, early } = walked(5, 4);
    walk.step(1);
    walk.meet(4);
    walk.meet(5);
    expect(walk.step(4)).toBe(true);
    expect({ inTurn, early }).toEqual({ inTurn: [1], early: [4] });
  });

  it('visits each of its rows once, whatever changes when', () => {
    const moves = fc.array(
      fc.oneof(
        fc.record({ step: fc.integer({ min: 1, max: 4 }) }),
        fc.record({ meet: fc.integer({ min: 0, max: 25 }) }),
      ),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), moves, (last, all) => {
        const { walk, inTurn, early } = walked(last);
        for (const move of all) 'step' in move ? walk.step(move.step) : walk.meet(move.meet);
        while (!walk.step(3));
        expect([...inTurn, ...early].sort((a, b) => a - b)).toEqual([...slotsFrom1To(last)]);
        expect(inTurn).toEqual(inTurn.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('a table that changes under a walk', () => {
  /** Of five sessions, begun and two rows on its way. */
  const halfWay = () => {
    const table = new SessionTable(tenant);
    for (const id of 'abcde') table.put(rowOf(id, { title: `old ${id}`, tags: [`t${id}`] }));
    const seen: string[] = [];
    const walk = new Walk(slotsFrom1To(5), table.slotsEnd, (slot) => {
      const { title, tags } = table.rowAt(slot);
      seen.push(`${title} ${tags}`);
      return true;
    });
    table.begin(walk);
    walk.step(2);
    return { table, walk, seen };
  };
  const old = (ids: string) => [...ids].map((id) => `old ${id} t${id}`);

  it('shows a row that changes as it was', () => {
    const { table, walk, seen } = halfWay();
    table.put(rowOf('d', { title: 'new d' }));
    table.put(rowOf('d', { title: 'newer d' }));
    table.put(rowOf('a', { title: 'new a' }));
    walk.step(9);
    expect(seen).toEqual(old('abdce'));
  });

  it('shows a row that goes as it was', () => {
    const { table, walk, seen } = halfWay();
    table.delete('d');
    table.delete('a');
    walk.step(9);
    expect(seen).toEqual(old('abdce'));
  });

  it('shows nothing of a session that takes the place of one that went', () => {
    const { table, walk, seen } = halfWay();
    const slot = table.slotOf('d');
    table.delete('d');
    table.put(rowOf('new', { title: 'new' }));
    expect(table.slotOf('new')).toBe(slot);
    table.put(rowOf('newest', { title: 'newest' }));
    table.put(rowOf('new', { title: 'newer' }));
    walk.step(9);
    expect(seen).toEqual(old('abdce'));
  });

  it('shows a session as it was that went and came back', () => {
    const { table, walk, seen } = halfWay();
    table.delete('d');
    table.put(rowOf('d', { title: 'again d' }));
    walk.step(9);
    expect(seen).toEqual(old('abdce'));
  });

  it('shows each of several walks its own moment', () => {
    const { table, walk, seen } = halfWay();
    table.put(rowOf('d', { title: 'new d' }));
    const later: unknown[] = [];
    const second = new Walk(slotsFrom1To(5), table.slotsEnd, (slot) => {
      later.push(table.rowAt(slot).title);
      return true;
    });
    table.begin(second);
    second.step(1);
    table.put(rowOf('d', { title: 'newest d' }));
    table.delete('e');
    walk.step(9);
    second.step(9);
    expect(seen).toEqual(old('abdec'));
    expect(later).toEqual(['old a', 'new d', 'old e', 'old b', 'old c']);
  });

  it('shows nothing more once the walk has been ended', () => {
    const { table, walk, seen } = halfWay();
    table.end(walk);
    table.delete('d');
    expect(seen).toEqual(old('ab'));
  });
});
