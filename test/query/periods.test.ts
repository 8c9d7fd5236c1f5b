/** Days, weeks and months by their names, in several zones. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { PERIODS } from '../../src/model/words.ts';
import { periodsIn } from '../../src/query/periods.ts';
import { MOMENTS, nameOf, ZONES } from '../search/moments.ts';
import { rounds } from '../support/rounds.ts';

const at = (text: string) => Date.parse(text);

describe('a week', () => {
  it.each([
    ['2020-12-27', '2020-W52'],
    ['2020-12-28', '2020-W53'],
    ['2020-12-31', '2020-W53'],
    ['2021-01-01', '2020-W53'],
    ['2021-01-03', '2020-W53'],
    ['2021-01-04', '2021-W01'],
    ['2024-12-29', '2024-W52'],
    ['2024-12-30', '2025-W01'],
    ['2025-01-01', '2025-W01'],
    ['2023-01-01', '2022-W52'],
    ['2027-01-03', '2026-W53'],
    ['2026-11-29', '2026-W48'],
    ['2026-11-30', '2026-W49'],
    ['1970-01-01', '1970-W01'],
    ['2099-12-31', '2099-W53'],
    ['0050-01-02', '0049-W52'], // not of the last century
    ['0050-06-01', '0050-W22'],
    ['0001-01-01', '0001-W01'],
    ['-000001-12-31', '-000001-W52'],
    ['+012026-06-01', '+012026-W23'],
  ])('of %s is %s, from the first of its moments to the last', (day, week) => {
    const weekOf = periodsIn('week');
    expect(weekOf(at(`${day}T00:00:00.000Z`))).toBe(week);
    expect(weekOf(at(`${day}T23:59:59.999Z`))).toBe(week);
  });
});

describe('a day', () => {
  it.each([
    ['Europe/Berlin', '2026-03-28T22:59:59.999Z', '2026-03-28'],
    ['Europe/Berlin', '2026-03-28T23:00:00.000Z', '2026-03-29'], // in winter
    ['Europe/Berlin', '2026-03-29T21:59:59.999Z', '2026-03-29'],
    ['Europe/Berlin', '2026-03-29T22:00:00.000Z', '2026-03-30'], // in summer
    ['Europe/Berlin', '2026-10-25T22:59:59.999Z', '2026-10-25'],
    ['Europe/Berlin', '2026-10-25T23:00:00.000Z', '2026-10-26'],
    ['Asia/Kathmandu', '2026-11-28T18:14:59.999Z', '2026-11-28'], // 5:45 before UTC
    ['Asia/Kathmandu', '2026-11-28T18:15:00.000Z', '2026-11-29'],
    ['Pacific/Chatham', '2026-06-30T11:14:59.999Z', '2026-06-30'], // 12:45
    ['Pacific/Chatham', '2026-06-30T11:15:00.000Z', '2026-07-01'],
    ['America/St_Johns', '2026-11-29T03:29:59.999Z', '2026-11-28'], // 3:30 behind
    ['America/St_Johns', '2026-11-29T03:30:00.000Z', '2026-11-29'],
    ['Africa/Cairo', '2026-04-23T21:59:59.999Z', '2026-04-23'],
    ['Africa/Cairo', '2026-04-23T22:00:00.000Z', '2026-04-24'], // it begins at one o'clock
  ])('in %s at %s is %s', (zone, moment, day) => {
    const dayOf = periodsIn('day', zone);
    expect(dayOf(at(moment))).toBe(day);
    expect(dayOf(at(moment))).toBe(day); // asked again, too
  });

  it('is UTC where no zone is given', () => {
    expect(periodsIn('day')(at('2026-11-28T23:59:59.999Z'))).toBe('2026-11-28');
  });
});

test('a month is the one that its day is in', () => {
  const monthOf = periodsIn('month', 'Europe/Berlin');
  expect(monthOf(at('2026-10-31T22:59:59.999Z'))).toBe('2026-10');
  expect(monthOf(at('2026-10-31T23:00:00.000Z'))).toBe('2026-11');
});

test.each(ZONES)('the moments of the table have the names that stand there: %s', (zone) => {
  for (const period of PERIODS) {
    const labelOf = periodsIn(period, zone);
    expect(MOMENTS.map(labelOf)).toEqual(MOMENTS.map((ms) => nameOf(period, ms, zone)));
  }
});

test('a day has the name that a clock there shows, in any zone, whatever was asked before', () => {
  const zones = [
    ...['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns'],
    ...['Pacific/Kiritimati', 'Pacific/Chatham', 'America/New_York', 'Africa/Casablanca'],
  ];
  // Many of a few hours, so that names are found again.
  const near = fc.tuple(
    fc.constantFrom('2026-03-28T22:00Z', '2026-10-25T00:00Z', '2026-11-01T04:00Z', '2027-01-01Z'),
    fc.integer({ min: -14 * 3_600_000, max: 14 * 3_600_000 }),
  );
  const moments = near.map(([text, by]) => at(text) + by);
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.array(moments, { maxLength: 20 }), (zone, all) => {
      const dayOf = periodsIn('day', zone);
      const shown = (ms: number) => new Date(ms).toLocaleDateString('sv-SE', { timeZone: zone });
      expect(all.map(dayOf)).toEqual(all.map(shown));
    }),
    { numRuns: rounds(200) },
  );
});
