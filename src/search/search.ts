/**
 * Searching one table.
 *
 * Two ways lead to a page. Walking a stretch of the sort order ends as soon as the page is full, but may pass by
 * many rows that do not match; gathering looks at every row of the shortest road and keeps the best. The walk goes
 * first and may visit as many rows as gathering would: so a search costs at most twice the cheaper of the two, and
 * nothing needs to be guessed.
 *
 * What takes no longer than a slice is done at once; longer ways are walked in slices, and see the table as it was when
 * they began.
 */

import type { CatalogRow } from '../model/catalog-row.ts';
import type { Criteria, Filter } from '../model/criteria.ts';
import type { SearchPage } from '../session/ports/catalog.ts';
import type { TextAnswers } from '../session/ports/text-index.ts';
import { decodeCursor, encodeCursor, type Place } from './cursor.ts';
import { type Lane, sliceRowsFor } from './lane.ts';
import { Query, type Road, type Stretch } from './query.ts';
import { alphabetical } from './table/ordered-index.ts';
import type { SessionTable } from './table/session-table.ts';
import type { SortedColumn } from './table/sorted-column.ts';
import { noSums, type Sums } from './table/sums.ts';
import { Walk } from './table/walk.ts';
import { TopK } from './top-k.ts';

/** The order of a page, and where it goes on. */
interface Order {
  readonly column: SortedColumn;
  readonly isDescending: boolean;
  /** Only what lies behind this place was not shown yet. */
  readonly after: Place | undefined;
}

/** A row that was found, as it was then, with its place in the order. */
interface Found extends Place {
  readonly row: CatalogRow;
}

export const search = async (
  table: SessionTable,
  criteria: Criteria,
  lane: Lane,
  texts?: TextAnswers,
): Promise<SearchPage> => {
  const query = new Query(table, criteria, texts);
  const order: Order = {
    column: table.sorted[criteria.sortBy],
    isDescending: criteria.order === 'desc',
    after: decodeCursor(criteria),
  };
  const stretch = behind(query.stretch(criteria.sortBy), order);
  const road = query.road();
  const sliceRows = sliceRowsFor(query.tests);
  const wanted = criteria.limit + 1; // one more tells whether there is a next page
  const slots =
    walk(table, stretch, order, { visits: Math.min(road.size, sliceRows), wanted }) ??
    (road.size > sliceRows ? undefined : gather(road, order, wanted));
  if (slots !== undefined) table.fetch(slots);
  const found =
    slots?.map((slot) => foundAt(table, order, slot)) ??
    (await walkInSlices(table, stretch, order, { visits: road.size, wanted, sliceRows }, lane)) ??
    (await gatherInSlices(table, new Query(table, criteria, texts), order, wanted, lane));
  return pageOf(found, criteria);
};

const foundAt = (table: SessionTable, { column }: Order, slot: number): Found => {
  const row = table.rowAt(slot);
  return { row, value: column.at(slot), sessionId: row.key.sessionId };
};

const pageOf = (found: readonly Found[], criteria: Criteria): SearchPage => {
  const rows = found.slice(0, criteria.limit).map(({ row }) => row);
  const last = found[criteria.limit - 1];
  if (found.length <= criteria.limit || last === undefined) return { rows };
  const { value, sessionId } = last;
  return { rows, nextCursor: encodeCursor(criteria, { value, sessionId }) };
};

/** Costs what the shortest road is long; without criteria, or with one value of one field, nothing. */
export const count = async (
  table: SessionTable,
  filter: Filter,
  lane: Lane,
  texts?: TextAnswers,
): Promise<Sums> => {
  const query = new Query(table, filter, texts);
  if (query.isEverything) return table.sums;
  if (query.sums !== undefined) return query.sums;
  const sums = noSums();
  await eachOf(table, query, (slot) => table.addTo(sums, slot), lane);
  return sums;
};

/**
 * Visits every row that is wanted, in slices where there are many.
 *
 * @param mostRows of a slice, for visits that cost more than a test does
 */
export const eachOf = async (
  table: SessionTable,
  query: Query,
  visit: (slot: number) => void,
  lane: Lane,
  mostRows?: number,
): Promise<void> => {
  const sliceRows = sliceRowsFor(query.tests, mostRows);
  const road = query.road();
  const { size, each, isWanted } = road;
  if (size <= sliceRows)
    return each((slot) => {
      if (isWanted(slot)) visit(slot);
    });
  const isWantedRaw = road.isWantedRaw ?? isWanted;
  const walk = new Walk(slotsOf(size, road.eachRaw ?? each), table.slotsEnd, (slot) => {
    if (isWantedRaw(slot)) visit(slot);
    return true;
  });
  await lane.run(table, walk, sliceRows);
};

const slotsOf = (size: number, each: Road['each']): Uint32Array => {
  const slots = new Uint32Array(size);
  let length = 0;
  each((slot) => {
    slots[length++] = slot;
  });
  return slots.subarray(0, length);
};

/** What is left of a stretch behind the place where the last page ended. */
const behind = (stretch: Stretch, { column, isDescending, after }: Order): Stretch => {
  if (after === undefined) return stretch;
  const { index, from, to } = stretch;
  const rank = column.rankBehind(after, index, { isAt: isDescending });
  return isDescending
    ? { ...stretch, to: Math.min(to, rank) }
    : { ...stretch, from: Math.max(from, rank) };
};

/** Visits the rows of a stretch in the order that is asked for. */
const inOrder = (
  { index, from, to, choice }: Stretch,
  { isDescending }: Order,
  visit: (slot: number) => boolean,
): void => {
  if (isDescending) index.descend(from, to, visit, choice);
  else index.ascend(from, to, visit, choice);
};

/** The beginning of a stretch in its order. */
const beginning = (stretch: Stretch, { isDescending }: Order, length: number): Stretch => {
  const { from, to } = stretch;
  return isDescending
    ? { ...stretch, from: Math.max(from, to - length) }
    : { ...stretch, to: Math.min(to, from + length) };
};

/** Rows are tested so many at a time at least: the processor waits for them together. */
const FEW_MET = 16;
/** So many rows can be passed by for their marks while one is looked at. */
const PASSED_PER_VISIT = 16;

/** undefined: gave up, as gathering is cheaper from here on, or the loop must have its turn. */
const walk = (
  table: SessionTable,
  stretch: Stretch,
  order: Order,
  { visits, wanted }: { readonly visits: number; readonly wanted: number },
): number[] | undefined => {
  const found: number[] = [];
  const met: number[] = [];
  const test = (): void => {
    table.fetchFields(met);
    for (const slot of met) if (found.length < wanted && stretch.isWanted(slot)) found.push(slot);
    met.length = 0;
  };
  let visitsLeft = visits;
  const near = beginning(stretch, order, visits * PASSED_PER_VISIT);
  inOrder(near, order, (slot) => {
    visitsLeft -= 1;
    if (visitsLeft < 0) return false;
    met.push(slot);
    if (met.length >= Math.max(FEW_MET, wanted - found.length)) test();
    return found.length < wanted;
  });
  test();
  const isSeen = near.from === stretch.from && near.to === stretch.to;
  return found.length < wanted && (visitsLeft < 0 || !isSeen) ? undefined : found;
};

/** The same for long stretches. Rows that change meanwhile are looked at before their turn, and find their place at the end. */
const walkInSlices = async (
  table: SessionTable,
  stretch: Stretch,
  order: Order,
  {
    visits,
    wanted,
    sliceRows,
  }: { readonly visits: number; readonly wanted: number; readonly sliceRows: number },
  lane: Lane,
): Promise<readonly Found[] | undefined> => {
  const size = Math.max(0, stretch.to - stretch.from);
  const most = Math.min(size, visits);
  let left = most;
  const slots = slotsOf(most, (visit) => {
    inOrder(stretch, order, (slot) => {
      visit(slot);
      left -= 1;
      return left > 0;
    });
  });
  const found: Found[] = [];
  let inTurn = 0;
  const visit = (slot: number, isInTurn: boolean): boolean => {
    if (!stretch.isWanted(slot)) return true;
    found.push(foundAt(table, order, slot));
    if (isInTurn) inTurn += 1;
    return inTurn < wanted;
  };
  await lane.run(table, new Walk(slots, table.slotsEnd, visit), sliceRows);
  if (found.length < wanted && left === 0 && most < size) return undefined;
  return found.sort(comparing(order)).slice(0, wanted);
};

const gather = ({ each, isWanted }: Road, order: Order, wanted: number): number[] => {
  const { column, after } = order;
  const sign = order.isDescending ? -1 : 1;
  const best = new TopK<number>(wanted, (a, b) => sign * column.compare(a, b));
  const isNew = (slot: number): boolean =>
    after === undefined || sign * column.compareTo(slot, after.value, after.sessionId) > 0;
  each((slot) => {
    if (isWanted(slot) && isNew(slot)) best.add(slot);
  });
  return best.sorted();
};

/** The same for long roads: the best are kept as they were when they were met. */
const gatherInSlices = async (
  table: SessionTable,
  query: Query,
  order: Order,
  wanted: number,
  lane: Lane,
): Promise<readonly Found[]> => {
  const { column, after } = order;
  const compare = comparing(order);
  const best = new TopK<Found, Place>(wanted, compare);
  const visit = (slot: number): void => {
    const place = { value: column.at(slot), sessionId: table.idAt(slot) };
    if (after !== undefined && compare(place, after) <= 0) return;
    if (best.wants(place)) best.add(foundAt(table, order, slot));
  };
  await eachOf(table, query, visit, lane);
  return best.sorted();
};

const comparing =
  ({ isDescending }: Order) =>
  (a: Place, b: Place): number =>
    (isDescending ? -1 : 1) * (a.value - b.value || alphabetical(a.sessionId, b.sessionId));
