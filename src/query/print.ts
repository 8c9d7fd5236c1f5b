/** Writes a query so that it is read as the same one, each in one way: `print(parse(print(q)))` is `print(q)`. */
import type { Expression, Query, Term, Value } from './syntax.ts';

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
    ? `"${text.replaceAll(/["\\]/g, '\\$&')}"`
    : text;
