/** Marks: they refuse for certain, never fall with the cost, and a walk that chooses by them meets what a plain filter keeps. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANY, bitOf, isChosen, levelOf, markOf } from '../../src/search/table/marks.ts';
import { OrderedIndex } from '../../src/search/table/ordered-index.ts';

const costs = fc.oneof(
  fc.constantFrom(-1, 0, 1, 9_999, 10_000, 5e9, 42_949e9, 1e15, Infinity, -Infinity),
  fc.double({ min: 0, max: 1e14, noNaN: true }),
);

test('a level never falls with the cost, and stays within 16 bits', () => {
  fc.assert(
    fc.property(costs, costs, (a, b) => {
      // No difference: that of two infinite costs is no number.
      expect(levelOf(Math.min(a, b))).toBeLessThanOrEqual(levelOf(Math.max(a, b)));
      expect(levelOf(a)).toBeGreaterThanOrEqual(0);
      expect(levelOf(a)).toBeLessThanOrEqual(0xffff);
    }),
    { examples: [[-Infinity, -Infinity]] },
  );
});

test('a row that costs what is asked for and has the tag is never refused', () => {
  fc.assert(
    fc.property(costs, costs, costs, fc.nat(), fc.nat(), (cost, a, b, key, other) => {
      const [min, max] = [Math.min(a, b), Math.max(a, b)];
      fc.pre(cost >= min && cost <= max);
      const mark = markOf(cost, bitOf(key) | bitOf(other));
      expect(isChosen(mark, levelOf(min), levelOf(max), bitOf(key))).toBe(true);
    }),
  );
});

test('what is dearer or cheaper by a level, or lacks the bit, is refused', () => {
  const mark = markOf(5e9, bitOf(3));
  const level = levelOf(5e9);
  expect(isChosen(mark, level, level, bitOf(3))).toBe(true);
  expect(isChosen(mark, level + 1, ANY.most, 0)).toBe(false);
  expect(isChosen(mark, ANY.least, level - 1, 0)).toBe(false);
  expect(isChosen(mark, ANY.least, ANY.most, bitOf(4))).toBe(false);
  expect(isChosen(markOf(1e15, bitOf(15)), ANY.most, ANY.most, bitOf(15))).toBe(true);
});

test('a walk by marks meets, in both directions, the items of the stretch that are chosen', () => {
  const stretches = fc.record({
    items: fc.uniqueArray(fc.integer({ min: 1, max: 50_000 }), { maxLength: 3_000, size: 'max' }),
    from: fc.nat(3_000),
    length: fc.nat(3_000),
    least: fc.nat(90),
    bits: fc.constantFrom(0, 1, 2, 3),
  });
  const mark = (item: number): number => ((((item * 7) % 100) << 16) | (item % 4)) >>> 0;
  fc.assert(
    fc.property(stretches, ({ items, from, length, least, bits }) => {
      const order = { keyOf: (n: number) => n >>> 4, compare: (a: number, b: number) => a - b };
      const index = new OrderedIndex({ ...order, markOf: mark });
      for (const item of items) index.insert(item);
      for (const item of items.slice(0, items.length / 3)) index.delete(item);
      const choice = { least, most: 95, bits };
      const expected = items
        .slice(items.length / 3)
        .sort((a, b) => a - b)
        .slice(from, from + length)
        .filter((item) => isChosen(mark(item), least, 95, bits));
      const met = { up: [] as number[], down: [] as number[] };
      index.ascend(from, from + length, (item) => met.up.push(item) > 0, choice);
      index.descend(from, from + length, (item) => met.down.push(item) > 0, choice);
      expect(met.up).toEqual(expected);
      expect(met.down).toEqual(expected.toReversed());
    }),
    { numRuns: 40 },
  );
});
