/**
 * What one criterion asks of a row of the table: a test, and, where the table keeps such rows together, where they are met. The
 * structure of a condition (any of, none of) and its ranges are for `query.ts`.
 */
import type { Condition, Criteria } from '../model/criteria.ts';
import { GreenroomError } from '../model/errors.ts';
import { directoryRoots, directorySpellings } from '../model/same-directory.ts';
import { tagStarts } from '../model/tag-key.ts';
import type { TextAnswers } from '../session/ports/text-index.ts';
import type { Facet } from './table/facet.ts';
import { bitOf } from './table/marks.ts';
import type { OrderedIndex } from './table/ordered-index.ts';
import type { Postings } from './table/postings.ts';
import {
  HAS_APPROVAL,
  HAS_ARCHIVE,
  HAS_ERRORS,
  OPTIONAL_FACETS,
  type SessionTable,
} from './table/session-table.ts';
import type { Sums } from './table/sums.ts';
import type { TagTable } from './table/tag-table.ts';

/** A prefix of more tags than this is tested row by row: to list them would cost more than it saves. */
const MAX_PREFIX_KEYS = 1_000;

export type Test = (slot: number) => boolean;

/** Rows of a table. */
export interface Source {
  /** How many rows it names. */
  readonly size: number;
  each(visit: (slot: number) => void): void;
  /** The same without any test: rows that are not wanted, and some of them twice. For whoever tests each row later. */
  eachRaw?(visit: (slot: number) => void): void;
}

/** What one criterion asks for. */
export interface Part {
  readonly test: Test;
  readonly source?: Source;
  /** The rows of the only value that will do, newest update last. */
  readonly list?: { readonly index: OrderedIndex; readonly sums: () => Sums };
  /** The column that it is a range of. */
  readonly column?: Criteria['sortBy'];
  /** What the mark of every row that passes has. */
  readonly bits?: number;
  /** How many tests its test may make; default 1. */
  readonly tests?: number;
}

/** Of a condition, without what is below it and without its ranges. */
export const partsOf = (table: SessionTable, filter: Condition, texts: TextAnswers): Part[] => [
  ...facetParts(table, filter),
  ...modelParts(table, filter),
  ...directoryParts(table, filter),
  ...idParts(table, filter),
  ...tagParts(table, filter),
  ...toolParts(table, filter),
  ...flagParts(table, filter),
  ...tokenParts(table, filter),
  ...textParts(table, filter, texts),
];

const textParts = (table: SessionTable, { text }: Condition, texts: TextAnswers): Part[] => {
  if (text === undefined) return [];
  const numbers = texts.get(text);
  if (numbers === undefined)
    throw new GreenroomError(
      'invalid_criteria',
      'words are not taken here: search, list, count, facets and cleanup take them',
      { details: { field: 'text' } },
    );
  const slots = table.texts.slotsOf(numbers);
  const among = new Set(slots);
  const each: Source['each'] = (visit) => {
    for (const slot of slots) visit(slot);
  };
  return [{ test: (slot) => among.has(slot), source: { size: slots.length, each } }];
};

/** One value is asked for; of `status` it may be several. */
const PLAIN_FACETS = ['mode', ...OPTIONAL_FACETS] as const;

const facetParts = ({ facets }: SessionTable, filter: Condition): Part[] => {
  const parts = PLAIN_FACETS.flatMap((field) => {
    const text = filter[field];
    if (text === undefined) return [];
    const spelt = field === 'workingDirectory' ? directorySpellings(text) : [text];
    return [facetPart(facets[field], spelt)];
  });
  if (filter.status === undefined) return parts;
  return [...parts, facetPart(facets.status, [filter.status].flat())];
};

const facetPart = (facet: Facet, texts: readonly string[]): Part =>
  valuesPart(
    facet,
    new Set(texts.map((text) => facet.valueOf(text)).filter((value) => value !== 0)),
  );

const valuesPart = (facet: Facet, values: ReadonlySet<number>): Part => {
  const [only = 0] = values;
  if (values.size === 1)
    return { test: (slot) => facet.valueAt(slot) === only, ...listOf(facet.postings, only) };
  return {
    test: (slot) => values.has(facet.valueAt(slot)),
    source: {
      size: sum([...values].map((value) => facet.size(value))),
      each: (visit) => {
        for (const value of values) facet.postings.each(value, visit);
      },
    },
  };
};

const listOf = (postings: Postings, value: number): Pick<Part, 'source' | 'list'> => {
  const index = postings.ordered(value);
  return {
    list: { index, sums: () => postings.sums(value) },
    source: { size: index.size, each: (visit) => index.each(visit) },
  };
};

/** `opus` stands for `claude-opus` too: few write the name's beginning, which all have. */
const modelParts = ({ facets: { model } }: SessionTable, { modelPrefix }: Condition): Part[] => {
  if (modelPrefix === undefined) return [];
  const starts = [modelPrefix, `claude-${modelPrefix}`];
  const keys = new Set<number>();
  if (starts.every((start) => model.keysWith(start, MAX_PREFIX_KEYS, keys)))
    return [valuesPart(model, keys)];
  return [{ test: (slot) => starts.some((start) => model.text(slot)?.startsWith(start) === true) }];
};

/** The directory itself, and what lies below it on either kind of machine. */
const directoryParts = ({ facets }: SessionTable, { underDirectory }: Condition): Part[] => {
  if (underDirectory === undefined) return [];
  const facet = facets.workingDirectory;
  const roots = directoryRoots(underDirectory);
  const starts = roots.flatMap((root) => SEPARATORS.map((separator) => root + separator));
  const keys = new Set([...roots, underDirectory].map((directory) => facet.valueOf(directory)));
  keys.delete(0);
  if (!starts.every((start) => facet.keysWith(start, MAX_PREFIX_KEYS, keys)))
    return [{ test: (slot) => isUnder(facet.text(slot), roots, starts) }];
  return [valuesPart(facet, keys)];
};

const SEPARATORS = ['/', '\\'] as const;

const isUnder = (
  text: string | undefined,
  roots: readonly string[],
  starts: readonly string[],
): boolean =>
  text !== undefined && (roots.includes(text) || starts.some((start) => text.startsWith(start)));

const idParts = (table: SessionTable, { idPrefix }: Condition): Part[] => {
  if (idPrefix === undefined) return [];
  const [from, to] = table.ranksOf(idPrefix);
  const each: Source['each'] = (visit) => table.eachById(from, to, visit);
  return [
    {
      test: (slot) => table.idAt(slot).startsWith(idPrefix),
      source: { size: to - from, each },
    },
  ];
};

/** Rows with any of these tags, or tools. */
const anyKeyPart = (tags: TagTable, keys: ReadonlySet<number>): Part => {
  const [only = 0] = keys;
  if (keys.size === 1)
    return { test: (slot) => tags.has(slot, only), ...listOf(tags.postings, only) };
  return {
    test: (slot) => tags.firstOf(slot, keys) !== 0,
    source: {
      size: sum([...keys].map((key) => tags.size(key))),
      each: (visit) => tags.each(keys, visit),
    },
  };
};

/** One tag has a bit in the mark of its rows. */
const anyTagPart = (tags: TagTable, keys: ReadonlySet<number>): Part => {
  const [only = 0] = keys;
  const part = anyKeyPart(tags, keys);
  return keys.size === 1 ? { ...part, bits: bitOf(only) } : part;
};

const keyPrefixPart = (tags: TagTable, prefix: string): Part => {
  const keys = tags.keysWith(prefix, MAX_PREFIX_KEYS);
  if (keys !== undefined) return anyKeyPart(tags, keys);
  const starts = tagStarts(prefix);
  return { test: (slot) => tags.hasStart(slot, starts) };
};

const tagParts = ({ tags }: SessionTable, filter: Condition): Part[] => {
  const parts = (filter.allTags ?? []).map((tag) =>
    anyTagPart(tags, keysOf(tags, [asStored(tag)])),
  );
  if (filter.tags !== undefined && filter.tags.length > 0)
    parts.push(anyTagPart(tags, keysOf(tags, filter.tags.map(asStored))));
  if (filter.tagPrefix !== undefined) parts.push(keyPrefixPart(tags, asStored(filter.tagPrefix)));
  const none = keysOf(tags, (filter.noTags ?? []).map(asStored));
  return none.size === 0 ? parts : [...parts, { test: (slot) => tags.firstOf(slot, none) === 0 }];
};

/** The keys of those that some row has. */
const keysOf = (tags: TagTable, texts: readonly string[]): ReadonlySet<number> =>
  new Set(texts.map((text) => tags.keyOf(text)).filter((key) => key !== 0));

const toolParts = ({ tools }: SessionTable, { tool, toolPrefix }: Condition): Part[] => [
  ...(tool === undefined ? [] : [anyKeyPart(tools, keysOf(tools, [tool]))]),
  ...(toolPrefix === undefined ? [] : [keyPrefixPart(tools, toolPrefix)]),
];

/** Facets of one value, which rows have of which something is so. */
const flagParts = ({ facets }: SessionTable, condition: Condition): Part[] => [
  ...flagPart(facets.errors, HAS_ERRORS, condition.hasErrors),
  ...flagPart(facets.archives, HAS_ARCHIVE, condition.hasArchive),
  ...flagPart(facets.approvals, HAS_APPROVAL, condition.hasApproval),
];

const flagPart = (facet: Facet, value: string, wanted: boolean | undefined): Part[] => {
  if (wanted === undefined) return [];
  return wanted ? [facetPart(facet, [value])] : [{ test: (slot) => facet.valueAt(slot) === 0 }];
};

/** Only tested: no order of theirs is kept. */
const tokenParts = ({ tokens }: SessionTable, { minTokens, maxTokens }: Condition): Part[] => {
  if (minTokens === undefined && maxTokens === undefined) return [];
  const [min, max] = [minTokens ?? 0, maxTokens ?? Infinity];
  return [{ test: (slot) => tokens.at(slot) >= min && tokens.at(slot) <= max }];
};

/** Sessions store tags trimmed and in NFC; who searches may be less tidy. */
const asStored = (tag: string): string => tag.trim().normalize('NFC');

export const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, n) => total + n, 0);
