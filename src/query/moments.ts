/**
 * Times as people write them in a query: `7d` (so long ago), `today`, `2026-11`, `2026-11-20`, or RFC 3339. All but a
 * span and RFC 3339 are stretches of whole days, in the time zone of whoever asks.
 */
import { momentMs } from '../model/moment.ts';

/** When a query is asked, and where. */
export interface AskedAt {
  readonly nowMs: number;
  readonly zone: Zone;
}

/** The calendar of a time zone. To make one takes as long as many searches, so a query has one for all its times. */
export interface Zone {
  /** What its clocks show at a moment, in milliseconds since 1970. */
  calendarOf(ms: number): Calendar;
}

const FIELDS = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;
type Calendar = Readonly<Record<(typeof FIELDS)[number], number>>;

/** Both ends belong to it; milliseconds since 1970. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const UNITS = { s: 1_000, m: 60_000, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS } as const;
const SPAN = /^(\d{1,6}(?:\.\d+)?)([smhdw])$/;
const MONTH = /^(\d{4})-(\d{2})$/;
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

export const isSpan = (text: string): boolean => SPAN.test(text);

/** undefined for what is no time. */
export const stretchOf = (text: string, { nowMs, zone }: AskedAt): Stretch | undefined => {
  const [, number, unit] = SPAN.exec(text) ?? [];
  if (unit !== undefined)
    return pointAt(nowMs - Number(number) * UNITS[unit as keyof typeof UNITS]);
  if (text === 'today' || text === 'yesterday') {
    const { year, month, day } = zone.calendarOf(nowMs);
    return days(zone, [year, month, day - (text === 'today' ? 0 : 1)], 1);
  }
  const [, year, month] = MONTH.exec(text) ?? [];
  if (month !== undefined) return monthOf(Number(year), Number(month), zone);
  const [isDay, y, m, d] = DAY.exec(text) ?? [];
  const ms = momentMs(text);
  if (ms === undefined) return undefined;
  return isDay === undefined ? pointAt(ms) : days(zone, [Number(y), Number(m), Number(d)], 1);
};

const pointAt = (ms: number): Stretch => ({ fromMs: Math.round(ms), toMs: Math.round(ms) });

const monthOf = (year: number, month: number, zone: Zone): Stretch | undefined =>
  month < 1 || month > 12
    ? undefined
    : {
        fromMs: startOf(zone, year, month, 1),
        toMs: startOf(zone, year, month + 1, 1) - 1,
      };

const days = (
  zone: Zone,
  [year, month, day]: readonly [number, number, number],
  count: number,
): Stretch => ({
  fromMs: startOf(zone, year, month, day),
  toMs: startOf(zone, year, month, day + count) - 1,
});

/** The first moment of a day there. A day or month beyond the last one is one of the next month or year. */
const startOf = (zone: Zone, year: number, month: number, day: number): number => {
  const utcMs = utcOf({ year, month, day });
  // It is as far from UTC as the zone is before it, or behind it, where clocks are put forward or back.
  const [firstMs = 0, lastMs = 0] = [utcMs - DAY_MS, utcMs + DAY_MS]
    .map((ms) => utcMs - offsetMs(ms, zone))
    .sort((a, b) => a - b);
  // A clock that is put back shows midnight twice: the day has begun then. Where one is put forward at midnight there is no
  // such moment: the day begins when it has been.
  return zone.calendarOf(firstMs).day === new Date(utcMs).getUTCDate() ? firstMs : lastMs;
};

/** How far the zone's clocks are before UTC at a moment. */
export const offsetMs = (ms: number, zone: Zone): number =>
  utcOf(zone.calendarOf(ms)) - Math.floor(ms / 1_000) * 1_000;

/** When clocks of UTC show it. `Date.UTC` takes the year 50 for 1950. */
const utcOf = (shown: Partial<Calendar> & Pick<Calendar, 'year' | 'month' | 'day'>): number => {
  const { year, month, day, hour = 0, minute = 0, second = 0 } = shown;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second);
};

/** Without `Intl`, whose first use takes longer than most commands. */
export const UTC: Zone = {
  calendarOf: (ms) => {
    const date = new Date(ms);
    return {
      ...{ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() },
      ...{ hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds() },
    };
  },
};

const formatOf = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });

const calendarIn = (format: Intl.DateTimeFormat, ms: number): Calendar => {
  const parts = format.formatToParts(ms);
  const numberOf = (field: string) =>
    Number(parts.find(({ type }) => type === field)?.value ?? Number.NaN);
  return Object.fromEntries(FIELDS.map((field) => [field, numberOf(field)])) as Calendar;
};

/** @param name of the IANA's, such as `Europe/Berlin`; undefined for one that this system does not know. */
export const zoneNamed = (name: string): Zone | undefined => {
  try {
    const format = formatOf(name);
    return { calendarOf: (ms) => calendarIn(format, ms) };
  } catch {
    return undefined;
  }
};
