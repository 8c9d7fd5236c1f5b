/**
 * Sums over sessions by the values of one field, or by the day, week or month in which they were made. Over all
 * sessions a field costs one step a value; with criteria, what the narrowest of them names; times cost a step a session.
 */

import type { Facets } from '../model/criteria.ts';
import { directoryKey } from '../model/same-directory.ts';
import { isPeriod, type Period } from '../model/words.ts';
import { periodsIn } from '../query/periods.ts';
import type { FacetsPage } from '../session/ports/catalog.ts';
import type { TextAnswers } from '../session/ports/text-index.ts';
import type { Lane } from './lane.ts';
import { Query } from './query.ts';
import { eachOf } from './search.ts';
import { alphabetical } from './table/ordered-index.ts';
import type { SessionTable } from './table/session-table.ts';
import { noSums, sumOf } from './table/sums.ts';

type Counted = FacetsPage['facets'][number];
type Field = Exclude<Facets['by'], Period>;

export const countBy = async (
  table: SessionTable,
  { by, limit, timeZone, ...filter }: Facets,
  lane: Lane,
  texts?: TextAnswers,
): Promise<FacetsPage> => {
  const query = new Query(table, filter, texts);
  if (isPeriod(by)) {
    const labelOf = periodsIn(by, timeZone);
    const all = await among(table, query, lane, (slot, add) =>
      add(labelOf(table.sorted.createdAt.at(slot))),
    );
    return page(all.sort(latestFirst), limit);
  }
  const all = query.isEverything
    ? everywhere(table, by)
    : await among(table, query, lane, valuesOf(table, by));
  return page(all.sort(mostFirst), limit);
};

const page = (all: readonly Counted[], limit: number): FacetsPage => ({
  facets: all.slice(0, limit),
  values: all.length,
});

const mostFirst = (a: Counted, b: Counted): number =>
  b.sessions - a.sessions || alphabetical(a.value, b.value);

const latestFirst = (a: Counted, b: Counted): number => alphabetical(b.value, a.value);

/** Rows that are summed before the loop has its turn: one costs as much as several tests. */
const SUMMED_ROWS = 2_048;

const SETS = { tag: 'tags', tool: 'tools' } as const;
const isSet = (by: Field): by is keyof typeof SETS => by in SETS;

const everywhere = (table: SessionTable, by: Field): Counted[] => {
  const counted: Counted[] = [];
  if (isSet(by)) {
    const set = table[SETS[by]];
    set.eachKey((key, value) => counted.push({ value, ...set.postings.sums(key) }));
  } else {
    const facet = table.facets[by];
    facet.eachValue((number, value) => counted.push({ value, ...facet.postings.sums(number) }));
  }
  return by === 'workingDirectory' ? byDirectory(counted) : counted;
};

/** One for all that are found together. */
const byDirectory = (counted: readonly Counted[]): Counted[] => {
  const merged = new Map<string, Counted>();
  for (const { value: written, ...sums } of counted) {
    const value = directoryKey(written);
    merged.set(value, { value, ...sumOf(merged.get(value) ?? noSums(), sums) });
  }
  return [...merged.values()];
};

/** Names the values of a row: what is one value has one key. */
type ValuesOf = (slot: number, add: (key: string, value?: string) => void) => void;

const valuesOf = (table: SessionTable, by: Field): ValuesOf => {
  if (isSet(by)) {
    const set = table[SETS[by]];
    return (slot, add) => set.eachOf(slot, add);
  }
  const facet = table.facets[by];
  return (slot, add) => {
    const text = facet.text(slot);
    if (text !== undefined) add(by === 'workingDirectory' ? directoryKey(text) : text);
  };
};

const among = async (
  table: SessionTable,
  query: Query,
  lane: Lane,
  valuesAt: ValuesOf,
): Promise<Counted[]> => {
  const sums = new Map<string, ReturnType<typeof noSums> & { readonly value: string }>();
  let at = 0;
  const add = (key: string, value = key): void => {
    const known = sums.get(key) ?? { value, ...noSums() };
    sums.set(key, known);
    table.addTo(known, at);
  };
  const visit = (slot: number): void => {
    at = slot;
    valuesAt(slot, add);
  };
  await eachOf(table, query, visit, lane, SUMMED_ROWS);
  return [...sums.values()];
};
