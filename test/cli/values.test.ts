import { expect, test } from 'vitest';
import { parseCount, parseDays, parseMoment, parseMoney } from '../../src/cli/values.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
const moment = parseMoment(() => NOW_MS);

test('a date is its beginning in UTC', () => {
  expect(moment('2026-11-20')).toBe('2026-11-20T00:00:00.000Z');
});

test('a time of RFC 3339 keeps its zone', () => {
  expect(moment('2026-11-20T08:00:00+02:00')).toBe('2026-11-20T06:00:00.000Z');
});

test.each([
  ['7d', '2026-11-14T12:00:00.000Z'],
  ['12h', '2026-11-21T00:00:00.000Z'],
  ['90m', '2026-11-21T10:30:00.000Z'],
  ['7d ago', '2026-11-14T12:00:00.000Z'],
  ['3 days ago', '2026-11-18T12:00:00.000Z'],
  ['1 hour ago', '2026-11-21T11:00:00.000Z'],
  ['90 minutes ago', '2026-11-21T10:30:00.000Z'],
  ['1.5 weeks ago', '2026-11-11T00:00:00.000Z'],
])('%s means that long ago', (text, at) => {
  expect(moment(text)).toBe(at);
});

test('today and yesterday are their beginning on the clock of this machine', () => {
  const here = new Date(NOW_MS);
  const beginning = (daysBack: number) =>
    new Date(here.getFullYear(), here.getMonth(), here.getDate() - daysBack).toISOString();
  expect([moment('today'), moment('yesterday')]).toEqual([beginning(0), beginning(1)]);
});

test.each([
  'tomorrow',
  '3 months ago',
  '3 days',
  'days ago',
  '2026-13-01',
  '2026-02-30',
  '7',
  '2026',
  '',
  '-7d',
  '99999999999d',
])('%j is no moment', (text) => {
  expect(() => moment(text)).toThrow(/Write a date such as 2026-11-20/);
});

test('spans are read in days', () => {
  expect([parseDays('30d'), parseDays('12h'), parseDays('2w')]).toEqual([30, 0.5, 14]);
  expect(() => parseDays('30')).toThrow(/such as 30d/);
});

test('money may carry its sign', () => {
  expect([parseMoney('0.5'), parseMoney('$12')]).toEqual([0.5, 12]);
  expect(() => parseMoney('-1')).toThrow(/dollars/);
});

test('counts begin with one', () => {
  expect(parseCount('7')).toBe(7);
  expect(() => parseCount('0')).toThrow(/whole number/);
  expect(() => parseCount('1e3')).toThrow(/whole number/);
});
