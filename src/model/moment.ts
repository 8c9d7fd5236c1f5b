/**
 * Moments as people and programs write them: `2026-11-20` (its beginning, UTC), or RFC 3339. `Date.parse`
 * alone is too kind: it reads "release 5" as the first of May 2001, and the 30th of February as the 2nd of March.
 */
const DATE = /^\d{4}-\d{2}-\d{2}/;
const DATE_OR_TIME =
  /^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds since 1970, or undefined for what is no moment. */
export const momentMs = (text: string): number | undefined => {
  const [date] = DATE.exec(text) ?? [];
  if (date === undefined || !DATE_OR_TIME.test(text) || !isInCalendar(date)) return undefined;
  const ms = Date.parse(text);
  return Number.isFinite(ms) ? ms : undefined;
};

/** A day that its month does not have comes back as one of the next month. */
const isInCalendar = (date: string): boolean => {
  const ms = Date.parse(date);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(date);
};

/** The other way: milliseconds since 1970 as RFC 3339. Throws `RangeError` for what is no moment. */
export const iso = (ms: number): string => DAYS.iso(ms);

const DAY_MS = 86_400_000;
/** The first millisecond of the year 10000, which is written with a sign and six digits. */
const FIVE_DIGITS_MS = 253_402_300_800_000;
const padded = (count: number, digits: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => String(n).padStart(digits, '0'));
const SIXTY = padded(60, 2);
const THOUSAND = padded(1_000, 3);

/**
 * The platform's own way takes 0.3 us longer, twenty times a page of a search: most moments that are written lie within one
 * day, whose text is kept.
 */
class DayTexts {
  #day = Number.NaN;
  #date = '';

  iso(moment: number): string {
    const ms = Math.trunc(moment);
    if (!(ms >= 0 && ms < FIVE_DIGITS_MS)) return new Date(ms).toISOString();
    const day = Math.floor(ms / DAY_MS);
    if (day !== this.#day) {
      this.#date = new Date(day * DAY_MS).toISOString().slice(0, 11);
      this.#day = day;
    }
    const second = Math.floor((ms - day * DAY_MS) / 1_000);
    const minute = Math.floor(second / 60);
    const hour = Math.floor(minute / 60);
    const [hours, minutes, seconds] = [hour, minute - hour * 60, second - minute * 60];
    const rest = ms - day * DAY_MS - second * 1_000;
    return `${this.#date}${SIXTY[hours]}:${SIXTY[minutes]}:${SIXTY[seconds]}.${THOUSAND[rest]}Z`;
  }
}

const DAYS = new DayTexts();

/**
 * `iso` for whoever writes many moments of the same time. What happens together has the same millisecond, and a busy
 * daemon tells of twenty things in one, so the last text is kept.
 */
export class LastMoment {
  #ms = Number.NaN;
  #text = '';

  iso(ms: number): string {
    if (ms !== this.#ms) {
      this.#text = iso(ms);
      this.#ms = ms;
    }
    return this.#text;
  }
}
