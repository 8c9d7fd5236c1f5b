/** Values as people read them: money, counts, sizes, ages, tables. */

/** Cents matter until a dollar is spent, fractions of a cent below. */
export const money = (usd: number | null | undefined, knownUsd?: number): string => {
  if (usd === undefined || usd === null)
    return knownUsd === undefined ? '?' : `>${money(knownUsd)}`;
  if (usd === 0) return '$0';
  return usd < 1 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`;
};

export const grouped = (number: number): string => number.toLocaleString('en-US');

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

/** One line, however many the text has. */
export const oneLine = (text: string, width: number): string => {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > width ? `${flat.slice(0, Math.max(0, width - 1))}…` : flat;
};

/**
 * Columns aligned to their widest cell; the last one takes what is left of `width` and is cut there.
 * Cells that are all numbers or money are aligned to the right.
 */
export const table = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string => {
  const lines = [head, ...rows];
  const last = head.length - 1;
  const widths = head.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)));
  const taken = widths.slice(0, last).reduce((sum, each) => sum + each + 2, 0);
  const isNumeric = head.map((_, at) => rows.every((row) => /^[>$?\d.,-]+$/.test(row[at] ?? '')));
  const cell = (text: string, at: number): string => {
    if (isNumeric[at] && rows.length > 0) return text.padStart(widths[at] ?? 0);
    return at === last ? oneLine(text, Math.max(10, width - taken)) : text.padEnd(widths[at] ?? 0);
  };
  return lines.map((line) => `${line.map(cell).join('  ').trimEnd()}\n`).join('');
};

/** `name  value` lines; nested objects as `outer.inner`. */
export const facts = (value: Readonly<Record<string, unknown>>): string => {
  const pairs = flatten(value, '');
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('');
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
  items.map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item))).join(', ');
