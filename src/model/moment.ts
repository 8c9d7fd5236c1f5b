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
export const iso = (ms: number): string => new Date(ms).toISOString();

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
