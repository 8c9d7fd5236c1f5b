import { expect, test } from 'vitest';
import { ago, bytes, facts, money, span } from '../../src/cli/format.ts';

test('money shows cents, and fractions of them below a dollar', () => {
  expect([money(0), money(0.0123), money(12.345)]).toEqual(['$0', '$0.0123', '$12.35']);
});

test('a cost that is not known whole says at least how much', () => {
  expect([money(null), money(null, 2.5)]).toEqual(['?', '>$2.50']);
});

test('sizes and spans take the largest unit that fits', () => {
  expect([bytes(0), bytes(999), bytes(1_234_000), bytes(85e9)]).toEqual([
    '0 B',
    '999 B',
    '1.2 MB',
    '85.0 GB',
  ]);
  expect([span(500), span(90_000), span(26 * 3_600_000)]).toEqual(['500 ms', '1 min', '1 d']);
});

test('nested facts are named by their path, absent ones left out', () => {
  expect(facts({ pid: 7, store: { kind: 'lmdb', path: null }, tags: [] })).toBe(
    'pid         7\nstore.kind  lmdb\n',
  );
});

test('ages are counted from now, and what just was is now', () => {
  const nowMs = Date.parse('2026-11-21T12:00:00Z');
  expect(ago('2026-11-21T09:00:00Z', nowMs)).toBe('3 h ago');
  expect([ago('2026-11-21T11:59:59.500Z', nowMs), ago('2026-11-21T12:00:01Z', nowMs)]).toEqual([
    'now',
    'now',
  ]);
});
