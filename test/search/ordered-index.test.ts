/** Items in their order, in chunks: where each is, what a walk visits, and what the chunks weigh. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANY, markOf } from '../../src/search/table/marks.ts';
import { alphabeticalOrder, OrderedIndex } from '../../src/search/table/ordered-index.ts';
import { rounds } from '../support/rounds.ts';

const ascending = (a: number, b: number) => a - b;
const indexOf = (items: Iterable<number>): OrderedIndex => {
  const index = new OrderedIndex({ keyOf: (item) => item >>> 4, compare: ascending });
  for (const item of items) index.insert(item);
  return index;
};

const slice = (index: OrderedIndex, from: number, to: number, isDescending = false): number[] => {
  const items: number[] = [];
  const visit = (item: number) => items.push(item) > 0;
  if (isDescending) index.descend(from, to, visit);
  else index.ascend(from, to, visit);
  return items;
};

/** Many more than a chunk holds, first in, then partly out. */
const histories = fc.record({
  added: fc.uniqueArray(fc.integer({ min: 1, max: 100_000 }), { maxLength: 5_000, size: 'max' }),
  keepEvery: fc.integer({ min: 1, max: 40 }),
  from: fc.integer({ min: 0, max: 5_000 }),
  length: fc.integer({ min: 0, max: 2_000 }),
});

test('whatever was added and removed, the items stand in order, both ways', () => {
  fc.assert(
    fc.property(histories, ({ added, keepEvery, from, length }) => {
      const index = indexOf(added);
      for (const [n, item] of added.entries()) if (n % keepEvery !== 0) index.delete(item);
      const kept = added.filter((_, n) => n % keepEvery === 0).sort(ascending);
      const expected = kept.slice(from, from + length);
      expect(index.size).toBe(kept.length);
      expect(slice(index, from, from + length)).toEqual(expected);
      expect(slice(index, from, from + length, true)).toEqual(expected.toReversed());
    }),
    { numRuns: rounds(60) },
  );
});

test('the rank of a place is the number of items before it', () => {
  const index = indexOf(Array.from({ length: 3_000 }, (_, n) => ((n * 7) % 3_000) + 1));
  expect(index.rank((item) => item >= 1)).toBe(0);
  expect(index.rank((item) => item > 1_234)).toBe(1_234);
  expect(index.rank(() => false)).toBe(3_000);
});

test('a walk ends when the visitor has enough', () => {
  const index = indexOf([5, 1, 3]);
  const seen: number[] = [];
  index.descend(0, 3, (item) => seen.push(item) < 2);
  expect(seen).toEqual([5, 3]);
});

test('removing what is not there changes nothing', () => {
  const index = indexOf([1, 3]);
  index.delete(2);
  index.delete(4);
  expect(slice(index, 0, 2)).toEqual([1, 3]);
  for (const item of [3, 3, 1, 1]) index.delete(item);
  expect([index.size, slice(index, 0, 2)]).toEqual([0, []]);
  index.insert(2);
  expect([index.size, slice(index, 0, 2)]).toEqual([1, [2]]);
});

test('chunks that ran empty give their memory back', () => {
  const items = Array.from({ length: 20_000 }, (_, n) => n + 1);
  const index = indexOf(items);
  const full = index.bytes;
  for (const item of items) if (item % 100 !== 0) index.delete(item);
  expect(index.bytes).toBeLessThan(full / 20);
});

test('ranks and walks between any two changes see what is there', () => {
  const step = fc.record({ item: fc.integer({ min: 1, max: 3_000 }), isIn: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), fc.nat(2_500), (steps, from) => {
      const index = indexOf(Array.from({ length: 2_000 }, (_, n) => n + 1));
      const items = new Set(Array.from({ length: 2_000 }, (_, n) => n + 1));
      for (const { item, isIn } of steps) {
        if (isIn && !items.has(item)) index.insert(item);
        if (!isIn) index.delete(item);
        if (isIn) items.add(item);
        else items.delete(item);
        const all = [...items].sort(ascending);
        expect(index.rank((other) => other >= item)).toBe(all.filter((one) => one < item).length);
        expect(slice(index, from, from + 3)).toEqual(all.slice(from, from + 3));
        expect(slice(index, from, from + 3, true)).toEqual(all.slice(from, from + 3).toReversed());
      }
    }),
    { numRuns: rounds(20) },
  );
});

const EMPTY = 200;
const CHUNK = 200;
/** An item and its key. */
const ENTRY = 8;

test('a chunk begins small and doubles; a full one at the end is left as it is', () => {
  const weights = (count: number) => indexOf(Array.from({ length: count }, (_, n) => n + 1)).bytes;
  expect(weights(0)).toBe(EMPTY);
  expect([1, 4].map(weights)).toEqual([EMPTY + CHUNK + 4 * ENTRY, EMPTY + CHUNK + 4 * ENTRY]);
  expect([5, 8].map(weights)).toEqual([EMPTY + CHUNK + 8 * ENTRY, EMPTY + CHUNK + 8 * ENTRY]);
  expect(weights(9)).toBe(EMPTY + CHUNK + 16 * ENTRY);
  expect(weights(512)).toBe(EMPTY + CHUNK + 512 * ENTRY);
  expect([513, 1_024].map(weights)).toEqual([
    EMPTY + 2 * (CHUNK + 512 * ENTRY),
    EMPTY + 2 * (CHUNK + 512 * ENTRY),
  ]);
  expect(weights(1_025)).toBe(EMPTY + 3 * (CHUNK + 512 * ENTRY));
});

test('a full chunk elsewhere is cut in two halves, which have room for more', () => {
  const index = indexOf(Array.from({ length: 512 }, (_, n) => 2 * n + 2));
  index.insert(1);
  const two = EMPTY + 2 * (CHUNK + 512 * ENTRY);
  expect(index.bytes).toBe(two);
  for (let n = 1; n < 256; n += 1) index.insert(2 * n + 1);
  expect(index.bytes).toBe(two);
  expect(index.size).toBe(768);
  index.insert(513);
  index.insert(515);
  expect(slice(index, 0, 4)).toEqual([1, 2, 3, 4]);
  expect(slice(index, 509, 517)).toEqual([510, 511, 512, 513, 514, 515, 516, 518]);
});

test('an entry with a mark takes half as much again, and a walk passes by those that are not chosen', () => {
  const index = new OrderedIndex({
    keyOf: (item) => item,
    compare: ascending,
    markOf: (item) => markOf(0, item % 2),
  });
  for (const item of [4, 1, 3, 2]) index.insert(item);
  expect(index.bytes).toBe(EMPTY + CHUNK + 4 * 12);
  const [up, down]: [number[], number[]] = [[], []];
  const choice = { ...ANY, bits: 1 };
  index.ascend(0, 4, (item) => up.push(item) > 0, choice);
  index.descend(0, 4, (item) => down.push(item) > 0, choice);
  expect([up, down, slice(index, 0, 4)]).toEqual([
    [1, 3],
    [3, 1],
    [1, 2, 3, 4],
  ]);
});

test('two chunks become one when both together fill no more than half of one', () => {
  const items = Array.from({ length: 1_024 }, (_, n) => n + 1);
  const left = (kept: number, all = items) => {
    const index = indexOf(items);
    for (const item of all) if ((item - 1) % 512 >= kept) index.delete(item);
    expect(slice(index, 0, 2 * kept)).toEqual(items.filter((item) => (item - 1) % 512 < kept));
    return index.bytes;
  };
  expect(left(129)).toBe(EMPTY + 2 * (CHUNK + 512 * ENTRY));
  expect(left(128)).toBe(EMPTY + CHUNK + 512 * ENTRY);
  expect(left(128, items.toReversed())).toBe(EMPTY + CHUNK + 512 * ENTRY);
});

test('only items with keys that may be either are asked whether they are reached', () => {
  const index = indexOf(Array.from({ length: 2_000 }, (_, n) => n + 1)); // 16 have one key
  const asked: number[] = [];
  const reached = (item: number) => {
    asked.push(item >>> 4);
    return item >= 805;
  };
  expect(index.rank(reached, { least: 50, most: 50 })).toBe(804);
  expect(new Set(asked)).toEqual(new Set([50]));
  asked.length = 0;
  expect(index.rank(reached, { least: 49, most: 51 })).toBe(804);
  expect(index.rank(() => true, { least: 999, most: 999 })).toBe(2_000);
  expect(index.rank(() => false, { least: 0, most: 9 })).toBe(159);
});

test('items outside of a stretch are not visited, nor is anything in an empty one', () => {
  const index = indexOf(Array.from({ length: 1_100 }, (_, n) => n + 1));
  expect(slice(index, 511, 513)).toEqual([512, 513]);
  expect(slice(index, 511, 513, true)).toEqual([513, 512]);
  for (const [from, to] of [
    [5, 5],
    [7, 3],
    [1_100, 2_000],
    [2_000, 3_000],
    [0, 0],
  ] as const) {
    expect(slice(index, from, to)).toEqual([]);
    expect(slice(index, from, to, true)).toEqual([]);
  }
  expect(slice(indexOf([]), 0, 9)).toEqual([]);
  expect(slice(indexOf([]), 0, 9, true)).toEqual([]);
});

test('texts are in the order of their units, and their keys are the first two', () => {
  const texts = ['', 'a', 'a\u0000', 'ab', 'b', '\uffff\uffff'];
  const order = alphabeticalOrder((item) => texts[item] ?? '');
  const keys = texts.map((_, item) => order.keyOf(item));
  expect(keys).toEqual([0, 0x61_0000, 0x61_0000, 0x61_0062, 0x62_0000, 0xffff_ffff]);
  for (const a of texts.keys())
    for (const b of texts.keys()) expect(order.compare(a, b)).toBe(Math.sign(a - b));
  const index = new OrderedIndex(order);
  for (const item of [3, 1, 5, 0, 2, 4]) index.insert(item);
  const seen: number[] = [];
  index.each((item) => seen.push(item));
  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
});

test('what becomes the last is compared with the last alone, and only where keys are equal', () => {
  let compared = 0;
  const index = new OrderedIndex({
    keyOf: (item) => item >>> 10,
    compare: (a, b) => {
      compared += 1;
      return a - b;
    },
  });
  for (let item = 0; item < 100; item += 1) index.insert(item << 10);
  expect(compared).toBe(0);
  for (let item = 1; item <= 100; item += 1) index.insert((99 << 10) + item);
  expect(compared).toBe(100);
});
