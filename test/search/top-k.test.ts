/** The first few of many, in an order: what a page is made of where rows are gathered. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TopK } from '../../src/search/top-k.ts';

const ascending = (a: number, b: number) => a - b;

const firstOf = (limit: number, items: readonly number[]): number[] => {
  const best = new TopK<number>(limit, ascending);
  for (const item of items) best.add(item);
  return best.sorted();
};

test('of many items the first few are kept, in their order, whichever way they come', () => {
  const items = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 30 }), (all, limit) => {
      expect(firstOf(limit, all)).toEqual(all.toSorted(ascending).slice(0, limit));
    }),
  );
});

test('falling, rising and shuffled items give the same', () => {
  const rising = Array.from({ length: 100 }, (_, n) => n + 1);
  const shuffled = rising.map((n) => (n * 37) % 101 || 101);
  for (const items of [rising, rising.toReversed(), shuffled])
    expect(firstOf(12, items)).toEqual(rising.slice(0, 12));
});

test('an item that is no better than the last one kept takes no place', () => {
  let compared = 0;
  const best = new TopK<number>(3, (a, b) => {
    compared += 1;
    return a - b;
  });
  for (const item of [1, 2, 3]) best.add(item);
  compared = 0;
  for (const item of [4, 5, 6]) best.add(item);
  expect(compared).toBe(3);
  expect(best.sorted()).toEqual([1, 2, 3]);
});

test('an item would be kept while there is room, and then in front of the last one kept', () => {
  const best = new TopK<number>(2, ascending);
  best.add(5);
  expect(best.wants(9)).toBe(true);
  best.add(3);
  expect([2, 4, 5, 6].map((item) => best.wants(item))).toEqual([true, true, false, false]);
});

test('of items that are equal those that came first are kept', () => {
  const best = new TopK<{ n: number; name: string }, { n: number }>(1, (a, b) => a.n - b.n);
  for (const name of ['first', 'second']) best.add({ n: 1, name });
  expect(best.sorted()).toEqual([{ n: 1, name: 'first' }]);
  expect([best.wants({ n: 1 }), best.wants({ n: 0 })]).toEqual([false, true]);
});

test('nothing but items is compared, however many are kept', () => {
  const strict = (a: number | undefined, b: number | undefined): number => {
    if (a === undefined || b === undefined) throw new Error('no item');
    return a - b;
  };
  for (let limit = 1; limit <= 8; limit += 1) {
    const best = new TopK<number>(limit, strict);
    for (let item = 20; item > 0; item -= 1) best.add(item);
    expect(best.sorted()).toEqual(Array.from({ length: limit }, (_, n) => n + 1));
  }
});
