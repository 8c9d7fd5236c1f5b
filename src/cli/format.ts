/** Values as people read them: money, counts, sizes, ages, facts. */

import { jsonText } from '../platform/printable.ts';
import { oneLine, widthOf } from './width.ts';

/** Cents matter until a dollar is spent, fractions of a cent below. */
export const money = (usd: number | null | undefined, knownUsd?: number): string => {
  if (usd === undefined || usd === null)
    return knownUsd === undefined ? '?' : `>${money(knownUsd)}`;
  if (usd === 0) return '$0';
  return usd < 1 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`;
};

/** `1,234,567`; by hand, because the first use of `Intl` takes longer than most commands. */
export const grouped = (number: number): string =>
  String(Math.round(number)).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** `1 session`, `2 sessions`. */
export const several = (count: number, noun: string): string =>
  `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export const bytes = (count: number): string => {
  const power = Math.min(SIZES.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3));
  const value = count / 1_000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${SIZES[power]}`;
};

const AGES: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

export const span = (ms: number): string => {
  const [unit, size] = AGES.find(([, least]) => ms >= least) ?? ['ms', 1];
  return `${Math.floor(ms / size)} ${unit}`;
};

/** `3 h ago`; what is less than a second old is `now`. */
export const ago = (at: string, nowMs: number): string => {
  const ms = nowMs - Date.parse(at);
  return ms < 1_000 ? 'now' : `${span(ms)} ago`;
};

/** `name  value` lines; nested objects as `outer.inner`. */
export const facts = (value: Readonly<Record<string, unknown>>): string => {
  const pairs = flatten(value, '').map(([name, text]) => [oneLine(name), text] as const);
  const width = Math.max(0, ...pairs.map(([name]) => widthOf(name)));
  const indent = ' '.repeat(width + 2);
  return pairs
    .map(([name, text]) => {
      const space = ' '.repeat(width + 2 - widthOf(name));
      // A text of several lines must not look like several facts.
      return `${name}${space}${text.replaceAll('\n', `\n${indent}`)}\n`;
    })
    .join('');
};

const flatten = (value: object, prefix: string): (readonly [string, string])[] =>
  Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    if (inner === undefined || inner === null) return [];
    if (Array.isArray(inner))
      return inner.length === 0 ? [] : [[prefix + name, list(inner)] as const];
    if (typeof inner === 'object') return flatten(inner, `${prefix}${name}.`);
    return [[prefix + name, String(inner)] as const];
  });

const list = (items: readonly unknown[]): string =>
  items.map((item) => (typeof item === 'object' ? jsonText(item) : String(item))).join(', ');
