/** A query as it is typed here: `~` is the home of whoever types it, and days are those of this machine. */
import { homedir } from 'node:os';
import { parse } from '../query/parser.ts';
import { print } from '../query/print.ts';
import type { Expression, Query } from '../query/syntax.ts';

/** The criteria that it adds. Throws `invalid_criteria`, with the column, before a daemon is asked. */
export const queryCriteria = (
  text: string,
): { readonly q: string; readonly timeZone?: string } | undefined => {
  if (text.trim() === '') return undefined;
  const q = print(atHome(parse(text)));
  return WITH_DAYS.test(q) ? { q, timeZone: timeZoneHere() } : { q };
};

/** Anything that may be a day or a month. To ask for the time zone takes longer than a search, so others go without. */
const WITH_DAYS = /today|yesterday|\d{4}-\d{2}/;

export const timeZoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The first words in it that were said, and are no key and value. */
export const wordsSaidIn = (text: string): string | undefined => {
  const { where } = text.trim() === '' ? {} : parse(text);
  return where === undefined ? undefined : saidIn(where);
};

const saidIn = (one: Expression): string | undefined => {
  switch (one.kind) {
    case 'text':
      return one.text;
    case 'term':
      return undefined;
    case 'not':
      return saidIn(one.of);
    case 'and':
    case 'or':
      return one.of.map(saidIn).find((text) => text !== undefined);
  }
};

const atHome = ({ where, ...query }: Query): Query =>
  where === undefined ? query : { ...query, where: inExpression(where) };

const inExpression = (one: Expression): Expression => {
  switch (one.kind) {
    case 'text':
      return one;
    case 'not':
      return { ...one, of: inExpression(one.of) };
    case 'and':
    case 'or':
      return { ...one, of: one.of.map(inExpression) };
    case 'term': {
      const { key, value } = one;
      if (key !== 'dir' || value.kind === 'range' || !/^~([/\\]|$)/.test(value.text)) return one;
      return { ...one, value: { ...value, text: homedir() + value.text.slice(1) } };
    }
  }
};
