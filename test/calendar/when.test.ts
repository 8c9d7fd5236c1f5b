/** When schedules are due, above all where clocks are put forward and back. */
import { describe, expect, it } from 'vitest';
import { between, mustBeWhen, next, type When } from '../../src/calendar/when.ts';

const HOUR_MS = 3_600_000;
const ms = (text: string) => Date.parse(text);
const cron = (pattern: string, timeZone = 'Europe/Berlin'): When => ({
  ...{ kind: 'cron', cron: pattern, timeZone },
});
/** Walks on from a moment, as a schedule does. */
const walk = (when: When, from: string, count: number): string[] => {
  const seen: string[] = [];
  let atMs: number | undefined = ms(from);
  while (seen.length < count && atMs !== undefined) {
    atMs = next(when, atMs);
    if (atMs !== undefined) seen.push(new Date(atMs).toISOString().slice(5, 16));
  }
  return seen;
};

describe('a pattern in a time zone', () => {
  it('keeps its hour of the day when clocks change', () => {
    expect(walk(cron('0 9 * * *'), '2026-03-28T06:00Z', 3)).toEqual([
      ...['03-28T08:00', '03-29T07:00', '03-30T07:00'],
    ]);
    expect(walk(cron('0 9 * * *'), '2026-10-24T06:00Z', 3)).toEqual([
      ...['10-24T07:00', '10-25T08:00', '10-26T08:00'],
    ]);
  });

  it('takes a time that the day does not have behind the gap, and one that it has twice once', () => {
    expect(walk(cron('30 2 * * *'), '2026-03-27T12:00Z', 3)).toEqual([
      ...['03-28T01:30', '03-29T01:00', '03-30T00:30'],
    ]);
    expect(walk(cron('30 2 * * *'), '2026-10-24T12:00Z', 2)).toEqual([
      ...['10-25T00:30', '10-26T01:30'],
    ]);
    expect(walk(cron('30 2 * * *', 'America/New_York'), '2026-03-07T12:00Z', 2)).toEqual([
      ...['03-08T07:00', '03-09T06:30'],
    ]);
  });

  it('runs in each hour of the world, also in the one that the day has twice', () => {
    for (const from of ['2026-03-28T23:00Z', '2026-10-24T23:00Z']) {
      const seen: number[] = [];
      for (let atMs = ms(from); seen.length < 12; ) {
        atMs = next(cron('*/30 * * * *'), atMs) ?? 0;
        seen.push(atMs - ms(from));
      }
      expect(seen).toEqual(seen.map((_, at) => (at + 1) * (HOUR_MS / 2)));
    }
  });
});

describe('the moments of a span', () => {
  const patterns: readonly When[] = [
    ...[cron('30 2 * * *'), cron('*/7 * * * *'), cron('15 */2 * * 1-5'), cron('*/20 * * * * *')],
    { kind: 'every', seconds: 450, fromMs: ms('2026-10-24T22:13:20Z') },
  ];

  it('are those that a walk from its beginning finds, both ends included', () => {
    for (const when of patterns)
      for (const from of ['2026-03-28T22:00Z', '2026-10-24T22:00Z']) {
        const walked: number[] = [];
        for (let atMs = next(when, ms(from) - 1); atMs !== undefined && walked.length < 60; ) {
          walked.push(atMs);
          atMs = next(when, atMs);
        }
        const last = walked.at(-1) ?? 0;
        const label = `${JSON.stringify(when)} ${from}`;
        expect(between(when, walked[0] ?? 0, last, 1_000), label).toEqual(walked);
        expect(between(when, walked[0] ?? 0, last - 1, 1_000), label).toEqual(walked.slice(0, -1));
        expect(between(when, walked[0] ?? 0, last + 999, 5), label).toEqual(walked.slice(-5));
        expect(between(when, (walked[0] ?? 0) + 1, walked[1] ?? 0, 9), label).toEqual([walked[1]]);
      }
  });

  it('of a moment are that moment or nothing', () => {
    const when: When = { kind: 'at', atMs: 1_000 };
    expect(between(when, 0, 999, 9)).toEqual([]);
    expect(between(when, 0, 1_000, 9)).toEqual([1_000]);
    expect(next(when, 999)).toBe(1_000);
    expect(next(when, 1_000)).toBeUndefined();
  });
});

describe('what cannot be read', () => {
  it.each([
    ['61 * * * *', 'UTC', 'cron'],
    ['@daily', 'UTC', 'cron'],
    ['* * *', 'UTC', 'cron'],
    ['0 0 30 2 *', 'UTC', 'cron'],
    ['* * * * *', 'Mars/Base', 'timeZone'],
  ])('%s in %s is refused and says which field, in words of ours', (pattern, timeZone, field) => {
    const message = expect.not.stringContaining('CronPattern');
    expect(() => mustBeWhen(cron(pattern, timeZone), 0)).toThrow(
      expect.objectContaining({ code: 'invalid_settings', message, details: { field } }),
    );
  });
});
