/** A query as it is typed here: `~` is the home of whoever types it, and days are those of this machine. */
import { homedir } from 'node:os';
import { parse } from '../query/parser.ts';
import { print } from '../query/print.ts';
import type { Expression, Query, Term, Text } from '../query/syntax.ts';
import { either } from '../query/values.ts';

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
  const said = leavesOf(text).find(({ kind }) => kind === 'text');
  return said?.kind === 'text' ? said.text : undefined;
};

/** A tag may have a comma. Where nothing was found, several were meant. */
export const commaHint = (text: string, tags: readonly string[] = []): string | undefined => {
  const inOption = tags.find((tag) => tag.includes(','));
  if (inOption !== undefined)
    return `${inOption} is one tag: for any of several give --tag several times`;
  const tag = leavesOf(text)
    .flatMap(tagOf)
    .find((one) => one.includes(','));
  if (tag === undefined) return undefined;
  return `tag:${tag} is one tag: for any of several write ${either('tag', tag)}`;
};

const tagOf = (one: Term | Text): readonly string[] =>
  one.kind === 'term' && one.key === 'tag' && one.value.kind !== 'range' ? [one.value.text] : [];

/** Terms and texts, wherever they stand. */
const leavesOf = (text: string): readonly (Term | Text)[] => {
  const { where } = text.trim() === '' ? {} : parse(text);
  return where === undefined ? [] : leavesIn(where);
};

const leavesIn = (one: Expression): readonly (Term | Text)[] => {
  if (one.kind === 'term' || one.kind === 'text') return [one];
  return one.kind === 'not' ? leavesIn(one.of) : one.of.flatMap(leavesIn);
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
