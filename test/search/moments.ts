/** Moments at which a day, a week or a month ends in one zone and not in the other, with their names, written by hand. */
import type { Period } from '../../src/model/words.ts';

type Names = Readonly<Record<Period, string>>;
export const ZONES = ['UTC', 'Europe/Berlin'] as const;
export type Zone = (typeof ZONES)[number];

const names = (day: string, week: string): Names => ({ day, week, month: day.slice(0, 7) });

const TABLE: readonly (readonly [at: string, utc: Names, berlin: Names])[] = [
  ['2020-12-31T22:59:59.999Z', names('2020-12-31', '2020-W53'), names('2020-12-31', '2020-W53')],
  // There the new year has begun, within the same week.
  ['2020-12-31T23:00:00.000Z', names('2020-12-31', '2020-W53'), names('2021-01-01', '2020-W53')],
  // A day of 23 hours, a Sunday: from its first moment to its last.
  ['2021-03-27T23:00:00.000Z', names('2021-03-27', '2021-W12'), names('2021-03-28', '2021-W12')],
  ['2021-03-28T21:59:59.999Z', names('2021-03-28', '2021-W12'), names('2021-03-28', '2021-W12')],
  ['2021-03-28T22:00:00.000Z', names('2021-03-28', '2021-W12'), names('2021-03-29', '2021-W13')],
  // The end of a day of 25 hours, of its week and of its month.
  ['2021-10-31T22:59:59.999Z', names('2021-10-31', '2021-W43'), names('2021-10-31', '2021-W43')],
  ['2021-10-31T23:00:00.000Z', names('2021-10-31', '2021-W43'), names('2021-11-01', '2021-W44')],
];

/** Rising. */
export const MOMENTS: readonly number[] = TABLE.map(([at]) => Date.parse(at));

const byMoment = new Map(
  TABLE.map(([at, utc, berlin]) => [Date.parse(at), { UTC: utc, 'Europe/Berlin': berlin }]),
);

/** What the period is called that one of these moments is in. */
export const nameOf = (period: Period, ms: number, zone: Zone): string => {
  const known = byMoment.get(ms);
  if (known === undefined) throw new Error(`${ms} is none of these moments`);
  return known[zone][period];
};
