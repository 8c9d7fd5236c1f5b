import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Criteria } from '../../src/model/criteria.ts';
import { iso, LastMoment, momentMs } from '../../src/model/moment.ts';

test.each([
  ['2026-11-20', Date.UTC(2026, 10, 20)],
  ['2024-02-29', Date.UTC(2024, 1, 29)],
  ['2026-11-20T08:00:00Z', Date.UTC(2026, 10, 20, 8)],
  ['2026-11-20T08:00:00.5+02:00', Date.UTC(2026, 10, 20, 6, 0, 0, 500)],
])('%s is a moment', (text, ms) => {
  expect(momentMs(text)).toBe(ms);
});

test.each([
  '2026-02-30',
  '2026-02-30T08:00:00Z',
  '2025-02-29',
  '2026-13-01',
  '2026-11-20T25:00:00Z',
  '2026-11-20T08:00:00',
  'release 5',
  '2026',
  '',
])('%j is no moment', (text) => {
  expect(momentMs(text)).toBeUndefined();
});

test('each moment is written as itself, however often it is asked for', () => {
  const last = new LastMoment();
  for (const ms of [0, 5, 5, 0, Date.UTC(2026, 10, 20), 5]) {
    expect(momentMs(iso(ms))).toBe(ms);
    expect(last.iso(ms)).toBe(iso(ms));
  }
  expect(() => iso(Number.NaN)).toThrow(RangeError);
});

test('a moment is written as the platform writes it, in any century', () => {
  const edges = [
    -1, -0.5, 0, 0.9, 86_399_999.9, 86_400_000, 253_402_300_799_999, 253_402_300_800_000,
  ];
  for (const ms of edges) expect(iso(ms)).toBe(new Date(ms).toISOString());
  const moments = fc.oneof(
    fc.integer({ min: -8.64e15, max: 8.64e15 }),
    fc.integer({ min: 0, max: 4e12 }),
    fc.double({ min: 0, max: 4e12, noNaN: true }),
  );
  fc.assert(fc.property(moments, (ms) => iso(ms) === new Date(ms).toISOString()));
});

test('a criterion that is no moment says what would be one', () => {
  const { error } = Criteria.safeParse({ createdAfter: '2026-02-30' });
  expect(error?.issues[0]?.message).toBe('is no date: use 2026-11-20 or RFC 3339');
});
