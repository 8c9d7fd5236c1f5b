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
