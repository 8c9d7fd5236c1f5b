/**
 * The day from which a list goes back: a part of its query, so that what is counted, kept and changed is what is shown.
 * Pure.
 */

/** By when they changed, or, in the order in which they were made, by that. */
export type Field = 'updated' | 'created';

const PARTS = /(^|\s)(updated|created):\.\.(\d{4}-\d{2}-\d{2})(?=\s|$)/g;
/** While a year is typed it is one of the first centuries. */
const FIRST_DAY = '2000-01-01';

/** The day that the query names; '': none. */
export const untilIn = (q: string, field: Field): string =>
  [...q.matchAll(PARTS)].find((found) => found[2] === field && !isQuoted(q, found.index))?.[3] ??
  '';

/** The query with that day, in place of the one that it names. '': without it. */
export const withUntil = (q: string, field: Field, day: string): string => {
  const rest = q.replace(PARTS, (whole, _, name: string, __, at: number) =>
    name === field && !isQuoted(q, at) ? '' : whole,
  );
  return [rest.trim(), day === '' ? '' : `${field}:..${day}`]
    .filter((part) => part !== '')
    .join(' ');
};

export const isDay = (text: string): boolean => text === '' || text >= FIRST_DAY;

const isQuoted = (q: string, at: number): boolean =>
  (q.slice(0, at).split('"').length - 1) % 2 === 1;
