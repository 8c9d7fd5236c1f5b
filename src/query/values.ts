/** The value behind a key, as it is written: checked, and in one form for all that mean the same. */

import { guess } from '../platform/guess.ts';
import type { Key } from './keys.ts';
import type { Token } from './lexer.ts';
import { isSpan, stretchOf, UTC } from './moments.ts';
import { queryError } from './query-error.ts';
import type { Limit, Value } from './syntax.ts';

type ValueToken = Extract<Token, { kind: 'value' }>;
type RangeKey = Extract<Key, { step: number }>;

export const readValue = (key: string, facts: Key, token: ValueToken): Value => {
  switch (facts.takes) {
    case 'text':
      return textValue(key, facts, token);
    case 'word':
      return wordValue(key, facts.words, token);
    default:
      return rangeValue(key, facts, token);
  }
};

/** `a,b` as it is written here. */
export const either = (key: string, text: string): string =>
  `${key}:(${text.split(',').filter(Boolean).join(' OR ')})`;

const textValue = (
  key: string,
  { prefix }: Extract<Key, { takes: 'text' }>,
  { text, isPrefix, column }: ValueToken,
): Value => {
  if (text === '') throw queryError(column, `${key}: has no value behind it`);
  if (!isPrefix) return { kind: 'text', text };
  if (prefix === undefined)
    throw queryError(column, `${key}: takes no star; put a star that is meant in quotation marks`);
  if (prefix(text) === undefined)
    throw queryError(column, `write ${key}:${text}/* for all that lies below it`);
  return { kind: 'prefix', text };
};

const wordValue = (
  key: string,
  words: readonly string[],
  { text, isPrefix, column }: ValueToken,
): Value => {
  if (!isPrefix && words.includes(text)) return { kind: 'text', text };
  const known = `${key}: takes one of ${words.join(', ')}`;
  if (text.includes(','))
    throw queryError(column, `${known}; of several write ${either(key, text)}`);
  throw queryError(column, `${known}${guess(text, words)}`);
};

const COMPARED = /^(>=?|<=?)(.+)$/;

const rangeValue = (
  key: string,
  facts: RangeKey,
  { text, isPrefix, column }: ValueToken,
): Value => {
  const limit = (written: string, isOpen = false): Limit => {
    const clean = cleanOf(facts, written);
    if (clean === undefined || isPrefix) throw queryError(column, WANTED[facts.takes](key));
    return { text: clean, isOpen };
  };
  const [, sign, bound] = COMPARED.exec(text) ?? [];
  if (sign !== undefined && bound !== undefined) {
    const one = limit(bound, sign.length === 1);
    // What is said of an age is the other way round for the time: younger than 7 days is after that moment.
    const isLower = sign.startsWith('>') !== isSpan(one.text);
    return { kind: 'range', [isLower ? 'from' : 'to']: isSpan(one.text) ? shut(one) : one };
  }
  const [first = '', last, ...more] = text.split('..');
  if (more.length > 0 || (first === '' && (last ?? '') === ''))
    throw queryError(column, WANTED[facts.takes](key));
  if (last === undefined) {
    const one = limit(first);
    return isSpan(one.text) ? { kind: 'range', from: one } : { kind: 'range', from: one, to: one };
  }
  return {
    kind: 'range',
    ...(first === '' ? {} : { from: limit(first) }),
    ...(last === '' ? {} : { to: limit(last) }),
  };
};

const shut = ({ text }: Limit): Limit => ({ text, isOpen: false });

const WANTED = {
  money: (key: string) => `${key}: takes dollars, such as ${key}:0.5, ${key}:>0.5 or ${key}:1..5`,
  count: (key: string) =>
    `${key}: takes a whole number, such as ${key}:10, ${key}:>10 or ${key}:5..20`,
  moment: (key: string) =>
    `${key}: takes a time, such as ${key}:7d.. (in the last seven days), ${key}:2026-11-20 or ${key}:2026-11-01..2026-11-20`,
} as const;

const MONEY = /^\$?(\d{1,9}(?:\.\d{1,9})?)$/;
const COUNT = /^(\d{1,16})([km]?)$/;
const TIMES: Readonly<Record<string, number>> = { k: 1_000, m: 1_000_000 };
/** Any time does to see whether what is written is one. */
const SOMETIME = { nowMs: 0, zone: UTC };

/** The same value as all write it; undefined for what is none. */
const cleanOf = ({ takes }: RangeKey, text: string): string | undefined => {
  if (takes === 'moment') return stretchOf(text, SOMETIME) === undefined ? undefined : text;
  const [, digits, times = ''] = (takes === 'money' ? MONEY : COUNT).exec(text) ?? [];
  if (digits === undefined) return undefined;
  if (takes === 'money') return plainDecimal(digits);
  const count = Number(digits) * (TIMES[times] ?? 1);
  return Number.isSafeInteger(count) ? String(count) : undefined;
};

/** Digit by digit: a small number would become `1e-7`, which is no amount, and a large one another amount. */
const plainDecimal = (digits: string): string => {
  const [whole = '', part = ''] = digits.split('.');
  const fraction = part.replace(/0+$/, '');
  return whole.replace(/^0+(?=\d)/, '') + (fraction === '' ? '' : `.${fraction}`);
};
