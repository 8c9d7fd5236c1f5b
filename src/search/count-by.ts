/**
 * Counting sessions by the values of one field. Over all sessions it costs one step a value; with
 * criteria, what the narrowest of them names.
 */

import type { Facets } from '../model/criteria.ts';
import type { FacetsPage } from '../session/ports/catalog.ts';
import { alphabetical } from './ordered-index.ts';
import { Query } from './query.ts';
import type { SessionTable } from './session-table.ts';

type Counted = FacetsPage['facets'][number];

export const countBy = (table: SessionTable, request: Facets): FacetsPage => {
  const { by, limit, ...filter } = request;
  const query = new Query(table, filter);
  const all = query.isEverything ? everywhere(table, by) : among(table, by, query);
  const facets = all.sort((a, b) => b.sessions - a.sessions || alphabetical(a.value, b.value));
  return { facets: facets.slice(0, limit), values: facets.length };
};

const everywhere = (table: SessionTable, by: Facets['by']): Counted[] => {
  const counted: Counted[] = [];
  const add = (value: string, sessions: number) => void counted.push({ value, sessions });
  if (by === 'tag') table.tags.eachKey((key, spelling) => add(spelling, table.tags.size(key)));
  else {
    const facet = table.facets[by];
    facet.eachValue((value, text) => add(text, facet.size(value)));
  }
  return counted;
};

const among = (table: SessionTable, by: Facets['by'], query: Query): Counted[] => {
  const counts = new Map<string, Counted>();
  const add = (key: string, value: string) => {
    const before = counts.get(key);
    counts.set(key, { value: before?.value ?? value, sessions: (before?.sessions ?? 0) + 1 });
  };
  const { each, isWanted } = query.road();
  each((slot) => {
    if (!isWanted(slot)) return;
    if (by === 'tag') table.tags.eachOf(slot, add);
    else {
      const text = table.facets[by].text(slot);
      if (text !== undefined) add(text, text);
    }
  });
  return [...counts.values()];
};
