/**
 * Searching one table.
 *
 * Two roads lead to a page. Walking the sort order ends as soon as the page is full, but may pass by
 * many rows that do not match; gathering looks at every row that the smallest source names and keeps
 * the best. The walk goes first and may visit as many rows as gathering would: so a search costs at
 * most twice the cheaper of the two, and nothing needs to be guessed.
 */

import type { Criteria, Filter } from '../model/criteria.ts';
import type { SearchPage } from '../session/ports/catalog.ts';
import { decodeCursor, encodeCursor, type Place } from './cursor.ts';
import { passes, type Query, queryOf } from './query.ts';
import type { SessionTable } from './session-table.ts';
import type { SortedColumn } from './sorted-column.ts';
import { TopK } from './top-k.ts';

/** The part of the sort order that a page may come from. */
interface Stretch {
  readonly column: SortedColumn;
  readonly isDescending: boolean;
  /** Ranks in the column's index: the first, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Only what lies behind this place was not shown yet. */
  readonly after: Place | undefined;
}

export const search = (table: SessionTable, criteria: Criteria): SearchPage => {
  const query = queryOf(table, criteria);
  const stretch = stretchOf(table, criteria, query);
  const wanted = criteria.limit + 1; // one more tells whether there is a next page
  const slots = walk(stretch, query, wanted) ?? gather(stretch, query, wanted);
  const page = slots.slice(0, criteria.limit).map((slot) => table.rowAt(slot));
  const last = page.at(-1);
  if (slots.length <= criteria.limit || last === undefined) return { rows: page };
  const value = stretch.column.at(slots[criteria.limit - 1] ?? 0);
  return {
    rows: page,
    nextCursor: encodeCursor(criteria, { value, sessionId: last.key.sessionId }),
  };
};

/** Costs what the smallest source costs to read; without criteria, nothing. */
export const count = (
  table: SessionTable,
  filter: Filter,
): { readonly count: number; readonly costNanoUsd: number } => {
  const query = queryOf(table, filter);
  if (query.tests.length === 0) return { count: table.size, costNanoUsd: table.costNanoUsd };
  const total = { count: 0, costNanoUsd: 0 };
  query.smallest.each((slot) => {
    if (!passes(query, slot)) return;
    total.count += 1;
    total.costNanoUsd += table.sorted.cost.at(slot);
  });
  return total;
};

const stretchOf = (table: SessionTable, criteria: Criteria, { ranges }: Query): Stretch => {
  const column = table.sorted[criteria.sortBy];
  const [from, to] = column.ranks(ranges[criteria.sortBy]);
  const after = decodeCursor(criteria);
  const isDescending = criteria.order === 'desc';
  if (after === undefined) return { column, isDescending, from, to, after };
  const { index } = column;
  const compare = (slot: number) => column.compareTo(slot, after.value, after.sessionId);
  return isDescending
    ? {
        column,
        isDescending,
        from,
        to: Math.min(
          to,
          index.rank((slot) => compare(slot) >= 0),
        ),
        after,
      }
    : {
        column,
        isDescending,
        from: Math.max(
          from,
          index.rank((slot) => compare(slot) > 0),
        ),
        to,
        after,
      };
};

/** undefined: gave up, as gathering is cheaper from here on. */
const walk = (stretch: Stretch, query: Query, wanted: number): number[] | undefined => {
  const { column, isDescending, from, to } = stretch;
  const found: number[] = [];
  let visitsLeft = query.smallest.size;
  const visit = (slot: number): boolean => {
    visitsLeft -= 1;
    if (visitsLeft < 0) return false;
    if (passes(query, slot)) found.push(slot);
    return found.length < wanted;
  };
  if (isDescending) column.index.descend(from, to, visit);
  else column.index.ascend(from, to, visit);
  return visitsLeft < 0 ? undefined : found;
};

const gather = (stretch: Stretch, query: Query, wanted: number): number[] => {
  const { column, after } = stretch;
  const sign = stretch.isDescending ? -1 : 1;
  const best = new TopK(wanted, (a, b) => sign * column.compare(a, b));
  const isNew = (slot: number): boolean =>
    after === undefined || sign * column.compareTo(slot, after.value, after.sessionId) > 0;
  query.smallest.each((slot) => {
    if (passes(query, slot) && isNew(slot)) best.add(slot);
  });
  return best.sorted();
};
