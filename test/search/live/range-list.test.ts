/** Ranges of numbers: those that a value lies in are found, and no others. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RangeList } from '../../../src/search/live/range-list.ts';

const value = fc.integer({ min: -4, max: 4 });
const range = fc.record({
  min: fc.oneof(value, fc.constant(-Infinity)),
  max: fc.oneof(value, fc.constant(Infinity)),
});

const listOf = (ranges: readonly { min: number; max: number }[]): RangeList<number> => {
  const list = new RangeList<number>();
  for (const [at, each] of ranges.entries()) list.add(at, { valueIn: () => 0, ...each });
  return list;
};

const found = (list: RangeList<number>, one: number, other: number): number[] => {
  const all: number[] = [];
  list.eachOfEither(one, other, (at) => all.push(at));
  return all.sort((a, b) => a - b);
};

test('exactly those are found, once each, that one of two values lies in', () => {
  fc.assert(
    fc.property(fc.array(range), value, value, value, (ranges, one, other, gone) => {
      const list = listOf(ranges);
      list.delete(gone);
      const wanted = ranges.flatMap(({ min, max }, at) =>
        at !== gone && [one, other].some((each) => each >= min && each <= max) ? [at] : [],
      );
      expect(found(list, one, other)).toEqual(wanted);
      for (const at of ranges.keys()) list.delete(at);
      expect(list.size).toBe(0);
    }),
  );
});

test('a value that has passed none of a thousand open ranges is compared with the first alone', () => {
  let looks = 0;
  const counted = (at: number) => ({
    valueIn: () => 0,
    max: Infinity,
    get min() {
      looks += 1;
      return 100 + at;
    },
  });
  const list = new RangeList<number>();
  for (let at = 0; at < 1_000; at += 1) list.add(at, counted(at));
  looks = 0;
  expect(found(list, 7, 8)).toEqual([]);
  expect(looks).toBe(1);
});

test('a value that has passed all of a thousand ranges without a beginning is compared with the first alone', () => {
  let looks = 0;
  const list = new RangeList<number>();
  for (let at = 0; at < 1_000; at += 1)
    list.add(at, {
      valueIn: () => 0,
      min: -Infinity,
      get max() {
        looks += 1;
        return at;
      },
    });
  looks = 0;
  expect(found(list, 1_007, 1_008)).toEqual([]);
  expect(looks).toBe(1);
});

test('ranges of either kind are counted together', () => {
  const open = { min: -Infinity, max: 1 };
  expect(listOf([open, open, { min: 0, max: 1 }]).size).toBe(3);
});
