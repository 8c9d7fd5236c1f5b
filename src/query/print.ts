/** Writes a query so that it is read as the same one, each in one way: `print(parse(print(q)))` is `print(q)`. */
import { isJoint, meantBy } from './meant.ts';
import type { Expression, Query, Term, Text, Value } from './syntax.ts';

export const print = ({ where, sort }: Query): string =>
  [
    ...(where === undefined ? [] : [expression(where, 'top')]),
    ...(sort === undefined ? [] : [`sort:${sort.by}${sort.order === 'asc' ? '-asc' : ''}`]),
  ].join(' ');

/** What an expression stands in: `AND` binds more than `OR`, and `-` more than both. Beside `sort:` all stands in `and`. */
const expression = (one: Expression, within: 'top' | 'and' | 'or' | 'not'): string => {
  switch (one.kind) {
    case 'term':
      return term(one);
    case 'text':
      return words(one);
    case 'not':
      return `-${expression(one.of, 'not')}`;
    case 'and': {
      const text = one.of.map((part) => expression(part, 'and')).join(' ');
      return within === 'not' ? `(${text})` : text;
    }
    case 'or': {
      const text = one.of.map((part) => expression(part, 'or')).join(' OR ');
      return within === 'or' ? text : `(${text})`;
    }
  }
};

const term = ({ key, value }: Term): string => `${key}:${valueText(value)}`;

/** Without quotation marks it must not look like anything else: a key, a word that joins, something turned round. */
const words = ({ text, isPrefix }: Text): string => {
  const isPlain = /^[^-\s()"][^\s()"]*(?<!\*)$/.test(text) && !/^[A-Za-z][A-Za-z_-]*:/.test(text);
  const isOther = meantBy(text) !== undefined || (!isPrefix && isJoint(text));
  return `${isPlain && !isOther ? text : quoted(text)}${isPrefix ? '*' : ''}`;
};

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

const valueText = (value: Value): string => {
  if (value.kind === 'text') return quotedIfNeeded(value.text, /\*$/);
  if (value.kind === 'prefix') return `${quotedIfNeeded(value.text, /^\*?$/)}*`;
  const { from, to } = value;
  if (from?.isOpen === true) return `>${from.text}`;
  if (to?.isOpen === true) return `<${to.text}`;
  if (from !== undefined && from.text === to?.text) return from.text;
  return `${from?.text ?? ''}..${to?.text ?? ''}`;
};

const quotedIfNeeded = (text: string, otherwise: RegExp): string =>
  text === '' || /[\s()"]/.test(text) || text === 'OR' || otherwise.test(text)
    ? quoted(text)
    : text;
