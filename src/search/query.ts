/**
 * A filter made ready for one table: a list of tests that a row must pass, and the sources that could
 * name the candidates, of which the smallest is taken.
 *
 * Invariant: a source names each row at most once, and every row that passes the tests.
 */
import type { Criteria, Filter } from '../model/criteria.ts';
import { nanoUsdOf } from '../model/money.ts';
import type { Facet } from './facet.ts';
import { OPTIONAL_FACETS, type SessionTable } from './session-table.ts';
import type { Range } from './sorted-column.ts';

/** A prefix of more tags than this is tested row by row: to list them would cost more than it saves. */
const MAX_PREFIX_KEYS = 1_000;

type Test = (slot: number) => boolean;

export interface Source {
  /** How many rows it names. */
  readonly size: number;
  each(visit: (slot: number) => void): void;
}

export interface Query {
  readonly tests: readonly Test[];
  readonly smallest: Source;
  /** Ranges by the columns that can be sorted by; no range is everything. */
  readonly ranges: Readonly<Record<Criteria['sortBy'], Range>>;
}

export const passes = ({ tests }: Query, slot: number): boolean => {
  for (const test of tests) if (!test(slot)) return false;
  return true;
};

export const queryOf = (table: SessionTable, filter: Filter): Query => {
  const ranges = rangesOf(filter);
  const parts = [
    ...facetParts(table, filter),
    ...directoryParts(table, filter),
    ...idParts(table, filter),
    ...tagParts(table, filter),
    ...rangeParts(table, ranges),
  ];
  const all: Source = { size: table.size, each: (visit) => table.each(visit) };
  const sources = parts.flatMap(({ source }) => source ?? []);
  return {
    tests: parts.map(({ test }) => test),
    smallest: sources.reduce((least, source) => (source.size < least.size ? source : least), all),
    ranges,
  };
};

interface Part {
  readonly test: Test;
  readonly source?: Source;
}

/** One value is asked for; of `status` it may be several. */
const PLAIN_FACETS = ['mode', ...OPTIONAL_FACETS] as const;

const facetParts = ({ facets }: SessionTable, filter: Filter): Part[] => {
  const parts = PLAIN_FACETS.flatMap((field) => {
    const text = filter[field];
    if (text === undefined) return [];
    const spelt = field === 'workingDirectory' ? spellings(text) : [text];
    return [facetPart(facets[field], spelt)];
  });
  if (filter.status === undefined) return parts;
  return [...parts, facetPart(facets.status, [filter.status].flat())];
};

/** A directory with a slash behind it is the same one. */
const spellings = (directory: string): readonly string[] => {
  const plain = directory.replace(/(?<=[^:/\\])[/\\]+$/, '');
  return [directory, plain, `${plain}/`, `${plain}\\`];
};

const facetPart = (facet: Facet, texts: readonly string[]): Part =>
  valuesPart(
    facet,
    new Set(texts.map((text) => facet.valueOf(text)).filter((value) => value !== 0)),
  );

const valuesPart = (facet: Facet, values: ReadonlySet<number>): Part => ({
  test: (slot) => values.has(facet.valueAt(slot)),
  source: {
    size: sum([...values].map((value) => facet.size(value))),
    each: (visit) => {
      for (const value of values) facet.each(value, visit);
    },
  },
});

/** The directory itself, and what lies below it on either kind of machine. */
const directoryParts = ({ facets }: SessionTable, { underDirectory }: Filter): Part[] => {
  if (underDirectory === undefined) return [];
  const facet = facets.workingDirectory;
  const directory = underDirectory.replace(/[/\\]+$/, '');
  const starts = SEPARATORS.map((separator) => directory + separator);
  const keys = new Set([facet.valueOf(directory), facet.valueOf(underDirectory)]);
  keys.delete(0);
  if (!starts.every((start) => facet.keysWith(start, MAX_PREFIX_KEYS, keys)))
    return [{ test: (slot) => isUnder(facet.text(slot), directory, starts) }];
  return [valuesPart(facet, keys)];
};

const SEPARATORS = ['/', '\\'] as const;

const isUnder = (text: string | undefined, directory: string, starts: readonly string[]): boolean =>
  text !== undefined && (text === directory || starts.some((start) => text.startsWith(start)));

const idParts = (table: SessionTable, { idPrefix }: Filter): Part[] => {
  if (idPrefix === undefined) return [];
  const [from, to] = table.ranksOf(idPrefix);
  const each: Source['each'] = (visit) => table.eachById(from, to, visit);
  return [
    {
      test: (slot) => table.idAt(slot).startsWith(idPrefix),
      source: { size: Math.max(0, to - from), each },
    },
  ];
};

const tagParts = ({ tags }: SessionTable, filter: Filter): Part[] => {
  const anyOf = (keys: ReadonlySet<number>): Part => ({
    test: (slot) => tags.firstOf(slot, keys) !== 0,
    source: {
      size: sum([...keys].map((key) => tags.size(key))),
      each: (visit) => tags.each(keys, visit),
    },
  });
  const keysOf = (texts: readonly string[]): ReadonlySet<number> =>
    new Set(texts.map((text) => tags.keyOf(asStored(text))).filter((key) => key !== 0));
  const parts = (filter.allTags ?? []).map((tag) => anyOf(keysOf([tag])));
  if (filter.tags !== undefined && filter.tags.length > 0) parts.push(anyOf(keysOf(filter.tags)));
  if (filter.tagPrefix !== undefined) {
    const prefix = asStored(filter.tagPrefix);
    const keys = tags.keysWith(prefix, MAX_PREFIX_KEYS);
    parts.push(keys === undefined ? { test: (slot) => tags.hasPrefix(slot, prefix) } : anyOf(keys));
  }
  const none = keysOf(filter.noTags ?? []);
  return none.size === 0 ? parts : [...parts, { test: (slot) => tags.firstOf(slot, none) === 0 }];
};

/** Sessions store tags trimmed and in NFC; who searches may be less tidy. */
const asStored = (tag: string): string => tag.trim().normalize('NFC');

const rangeParts = ({ sorted }: SessionTable, ranges: Query['ranges']): Part[] =>
  Object.entries(ranges).flatMap(([field, { min, max }]) => {
    if (min === -Infinity && max === Infinity) return [];
    const column = sorted[field as keyof typeof sorted];
    const [from, to] = column.ranks({ min, max });
    const each: Source['each'] = (visit) =>
      column.index.ascend(from, to, (slot) => {
        visit(slot);
        return true;
      });
    const test: Test = (slot) => column.at(slot) >= min && column.at(slot) <= max;
    return [{ test, source: { size: Math.max(0, to - from), each } }];
  });

/** Every bound that is given must hold, so of a bound and its alias the narrower one counts. */
const rangesOf = (filter: Filter): Query['ranges'] => ({
  createdAt: {
    min: Math.max(filter.createdAfter ?? -Infinity, filter.after ?? -Infinity),
    max: Math.min(filter.createdBefore ?? Infinity, filter.before ?? Infinity),
  },
  updatedAt: {
    min: filter.updatedAfter ?? -Infinity,
    max: filter.updatedBefore ?? Infinity,
  },
  cost: {
    min: nanoUsdOf(Math.max(filter.minCostUsd ?? -Infinity, filter.minCost ?? -Infinity)),
    max: nanoUsdOf(Math.min(filter.maxCostUsd ?? Infinity, filter.maxCost ?? Infinity)),
  },
  turns: { min: -Infinity, max: Infinity },
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
