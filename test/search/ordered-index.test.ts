import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderedIndex } from '../../src/search/table/ordered-index.ts';
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
});

test('chunks that ran empty give their memory back', () => {
  const items = Array.from({ length: 20_000 }, (_, n) => n + 1);
  const index = indexOf(items);
  const full = index.bytes;
  for (const item of items) if (item % 100 !== 0) index.delete(item);
  expect(index.bytes).toBeLessThan(full / 20);
});
