/**
 * Which watches a change of a row can matter to. A watch stands under the values of one field, chosen so that every row
 * that it wants has one of them, or, without such a field, under a range of numbers; what has neither stands under none, and
 * is asked about each row. So a change costs what the watches cost that may want its row, and not what all of them cost.
 *
 * 1. A watch that wants a row is among the watches of this row.
 * 2. A watch is met once per change, under however many values it stands.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Condition } from '../../model/criteria.ts';
import { directorySpellings } from '../../model/same-directory.ts';
import { tagKey } from '../../model/tag-key.ts';
import { RangeList } from './range-list.ts';
import { type AskedRange, askedTag, rangesAsked, type ValueIn } from './row-test.ts';

/** Fields by whose values watches are found, those that tell sessions apart best first. */
const FIELDS = [
  'externalKey',
  'parentId',
  'childOf',
  'templateId',
  'projectKey',
  'workingDirectory',
  'owner',
  'tag',
  'tool',
  'model',
  'status',
  'permissionMode',
  'mode',
] as const;
type Field = (typeof FIELDS)[number];

/** Every row that is wanted has one of these values. */
export interface Place {
  readonly field: Field;
  readonly values: readonly string[];
}

/** undefined: rows with any values may be wanted. */
export const placeOf = (condition: Condition): Place | undefined => {
  const places: readonly Place[] = [
    ...FIELDS.flatMap((field): Place[] => {
      const values = valuesAsked(condition, field);
      return values === undefined ? [] : [{ field, values }];
    }),
    ...(condition.allOf ?? []).flatMap((one) => placeOf(one) ?? []),
    ...placesOfEither(condition),
  ];
  return places.reduce<Place | undefined>(
    (best, place) => (best === undefined || rank(place) < rank(best) ? place : best),
    undefined,
  );
};

/** Every row that is wanted lies in it; undefined: there is none. */
const rangeOf = (condition: Condition): AskedRange | undefined => {
  const [own] = rangesAsked(condition);
  return own ?? condition.allOf?.flatMap((one) => rangeOf(one) ?? [])[0];
};

const rank = ({ field }: Place): number => FIELDS.indexOf(field);

/** Alternatives have a place together where all have one of the same field. */
const placesOfEither = ({ anyOf }: Condition): readonly Place[] => {
  const places = anyOf?.map(placeOf) ?? [];
  const field = places[0]?.field;
  if (field === undefined || !places.every((place) => place?.field === field)) return [];
  return [{ field, values: places.flatMap((place) => place?.values ?? []) }];
};

const valuesAsked = (condition: Condition, field: Field): readonly string[] | undefined => {
  switch (field) {
    case 'tag': {
      const { allTags, tags } = condition;
      const [first] = allTags ?? [];
      if (first !== undefined) return [askedTag(first)];
      return tags === undefined || tags.length === 0 ? undefined : tags.map(askedTag);
    }
    case 'tool':
      return condition.tool === undefined ? undefined : [tagKey(condition.tool)];
    case 'status':
      return condition.status === undefined ? undefined : [condition.status].flat();
    case 'workingDirectory':
      return condition.workingDirectory === undefined
        ? undefined
        : directorySpellings(condition.workingDirectory);
    default:
      return condition[field] === undefined ? undefined : [condition[field]];
  }
};

interface Known<W> {
  readonly watch: W;
  readonly place: Place | undefined;
  /** Where it has no place. */
  readonly range: AskedRange | undefined;
  /** Number of the change that met it last. */
  met: number;
}

export class WatchIndex<W> {
  readonly #known = new Map<W, Known<W>>();
  readonly #byField = new Map<Field, Map<string, Set<Known<W>>>>();
  readonly #byRange = new Map<ValueIn, RangeList<Known<W>>>();
  readonly #everywhere = new Set<Known<W>>();
  /** What the last change has met. */
  readonly #found: W[] = [];
  #changes = 0;

  get size(): number {
    return this.#known.size;
  }

  add(watch: W, condition: Condition): void {
    const place = placeOf(condition);
    const range = place === undefined ? rangeOf(condition) : undefined;
    const known: Known<W> = { watch, place, range, met: 0 };
    this.#known.set(watch, known);
    if (place !== undefined)
      for (const value of place.values) put(into(this.#byField, place.field), value, known);
    else if (range !== undefined) this.#addRange(range, known);
    else this.#everywhere.add(known);
  }

  #deleteRange({ valueIn }: AskedRange, known: Known<W>): void {
    const list = this.#byRange.get(valueIn);
    list?.delete(known);
    if (list?.size === 0) this.#byRange.delete(valueIn);
  }

  #addRange(range: AskedRange, known: Known<W>): void {
    const list = this.#byRange.get(range.valueIn) ?? new RangeList<Known<W>>();
    this.#byRange.set(range.valueIn, list);
    list.add(known, range);
  }

  delete(watch: W): void {
    const known = this.#known.get(watch);
    if (known === undefined) return;
    const { place, range } = known;
    this.#known.delete(watch);
    this.#everywhere.delete(known);
    if (range !== undefined) this.#deleteRange(range, known);
    const ofField = place && this.#byField.get(place.field);
    if (place === undefined || ofField === undefined) return;
    for (const value of place.values) take(ofField, value, known);
    if (ofField.size === 0) this.#byField.delete(place.field);
  }

  /** Each watch that may want one of the two, once. The list is valid until the next question. */
  concerned(before: CatalogRow | undefined, after: CatalogRow | undefined): readonly W[] {
    this.#found.length = 0;
    const row = after ?? before;
    if (row === undefined) return this.#found;
    this.#changes += 1;
    for (const { watch } of this.#everywhere) this.#found.push(watch);
    for (const [valueIn, watches] of this.#byRange)
      watches.eachOfEither(valueIn(before ?? row), valueIn(row), this.#meet);
    for (const [field, ofField] of this.#byField) {
      this.#meetAll(row, field, ofField);
      if (before !== undefined && before !== row && !hasKept(before, row, field))
        this.#meetAll(before, field, ofField);
    }
    return this.#found;
  }

  #meetAll(row: CatalogRow, field: Field, ofField: ReadonlyMap<string, Set<Known<W>>>): void {
    if (field === 'tag') for (const tag of row.tags) this.#meetEach(ofField.get(tagKey(tag)));
    else if (field === 'tool')
      for (const tool of row.toolsUsed ?? []) this.#meetEach(ofField.get(tagKey(tool)));
    else {
      const value = row[field];
      if (value !== undefined) this.#meetEach(ofField.get(value));
    }
  }

  #meetEach(watches: ReadonlySet<Known<W>> | undefined): void {
    if (watches !== undefined) for (const known of watches) this.#meet(known);
  }

  readonly #meet = (known: Known<W>): void => {
    if (known.met === this.#changes) return;
    known.met = this.#changes;
    this.#found.push(known.watch);
  };
}

const into = <K, V>(maps: Map<K, Map<string, V>>, key: K): Map<string, V> => {
  const map = maps.get(key) ?? new Map<string, V>();
  maps.set(key, map);
  return map;
};

const put = <K, V>(sets: Map<K, Set<V>>, key: K, value: V): void => {
  const set = sets.get(key) ?? new Set<V>();
  sets.set(key, set.add(value));
};

const take = <K, V>(sets: Map<K, Set<V>>, key: K, value: V): void => {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
};

/** Whether all that it stood under it stands under still: the tags of a session hardly ever change. */
const hasKept = (before: CatalogRow, row: CatalogRow, field: Field): boolean => {
  if (field === 'tag') return areKept(before.tags, row.tags);
  if (field === 'tool') return areKept(before.toolsUsed ?? [], row.toolsUsed ?? []);
  return before[field] === row[field];
};

const areKept = (before: readonly string[], now: readonly string[]): boolean =>
  before === now || before.every((value, at) => value === now[at]);
