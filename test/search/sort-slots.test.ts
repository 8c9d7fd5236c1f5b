import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortedBy } from '../../src/search/table/sort-slots.ts';

/** Enough that digits decide, repeated so that many are equal; values up to those of nano-dollars. */
const values = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 2 ** 40 }),
      fc.constantFrom(0, 65_535, 65_536, Number.MAX_SAFE_INTEGER),
    ),
    { minLength: 1, maxLength: 300 },
  )
  .map((some) => Array.from({ length: 6_000 }, (_, n) => some[n % some.length] ?? 0));

const bothWays = (all: readonly number[]) => {
  const slots = Uint32Array.from(all, (_, n) => n);
  const at = (slot: number) => all[slot] ?? 0;
  return {
    sorted: [...sortedBy(slots, { at })],
    expected: [...slots].sort((a, b) => at(a) - at(b)),
  };
};

test('slots are sorted by their values, and equal ones stay in their order', () => {
  fc.assert(
    fc.property(values, (all) => {
      const { sorted, expected } = bothWays(all);
      expect(sorted).toEqual(expected);
    }),
    { numRuns: 20 },
  );
});

test('values that digits cannot be taken of are sorted too', () => {
  const all = Array.from({ length: 6_000 }, (_, n) => ((n * 7_919) % 6_000) / 3 - 1_000);
  const { sorted, expected } = bothWays(all);
  expect(sorted).toEqual(expected);
});

test.each([
  ['fractions', (n: number) => ((n * 7_919) % 6_000) / 3],
  ['whole numbers below zero', (n: number) => ((n * 7_919) % 6_000) - 3_000],
])('%s are sorted too', (_, numberAt) => {
  const { sorted, expected } = bothWays(Array.from({ length: 6_000 }, (_, n) => numberAt(n)));
  expect(sorted).toEqual(expected);
});
