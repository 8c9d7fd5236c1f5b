/**
 * Searching one table.
 *
 * Two ways lead to a page. Walking a stretch of the sort order ends as soon as the page is full, but may pass by
 * many rows that do not match; gathering looks at every row of the shortest road and keeps the best. The walk goes
 * first and may visit as many rows as gathering would: so a search costs at most twice the cheaper of the two, and
 * nothing needs to be guessed.
 */

import type { Criteria, Filter } from '../model/criteria.ts';
import type { SearchPage } from '../session/ports/catalog.ts';
import { decodeCursor, encodeCursor, type Place } from './cursor.ts';
import { Query, type Road, type Stretch } from './query.ts';
import type { SessionTable } from './session-table.ts';
import type { SortedColumn } from './sorted-column.ts';
import { TopK } from './top-k.ts';

/** The order of a page, and where it goes on. */
interface Order {
  readonly column: SortedColumn;
  readonly isDescending: boolean;
  /** Only what lies behind this place was not shown yet. */
  readonly after: Place | undefined;
}

export const search = (table: SessionTable, criteria: Criteria): SearchPage => {
  const query = new Query(table, criteria);
  const order: Order = {
    column: table.sorted[criteria.sortBy],
    isDescending: criteria.order === 'desc',
    after: decodeCursor(criteria),
  };
  const stretch = behind(query.stretch(criteria.sortBy), order);
  const road = query.road();
  const wanted = criteria.limit + 1; // one more tells whether there is a next page
  const slots = walk(stretch, order.isDescending, road.size, wanted) ?? gather(road, order, wanted);
  const page = slots.slice(0, criteria.limit).map((slot) => table.rowAt(slot));
  const last = page.at(-1);
  if (slots.length <= criteria.limit || last === undefined) return { rows: page };
  const value = order.column.at(slots[criteria.limit - 1] ?? 0);
  return {
    rows: page,
    nextCursor: encodeCursor(criteria, { value, sessionId: last.key.sessionId }),
  };
};

/** Costs what the shortest road is long; without criteria, or with one value of one field, nothing. */
export const count = (
  table: SessionTable,
  filter: Filter,
): { readonly count: number; readonly costNanoUsd: number } => {
  const query = new Query(table, filter);
  if (query.isEverything) return { count: table.size, costNanoUsd: table.costNanoUsd };
  if (query.total !== undefined) return query.total;
  const total = { count: 0, costNanoUsd: 0 };
  const { each, isWanted } = query.road();
  each((slot) => {
    if (!isWanted(slot)) return;
    total.count += 1;
    total.costNanoUsd += table.sorted.cost.at(slot);
  });
  return total;
};

/** What is left of a stretch behind the place where the last page ended. */
const behind = (stretch: Stretch, { column, isDescending, after }: Order): Stretch => {
  if (after === undefined) return stretch;
  const compare = (slot: number) => column.compareTo(slot, after.value, after.sessionId);
  const { index, from, to } = stretch;
  return isDescending
    ? {
        ...stretch,
        to: Math.min(
          to,
          index.rank((slot) => compare(slot) >= 0),
        ),
      }
    : {
        ...stretch,
        from: Math.max(
          from,
          index.rank((slot) => compare(slot) > 0),
        ),
      };
};

/** undefined: gave up, as gathering is cheaper from here on. */
const walk = (
  { index, from, to, isWanted }: Stretch,
  isDescending: boolean,
  visits: number,
  wanted: number,
): number[] | undefined => {
  const found: number[] = [];
  let visitsLeft = visits;
  const visit = (slot: number): boolean => {
    visitsLeft -= 1;
    if (visitsLeft < 0) return false;
    if (isWanted(slot)) found.push(slot);
    return found.length < wanted;
  };
  if (isDescending) index.descend(from, to, visit);
  else index.ascend(from, to, visit);
  return visitsLeft < 0 ? undefined : found;
};

const gather = ({ each, isWanted }: Road, order: Order, wanted: number): number[] => {
  const { column, after } = order;
  const sign = order.isDescending ? -1 : 1;
  const best = new TopK(wanted, (a, b) => sign * column.compare(a, b));
  const isNew = (slot: number): boolean =>
    after === undefined || sign * column.compareTo(slot, after.value, after.sessionId) > 0;
  each((slot) => {
    if (isWanted(slot) && isNew(slot)) best.add(slot);
  });
  return best.sorted();
};
