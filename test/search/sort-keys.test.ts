/** Keys of the orders: they never fall along the order, stay within 32 bits, and tell apart what is common. */
import { expect, test } from 'vitest';
import { IdTable } from '../../src/search/table/id-table.ts';
import { costKeys, timeKeys, turnsKeys } from '../../src/search/table/sort-keys.ts';

const LARGEST = 0xffff_ffff;
const ids = (): IdTable => {
  const table = new IdTable();
  table.add(1, 'aaaa');
  table.add(2, 'zzzz');
  return table;
};

test('a moment counts by its seconds, from the beginning to the year 2106', () => {
  expect([-5, 0, 999, 1_000, 61_999].map((ms) => timeKeys.of(ms, 1))).toEqual([0, 0, 0, 1, 61]);
  expect(timeKeys.of(LARGEST * 1_000, 1)).toBe(LARGEST);
  expect(timeKeys.of(LARGEST * 1_000 + 5_000, 1)).toBe(LARGEST);
});

test('of what cost nothing the beginning of the id decides, and all of it comes before what cost something', () => {
  const key = costKeys(ids()).of;
  expect(key(0, 1)).toBeLessThan(key(0, 2));
  expect(key(0, 1)).toBe(0x61616161 >>> 12);
  expect(key(0, 2)).toBeLessThan(key(1, 1));
  expect(key(-1, 2)).toBe(0);
});

test('money counts in steps of a thousandth of a cent, up to the most', () => {
  const key = costKeys(ids()).of;
  expect(key(9_999, 1)).toBe(2 ** 20);
  expect(key(10_000, 1)).toBe(2 ** 20 + 1);
  expect(key(25_000, 1)).toBe(2 ** 20 + 2);
  expect(key(1e15, 1)).toBe(LARGEST);
});

test('of sessions with as many turns the beginning of the id decides', () => {
  const key = turnsKeys(ids()).of;
  expect(key(3, 1)).toBe(3 * 2 ** 20 + (0x61616161 >>> 12));
  expect(key(3, 1)).toBeLessThan(key(3, 2));
  expect(key(3, 2)).toBeLessThan(key(4, 1));
  expect(key(4_094, 2)).toBeLessThan(LARGEST);
  expect(key(4_095, 1)).toBeLessThanOrEqual(LARGEST);
  expect(key(5_000, 1)).toBe(LARGEST);
});
