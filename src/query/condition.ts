/** A query as the criteria that the catalog answers. Values that are alternatives of one field become one list of it. */
import type { Condition } from '../model/criteria.ts';
import { type Bounds, KEYS, type Key } from './keys.ts';
import { type AskedAt, stretchOf } from './moments.ts';
import { queryError } from './query-error.ts';
import type { Expression, Limit, Term, Value } from './syntax.ts';

/** Throws `invalid_criteria` for a range in which nothing can lie. */
export const conditionOf = (where: Expression, asked: AskedAt): Condition => {
  switch (where.kind) {
    case 'term':
      return ofTerm(where, asked);
    case 'text':
      return { text: where.isPrefix ? `${where.text}*` : where.text.replace(/\*+$/, '') };
    case 'not':
      return { noneOf: [conditionOf(where.of, asked)] };
    case 'and':
      return { allOf: where.of.map((part) => conditionOf(part, asked)) };
    case 'or': {
      const parts = where.of.map((part) => conditionOf(part, asked));
      return asOneList(parts) ?? { anyOf: parts };
    }
  }
};

const ofTerm = ({ key, value, column }: Term, asked: AskedAt): Condition => {
  const facts = KEYS.get(key);
  if (facts === undefined) throw queryError(column, `${key} is no key`);
  if (facts.takes === 'text' || facts.takes === 'word') return ofText(facts, value);
  const bounds = boundsOf(facts, value, asked);
  if ((bounds.least ?? -Infinity) > (bounds.most ?? Infinity))
    throw queryError(column, `nothing can be in this range: it ends before it begins`);
  return facts.criteria(bounds);
};

const ofText = (facts: Extract<Key, { takes: 'text' | 'word' }>, value: Value): Condition => {
  if (value.kind === 'range') return {}; // the parser makes none of such a key
  const prefix = value.kind === 'prefix' && facts.takes === 'text' ? facts.prefix : undefined;
  return prefix?.(value.text) ?? facts.criteria(value.text);
};

const boundsOf = (
  { takes, step }: Extract<Key, { step: number }>,
  value: Value,
  asked: AskedAt,
): Bounds => {
  if (value.kind !== 'range') return {};
  const ends = ({ text }: Limit): readonly [number, number] => {
    if (takes !== 'moment') return [Number(text), Number(text)];
    const { fromMs, toMs } = stretchOf(text, asked) ?? { fromMs: Number.NaN, toMs: Number.NaN };
    return [fromMs, toMs];
  };
  const { from, to } = value;
  return {
    ...(from && { least: from.isOpen ? ends(from)[1] + step : ends(from)[0] }),
    ...(to && { most: to.isOpen ? ends(to)[0] - step : ends(to)[1] }),
  };
};

/** Any of several tags, or statuses: lists that the catalog has an index for. */
const asOneList = (parts: readonly Condition[]): Condition | undefined => {
  const lists = parts.map(({ tags, status, ...others }) =>
    Object.keys(others).length > 0 ? undefined : { tags, status },
  );
  const tags = lists.flatMap((list) => (list?.status === undefined ? (list?.tags ?? []) : []));
  if (tags.length === parts.length) return { tags };
  const status = lists.flatMap((list) => (list?.tags === undefined ? (list?.status ?? []) : []));
  return status.length === parts.length ? { status } : undefined;
};
