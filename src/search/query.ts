/**
 * A filter made ready for one table: parts, each with a test that a row must pass, and roads on which all rows that
 * pass can be met, of which the shortest is taken.
 *
 * 1. A road names each row at most once, and every row that passes all tests; it has the tests that are left.
 * 2. It is to be used at once: a change of the table may change it.
 */
import type { Bound } from '../model/contradictions.ts';
import type { Condition, Criteria } from '../model/criteria.ts';
import { nanoUsdOf } from '../model/money.ts';
import type { TextAnswers } from '../session/ports/text-index.ts';
import { type Part, partsOf, type Source, sum, type Test } from './criteria-parts.ts';
import { type Choice, levelOf } from './table/marks.ts';
import type { OrderedIndex } from './table/ordered-index.ts';
import type { SessionTable } from './table/session-table.ts';
import type { Range } from './table/sorted-column.ts';
import type { Sums } from './table/sums.ts';

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
  /** Only rows with such marks can be wanted. */
  readonly choice?: Choice | undefined;
  readonly isWanted: Test;
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
  #recent: Stretch | undefined;

  /** @param texts has each `text` that is asked for; where none are given, asking for one is refused. */
  constructor(table: SessionTable, condition: Condition, texts: TextAnswers = NO_TEXTS) {
    const plain = conjuncts(condition);
    this.#table = table;
    this.#ranges = rangesOf(plain);
    this.#parts = [
      ...plain.flatMap((filter) => [
        ...partsOf(table, filter, texts),
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

  /** How many tests one row may take. */
  get tests(): number {
    return sum(this.#parts.map(({ tests = 1 }) => tests));
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
    let shortest = this.#recentRoad();
    for (const part of this.#parts)
      if (part.source !== undefined && part.source.size < shortest.size)
        shortest = this.#roadAlong(part, part.source);
    return shortest;
  }

  #roadAlong(part: Part, { size, each, eachRaw }: Source): Road {
    const isWanted = this.#testBesides(part);
    if (eachRaw === undefined) return { size, each, isWanted };
    return { size, each, isWanted, eachRaw, isWantedRaw: this.isWanted };
  }

  #recentRoad(): Road {
    const { index, from, to, choice, isWanted } = this.stretch('updatedAt');
    const each: Source['each'] = (visit) => {
      const goOn = (slot: number): boolean => {
        visit(slot);
        return true;
      };
      index.ascend(from, to, goOn, choice);
    };
    return { size: Math.max(0, to - from), each, isWanted };
  }

  /**
   * The shortest stretch of the order by `sortBy` that has every row that passes. By update that is a part of the
   * shortest list; no other order has lists.
   */
  stretch(sortBy: Criteria['sortBy']): Stretch {
    if (sortBy !== 'updatedAt') return this.#stretchOf(sortBy);
    this.#recent ??= this.#stretchOf(sortBy);
    return this.#recent;
  }

  #stretchOf(sortBy: Criteria['sortBy']): Stretch {
    const column = this.#table.sorted[sortBy];
    const part = sortBy === 'updatedAt' ? this.#shortestList() : undefined;
    const index = part?.list.index ?? column.index;
    const [from, to] = column.ranks(this.#rangeOf(sortBy), index);
    const choice = sortBy === 'updatedAt' ? this.#choiceBesides(part) : undefined;
    return { index, from, to, choice, isWanted: this.#testBesides(part, sortBy) };
  }

  /** What the marks of an order by update can tell; undefined: nothing. */
  #choiceBesides(known: Part | undefined): Choice | undefined {
    const { min, max } = this.#ranges.cost;
    let bits = 0;
    for (const part of this.#parts) if (part !== known) bits |= part.bits ?? 0;
    if (bits === 0 && min === -Infinity && max === Infinity) return undefined;
    return { least: levelOf(min), most: levelOf(max), bits };
  }

  /** What was made after a moment was updated after it, unless a clock went back. */
  #rangeOf(sortBy: Criteria['sortBy']): Range {
    const range = this.#ranges[sortBy];
    if (sortBy !== 'updatedAt' || !this.#table.isForward) return range;
    return { min: Math.max(range.min, this.#ranges.createdAt.min), max: range.max };
  }

  #shortestList(): Listed | undefined {
    let shortest: Listed | undefined;
    for (const part of this.#parts)
      if (isListed(part) && part.list.index.size < (shortest?.list.index.size ?? Infinity))
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

type Listed = Part & Required<Pick<Part, 'list'>>;

const isListed = (part: Part): part is Listed => part.list !== undefined;

/** All that must hold: the criteria themselves, and those that `allOf` adds. */
const conjuncts = (condition: Condition): readonly Condition[] => [
  condition,
  ...(condition.allOf ?? []).flatMap(conjuncts),
];

const NO_TEXTS: TextAnswers = new Map();

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
  const all = sum(ways.map((way) => way.tests));
  return [{ test: anyTest(tests), tests: all, source: { size, each, eachRaw } }];
};

const noneOfParts = (table: SessionTable, { noneOf }: Condition, texts: TextAnswers): Part[] => {
  if (noneOf === undefined) return [];
  const ways = noneOf.map((condition) => new Query(table, condition, texts));
  const isNamed = anyTest(ways.map((way) => way.isWanted));
  return [{ test: (slot) => !isNamed(slot), tests: sum(ways.map((way) => way.tests)) }];
};

const anyTest =
  (tests: readonly Test[]): Test =>
  (slot) =>
    tests.some((test) => test(slot));

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

const boundsOf = (filters: readonly Condition[], names: readonly Bound[]): readonly number[] => {
  const bounds: number[] = [];
  for (const filter of filters)
    for (const name of names) if (filter[name] !== undefined) bounds.push(filter[name]);
  return bounds;
};
