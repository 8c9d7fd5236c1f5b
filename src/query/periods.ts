/** Days, weeks and months as people name them, in a time zone: what sums over time are told by. */
import type { Period } from '../model/words.ts';
import { offsetMs, UTC, zoneNamed } from './moments.ts';

const DAY_MS = 86_400_000;

/**
 * Names the period that a moment is in: `2026-11-20`, `2026-W47` (a week of ISO 8601 begins on Monday), `2026-11`.
 *
 * To ask the calendar costs microseconds, so it is asked at the ends of days in UTC: where the zone is as far from UTC at
 * both, it is so between them. On the few days on which that changes, each moment is asked.
 *
 * @param timeZone a name that is known here; default UTC
 */
export const periodsIn = (period: Period, timeZone?: string): ((ms: number) => string) => {
  const zone = (timeZone === undefined ? undefined : zoneNamed(timeZone)) ?? UTC;
  /** By the day since 1970; undefined: it changes. */
  const offsets = new Map<number, number | undefined>();
  const labels = new Map<number, string>();
  const offsetAt = (ms: number): number => {
    const day = Math.floor(ms / DAY_MS);
    if (!offsets.has(day)) {
      const first = offsetMs(day * DAY_MS, zone);
      offsets.set(day, offsetMs((day + 1) * DAY_MS, zone) === first ? first : undefined);
    }
    return offsets.get(day) ?? offsetMs(ms, zone);
  };
  return (ms) => {
    const day = Math.floor((ms + offsetAt(ms)) / DAY_MS);
    const label = labels.get(day) ?? labelOf(period, new Date(day * DAY_MS).toISOString());
    labels.set(day, label);
    return label;
  };
};

const labelOf = (period: Period, iso: string): string => {
  const day = iso.slice(0, iso.indexOf('T'));
  if (period === 'day') return day;
  return period === 'month' ? day.slice(0, -3) : weekOf(day);
};

/** A week belongs to the year that its Thursday is in. */
const weekOf = (day: string): string => {
  const ms = Date.parse(`${day}T00:00:00Z`);
  const weekday = (new Date(ms).getUTCDay() + 6) % 7; // 0: Monday
  const thursday = new Date(ms + (3 - weekday) * DAY_MS);
  const year = thursday.toISOString().slice(0, -'-01-01T00:00:00.000Z'.length);
  const firstMs = Date.parse(`${year}-01-01T00:00:00Z`); // `Date.UTC` takes the year 50 for 1950
  const week = 1 + Math.floor((thursday.getTime() - firstMs) / (7 * DAY_MS));
  return `${year}-W${String(week).padStart(2, '0')}`;
};
