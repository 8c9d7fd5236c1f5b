/**
 * A filter made ready for one table: parts, each with a test that a row must pass, and roads on which all rows that
 * pass can be met, of which the shortest is taken.
 *
 * 1. A road names each row at most once, and every row that passes all tests; it has the tests that are left.
 * 2. It is to be used at once: a change of the table may change it.
 */
import type { Bound, Condition, Criteria } from '../model/criteria.ts';
import { GreenroomError } from '../model/errors.ts';
import { nanoUsdOf } from '../model/money.ts';
import type { TextAnswers } from '../session/ports/text-index.ts';
import type { Facet } from './facet.ts';
import type { OrderedIndex } from './ordered-index.ts';
import type { Postings } from './postings.ts';
import { HAS_ARCHIVE, HAS_ERRORS, OPTIONAL_FACETS, type SessionTable } from './session-table.ts';
import type { Range } from './sorted-column.ts';
import type { Sums } from './sums.ts';
import type { TagTable } from './tag-table.ts';

/** A prefix of more tags than this is tested row by row: to list them would cost more than it saves. */
const MAX_PREFIX_KEYS = 1_000;

type Test = (slot: number) => boolean;

interface Source {
  /** How many rows it names. */
  readonly size: number;
  each(visit: (slot: number) => void): void;
  /** The same without any test: rows that are not wanted, and some of them twice. For whoever tests each row later. */
  eachRaw?(visit: (slot: number) => void): void;
}

export interface Road extends Source {
  /** Whether a row of the road is wanted. */
  readonly isWanted: Test;
  /** Whether a row of `eachRaw` is. */
  readonly isWantedRaw?: Test;
}

/** A stretch of the rows in the order of a column: ranks in `index`, the first and the one after the last. */
export interface Stretch {
  readonly index: OrderedIndex;
  readonly from: number;
  readonly to: number;
  readonly isWanted: Test;
}

/** What one criterion asks for. */
interface Part {
  readonly test: Test;
  readonly source?: Source;
  /** The rows of the only value that will do, newest update last. */
  readonly list?: { readonly index: OrderedIndex; readonly sums: () => Sums };
  /** The column that it is a range of. */
  readonly column?: Criteria['sortBy'];
}

/** One test out of all, so that nothing is looped over for each row where there is but one. */
const allOf = (tests: readonly Test[]): Test => {
  const [first, second, ...others] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  const rest = allOf([second, ...others]);
  return (slot) => first(slot) && rest(slot);
};

export class Query {
  readonly #table: SessionTable;
  readonly #parts: readonly Part[];
  readonly #ranges: Readonly<Record<Criteria['sortBy'], Range>>;

  /** @param texts has each `text` that is asked for; where none are given, asking for one is refused. */
  constructor(table: SessionTable, condition: Condition, texts: TextAnswers = NO_TEXTS) {
    const plain = conjuncts(condition);
    this.#table = table;
    this.#ranges = rangesOf(plain);
    this.#parts = [
      ...plain.flatMap((filter) => [
        ...facetParts(table, filter),
        ...modelParts(table, filter),
        ...directoryParts(table, filter),
        ...idParts(table, filter),
        ...tagParts(table, filter),
        ...toolParts(table, filter),
        ...errorParts(table, filter),
        ...archiveParts(table, filter),
        ...tokenParts(table, filter),
        ...textParts(table, filter, texts),
        ...anyOfParts(table, filter, texts),
        ...noneOfParts(table, filter, texts),
      ]),
      ...rangeParts(table, this.#ranges),
    ];
  }

  /** Whether a row passes all tests. */
  get isWanted(): Test {
    return this.#testBesides(undefined);
  }

  /** Nothing is asked for. */
  get isEverything(): boolean {
    return this.#parts.length === 0;
  }

  /** Over all that is asked for, where one list has them. */
  get sums(): Sums | undefined {
    const [part, ...others] = this.#parts;
    if (part?.list === undefined || others.length > 0) return undefined;
    return part.list.sums();
  }

  /** The shortest road. */
  road(): Road {
    const recent = this.stretch('updatedAt');
    const roads: Road[] = this.#parts.flatMap((part) => {
      if (part.source === undefined) return [];
      const { size } = part.source;
      const { each, eachRaw } = part.source;
      const isWanted = this.#testBesides(part);
      if (eachRaw === undefined) return [{ size, each, isWanted }];
      return [{ size, each, isWanted, eachRaw, isWantedRaw: this.isWanted }];
    });
    return roads.reduce<Road>((least, road) => (road.size < least.size ? road : least), {
      size: Math.max(0, recent.to - recent.from),
      each: (visit) =>
        recent.index.ascend(recent.from, recent.to, (slot) => {
          visit(slot);
          return true;
        }),
      isWanted: recent.isWanted,
    });
  }

  /**
   * The shortest stretch of the order by `sortBy` that has every row that passes. By update that is a part of the
   * shortest list; no other order has lists.
   */
  stretch(sortBy: Criteria['sortBy']): Stretch {
    const column = this.#table.sorted[sortBy];
    const part = sortBy === 'updatedAt' ? this.#shortestList() : undefined;
    const index = part?.list?.index ?? column.index;
    const [from, to] = column.ranks(this.#rangeOf(sortBy), index);
    return { index, from, to, isWanted: this.#testBesides(part, sortBy) };
  }

  /** What was made after a moment was updated after it, unless a clock went back. */
  #rangeOf(sortBy: Criteria['sortBy']): Range {
    const range = this.#ranges[sortBy];
    if (sortBy !== 'updatedAt' || !this.#table.isForward) return range;
    return { min: Math.max(range.min, this.#ranges.createdAt.min), max: range.max };
  }

  #shortestList(): Part | undefined {
    let shortest: Part | undefined;
    for (const part of this.#parts)
      if (
        part.list !== undefined &&
        part.list.index.size < (shortest?.list?.index.size ?? Infinity)
      )
        shortest = part;
    return shortest;
  }

  #testBesides(known: Part | undefined, column?: Criteria['sortBy']): Test {
    return allOf(
      this.#parts
        .filter((part) => part !== known && (column === undefined || part.column !== column))
        .map(({ test }) => test),
    );
  }
}

/** All that must hold: the criteria themselves, and those that `allOf` adds. */
const conjuncts = (condition: Condition): readonly Condition[] => [
  condition,
  ...(condition.allOf ?? []).flatMap(conjuncts),
];

const NO_TEXTS: TextAnswers = new Map();

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

/** A row that several alternatives would name is named by the first of them. */
const anyOfParts = (table: SessionTable, { anyOf }: Condition, texts: TextAnswers): Part[] => {
  if (anyOf === undefined) return [];
  const ways = anyOf.map((condition) => new Query(table, condition, texts));
  const tests = ways.map(({ isWanted }) => isWanted);
  const roads = ways.map((way) => way.road());
  const each: Source['each'] = (visit) => {
    for (const [at, road] of roads.entries()) {
      const isNamed = anyTest(tests.slice(0, at));
      road.each((slot) => {
        if (road.isWanted(slot) && !isNamed(slot)) visit(slot);
      });
    }
  };
  const eachRaw: Source['each'] = (visit) => {
    for (const road of roads) (road.eachRaw ?? road.each)(visit);
  };
  const size = sum(roads.map((road) => road.size));
  return [{ test: anyTest(tests), source: { size, each, eachRaw } }];
};

const noneOfParts = (table: SessionTable, { noneOf }: Condition, texts: TextAnswers): Part[] => {
  if (noneOf === undefined) return [];
  const isNamed = anyTest(noneOf.map((condition) => new Query(table, condition, texts).isWanted));
  return [{ test: (slot) => !isNamed(slot) }];
};

const anyTest =
  (tests: readonly Test[]): Test =>
  (slot) =>
    tests.some((test) => test(slot));

/** One value is asked for; of `status` it may be several. */
const PLAIN_FACETS = ['mode', ...OPTIONAL_FACETS] as const;

const facetParts = ({ facets }: SessionTable, filter: Condition): Part[] => {
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

const valuesPart = (facet: Facet, values: ReadonlySet<number>): Part => {
  const [only, ...others] = values;
  if (only !== undefined && others.length === 0)
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

const idParts = (table: SessionTable, { idPrefix }: Condition): Part[] => {
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

/** Rows with any of these tags, or tools. */
const anyKeyPart = (tags: TagTable, keys: ReadonlySet<number>): Part => {
  const [only, ...others] = keys;
  if (only !== undefined && others.length === 0)
    return { test: (slot) => tags.has(slot, only), ...listOf(tags.postings, only) };
  return {
    test: (slot) => tags.firstOf(slot, keys) !== 0,
    source: {
      size: sum([...keys].map((key) => tags.size(key))),
      each: (visit) => tags.each(keys, visit),
    },
  };
};

const keyPrefixPart = (tags: TagTable, prefix: string): Part => {
  const keys = tags.keysWith(prefix, MAX_PREFIX_KEYS);
  return keys === undefined
    ? { test: (slot) => tags.hasPrefix(slot, prefix) }
    : anyKeyPart(tags, keys);
};

const tagParts = ({ tags }: SessionTable, filter: Condition): Part[] => {
  const keysOf = (texts: readonly string[]): ReadonlySet<number> =>
    new Set(texts.map((text) => tags.keyOf(asStored(text))).filter((key) => key !== 0));
  const parts = (filter.allTags ?? []).map((tag) => anyKeyPart(tags, keysOf([tag])));
  if (filter.tags !== undefined && filter.tags.length > 0)
    parts.push(anyKeyPart(tags, keysOf(filter.tags)));
  if (filter.tagPrefix !== undefined) parts.push(keyPrefixPart(tags, asStored(filter.tagPrefix)));
  const none = keysOf(filter.noTags ?? []);
  return none.size === 0 ? parts : [...parts, { test: (slot) => tags.firstOf(slot, none) === 0 }];
};

const toolParts = ({ tools }: SessionTable, { tool, toolPrefix }: Condition): Part[] => {
  const key = tool === undefined ? 0 : tools.keyOf(tool);
  return [
    ...(tool === undefined ? [] : [anyKeyPart(tools, new Set(key === 0 ? [] : [key]))]),
    ...(toolPrefix === undefined ? [] : [keyPrefixPart(tools, toolPrefix)]),
  ];
};

const errorParts = ({ facets: { errors } }: SessionTable, { hasErrors }: Condition): Part[] => {
  if (hasErrors === undefined) return [];
  return hasErrors
    ? [facetPart(errors, [HAS_ERRORS])]
    : [{ test: (slot) => errors.valueAt(slot) === 0 }];
};

const archiveParts = (
  { facets: { archives } }: SessionTable,
  { hasArchive }: Condition,
): Part[] => {
  if (hasArchive === undefined) return [];
  return hasArchive
    ? [facetPart(archives, [HAS_ARCHIVE])]
    : [{ test: (slot) => archives.valueAt(slot) === 0 }];
};

/** Only tested: no order of theirs is kept. */
const tokenParts = ({ tokens }: SessionTable, { minTokens, maxTokens }: Condition): Part[] => {
  if (minTokens === undefined && maxTokens === undefined) return [];
  const [min, max] = [minTokens ?? 0, maxTokens ?? Infinity];
  return [{ test: (slot) => tokens.at(slot) >= min && tokens.at(slot) <= max }];
};

/** Sessions store tags trimmed and in NFC; who searches may be less tidy. */
const asStored = (tag: string): string => tag.trim().normalize('NFC');

const rangeParts = (
  { sorted }: SessionTable,
  ranges: Readonly<Record<Criteria['sortBy'], Range>>,
): Part[] =>
  COLUMNS.flatMap((column) => {
    const { min, max } = ranges[column];
    if (min === -Infinity && max === Infinity) return [];
    const { index, values } = sorted[column];
    const [from, to] = sorted[column].ranks({ min, max });
    const each: Source['each'] = (visit) =>
      index.ascend(from, to, (slot) => {
        visit(slot);
        return true;
      });
    const test: Test = (slot) => values.at(slot) >= min && values.at(slot) <= max;
    return [{ column, test, source: { size: Math.max(0, to - from), each } }];
  });

const COLUMNS = ['updatedAt', 'createdAt', 'cost', 'turns'] as const;

/** Every bound that is given must hold, so of several the narrowest counts. */
const rangesOf = (filters: readonly Condition[]): Readonly<Record<Criteria['sortBy'], Range>> => {
  const least = (...names: readonly Bound[]) => Math.max(-Infinity, ...boundsOf(filters, names));
  const most = (...names: readonly Bound[]) => Math.min(Infinity, ...boundsOf(filters, names));
  return {
    createdAt: { min: least('createdAfter', 'after'), max: most('createdBefore', 'before') },
    updatedAt: { min: least('updatedAfter'), max: most('updatedBefore') },
    cost: {
      min: nanoUsdOf(least('minCostUsd', 'minCost')),
      max: nanoUsdOf(most('maxCostUsd', 'maxCost')),
    },
    turns: { min: least('minTurns'), max: most('maxTurns') },
  };
};

const boundsOf = (filters: readonly Condition[], names: readonly Bound[]): readonly number[] =>
  filters.flatMap((filter) => names.flatMap((name) => filter[name] ?? []));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
