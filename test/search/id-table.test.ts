/** Ids and their slots: found by hashes, told apart by their characters, in the order of strings. */
import { equal } from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdTable } from '../../src/search/table/id-table.ts';

const ids = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);

/** Ids that are added, and some of them taken out again; those that come back get other slots. */
const histories = fc.array(fc.record({ id: ids, isAdded: fc.boolean() }), {
  maxLength: 400,
  size: 'max',
});

const play = (history: readonly { id: string; isAdded: boolean }[]) => {
  const table = new IdTable();
  const model = new Map<string, number>();
  let slot = 0;
  for (const { id, isAdded } of history) {
    const known = model.get(id);
    if (isAdded && known === undefined) {
      model.set(id, ++slot);
      table.add(slot, id);
    } else if (!isAdded && known !== undefined) {
      model.delete(id);
      table.delete(known);
    }
  }
  return { table, model };
};

test('whatever came and went, each id has its slot and each slot its id', () => {
  fc.assert(
    fc.property(histories, ids, (history, other) => {
      const { table, model } = play(history);
      for (const [id, slot] of model) {
        equal(table.slotOf(id), slot);
        equal(table.at(slot), id);
      }
      expect(table.slotOf(other)).toBe(model.get(other) ?? 0);
      expect(table.size).toBe(model.size);
    }),
  );
});

test('slots compare as their ids do, and keys never fall along that order', () => {
  fc.assert(
    fc.property(ids, ids, (a, b) => {
      fc.pre(a !== b);
      const table = new IdTable();
      table.add(1, a);
      table.add(2, b);
      expect(Math.sign(table.compare(1, 2))).toBe(a < b ? -1 : 1);
      if (a < b) expect(table.keyOf(1)).toBeLessThanOrEqual(table.keyOf(2));
    }),
  );
});

test('many thousands, taken out and added again, take no more memory than the first time', () => {
  const table = new IdTable();
  const add = (round: number) => {
    for (let n = 1; n <= 20_000; n++) table.add(n, `round-${round}-session-${n}`);
  };
  add(0);
  const { bytes } = table;
  for (let round = 1; round < 5; round++) {
    for (let n = 1; n <= 20_000; n++) table.delete(n);
    add(round);
  }
  expect(table.slotOf('round-4-session-20000')).toBe(20_000);
  expect(table.slotOf('round-3-session-20000')).toBe(0);
  expect(table.bytes).toBeLessThan(bytes * 1.2);
});

/** FNV-1a, of which the first six bits decide in which table an id is. */
const hashOf = (id: string): number =>
  [...id].reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(0), 0x01000193), 0x811c9dc5) >>>
  0;

/** Ids of a's and b's that are in one table, many of them the beginnings of others. */
const ALIKE = Array.from({ length: 2 ** 13 }, (_, n) => (n + 2).toString(2).slice(1))
  .map((bits) => bits.replaceAll('0', 'a').replaceAll('1', 'b'))
  .filter((id) => hashOf(id) >>> 26 === 0);

test('ids that stand close together in one table are told apart, whatever came and went', () => {
  const steps = fc.array(fc.record({ id: fc.constantFrom(...ALIKE), isAdded: fc.boolean() }), {
    maxLength: 150,
    size: 'max',
  });
  fc.assert(
    fc.property(steps, (history) => {
      const { table, model } = play(history);
      for (const id of ALIKE) equal(table.slotOf(id), model.get(id) ?? 0);
    }),
  );
});

test('a table is made with its first id, and doubles before it is more than two thirds full', () => {
  const table = new IdTable();
  const grown: number[] = [];
  for (const [n, id] of ALIKE.filter((id) => id.length < 12)
    .slice(0, 12)
    .entries()) {
    const { bytes } = table;
    table.add(n + 1, id);
    grown.push(table.bytes - bytes);
  }
  // The first id also takes the first pages of the pool and of the places.
  expect(grown).toEqual([32 + 256 + 64, 0, 0, 0, 0, 32, 0, 0, 0, 0, 64, 0]);
});

test('a slot without an id has none to be asked for, and gives up nothing', () => {
  const empty = new IdTable();
  empty.delete(1);
  expect([empty.at(1), empty.lengthAt(1), empty.has(1), empty.slotOf('a')]).toEqual([
    ...['', 0, false, 0],
  ]);
  const table = new IdTable();
  table.add(1, 'ab');
  table.delete(2);
  expect([table.at(1), table.lengthAt(1), table.has(1), table.size]).toEqual(['ab', 2, true, 1]);
  table.delete(1);
  table.delete(1);
  expect([table.at(1), table.has(1), table.size]).toEqual(['', false, 0]);
});

test('a key is the first four characters, and of a shorter id no more than there are', () => {
  const table = new IdTable();
  table.add(1, 'xyz');
  table.delete(1);
  for (const [n, id] of ['ab', 'abcd', 'abcde', 'a'].entries()) table.add(n + 1, id);
  expect([1, 2, 3, 4].map((slot) => table.keyOf(slot))).toEqual([
    ...[0x61_62_00_00, 0x61_62_63_64, 0x61_62_63_64, 0x61_00_00_00],
  ]);
});

test('an id comes before those that begin with it, and stands at itself', () => {
  const table = new IdTable();
  for (const [n, id] of ['ab', 'abc', 'abd', 'b'].entries()) table.add(n + 1, id);
  const signs = (slot: number) =>
    [1, 2, 3, 4].map((other) => Math.sign(table.compare(slot, other)));
  expect([1, 2, 3, 4].map(signs)).toEqual([
    [0, -1, -1, -1],
    [1, 0, -1, -1],
    [1, 1, 0, -1],
    [1, 1, 1, 0],
  ]);
});
