/**
 * Times as people write them in a query: `7d` (so long ago), `today`, `2026-11`, `2026-11-20`, or RFC 3339. All but a
 * span and RFC 3339 are stretches of whole days, in the time zone of whoever asks.
 */
import { momentMs } from '../model/moment.ts';

/** When a query is asked, and where. */
export interface AskedAt {
  readonly nowMs: number;
  /** Of the IANA's names, such as `Europe/Berlin`. */
  readonly timeZone: string;
}

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
export const stretchOf = (text: string, { nowMs, timeZone }: AskedAt): Stretch | undefined => {
  const [, number, unit] = SPAN.exec(text) ?? [];
  if (unit !== undefined)
    return pointAt(nowMs - Number(number) * UNITS[unit as keyof typeof UNITS]);
  if (text === 'today' || text === 'yesterday') {
    const { year, month, day } = calendarOf(nowMs, timeZone);
    return days(timeZone, [year, month, day - (text === 'today' ? 0 : 1)], 1);
  }
  const [, year, month] = MONTH.exec(text) ?? [];
  if (month !== undefined) return monthOf(Number(year), Number(month), timeZone);
  const [isDay, y, m, d] = DAY.exec(text) ?? [];
  const ms = momentMs(text);
  if (ms === undefined) return undefined;
  return isDay === undefined ? pointAt(ms) : days(timeZone, [Number(y), Number(m), Number(d)], 1);
};

const pointAt = (ms: number): Stretch => ({ fromMs: Math.round(ms), toMs: Math.round(ms) });

const monthOf = (year: number, month: number, timeZone: string): Stretch | undefined =>
  month < 1 || month > 12
    ? undefined
    : {
        fromMs: startOf(timeZone, year, month, 1),
        toMs: startOf(timeZone, year, month + 1, 1) - 1,
      };

const days = (
  timeZone: string,
  [year, month, day]: readonly [number, number, number],
  count: number,
): Stretch => ({
  fromMs: startOf(timeZone, year, month, day),
  toMs: startOf(timeZone, year, month, day + count) - 1,
});

/** The first moment of a day there. A day or month beyond the last one is one of the next month or year. */
const startOf = (timeZone: string, year: number, month: number, day: number): number => {
  const utcMs = Date.UTC(year, month - 1, day);
  // Its distance from UTC is that of the moment itself, which may differ from that of midnight in UTC.
  const guessMs = utcMs - offsetMs(utcMs, timeZone);
  const startMs = utcMs - offsetMs(guessMs, timeZone);
  // Where a clock is put forward at midnight there is no such moment: the day begins when it has been.
  return calendarOf(startMs, timeZone).day === new Date(utcMs).getUTCDate() ? startMs : guessMs;
};

const offsetMs = (ms: number, timeZone: string): number => {
  const { year, month, day, hour, minute, second } = calendarOf(ms, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1_000) * 1_000;
};

const FIELDS = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;
type Calendar = Readonly<Record<(typeof FIELDS)[number], number>>;

const calendarOf = (ms: number, timeZone: string): Calendar => {
  const parts = formatOf(timeZone).formatToParts(ms);
  const numberOf = (field: string) =>
    Number(parts.find(({ type }) => type === field)?.value ?? Number.NaN);
  return Object.fromEntries(FIELDS.map((field) => [field, numberOf(field)])) as Calendar;
};

const formatOf = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });

/** Whether this system knows the time zone. */
export const isTimeZone = (name: string): boolean => {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
};
