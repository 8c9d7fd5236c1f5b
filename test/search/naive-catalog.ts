/** The model that the catalog is compared with: an array, filtered and sorted anew for each question. */

import type { CatalogRow } from '../../src/model/catalog-row.ts';
import type { Condition, Criteria, Facets } from '../../src/model/criteria.ts';
import { tagKey } from '../../src/model/tag-key.ts';
import type { Sums } from '../../src/session/ports/catalog.ts';
import { nameOf, type Zone } from './moments.ts';

const SAME = ['mode', 'model', 'workingDirectory', 'owner', 'parentId', 'childOf'] as const;

const isWithin = (value: number, min: number | undefined, max: number | undefined): boolean =>
  (min === undefined || value >= min) && (max === undefined || value <= max);

const nano = (usd: number | undefined) => (usd === undefined ? undefined : Math.round(usd * 1e9));

const hasTags = (row: CatalogRow, filter: Condition): boolean => {
  const has = (tag: string) => row.tags.some((own) => tagKey(own) === tagKey(tag));
  return (
    (filter.tags === undefined || filter.tags.some(has)) &&
    (filter.allTags ?? []).every(has) &&
    !(filter.noTags ?? []).some(has) &&
    (filter.tagPrefix === undefined ||
      row.tags.some((tag) => tagKey(tag).startsWith(tagKey(filter.tagPrefix ?? ''))))
  );
};

const usedTools = ({ toolsUsed = [] }: CatalogRow, { tool, toolPrefix }: Condition): boolean => {
  const has = (isWanted: (name: string) => boolean) =>
    toolsUsed.some((name) => isWanted(name.toLowerCase()));
  return (
    (tool === undefined || has((name) => name === tool.toLowerCase())) &&
    (toolPrefix === undefined || has((name) => name.startsWith(toolPrefix.toLowerCase())))
  );
};

const isUnder = (directory: string | undefined, top: string): boolean => {
  if (directory === undefined) return false;
  const bare = top.replace(/\/+$/, '');
  return directory === bare || directory === top || directory.startsWith(`${bare}/`);
};

const isOfModel = ({ model }: CatalogRow, start: string): boolean =>
  model?.startsWith(start) === true || model?.startsWith(`claude-${start}`) === true;

export const matches = (row: CatalogRow, filter: Condition): boolean =>
  (filter.allOf ?? []).every((one) => matches(row, one)) &&
  (filter.anyOf === undefined || filter.anyOf.some((one) => matches(row, one))) &&
  !(filter.noneOf ?? []).some((one) => matches(row, one)) &&
  (filter.modelPrefix === undefined || isOfModel(row, filter.modelPrefix)) &&
  isWithin(row.numTurns, filter.minTurns, filter.maxTurns) &&
  isWithin(row.tokens, filter.minTokens, filter.maxTokens) &&
  (filter.hasErrors === undefined || filter.hasErrors === row.errorCount > 0) &&
  (filter.hasArchive === undefined || filter.hasArchive === (row.hasArchive ?? false)) &&
  (filter.hasApproval === undefined || filter.hasApproval === (row.hasApproval ?? false)) &&
  usedTools(row, filter) &&
  hasTags(row, filter) &&
  isWithin(row.createdAtMs, filter.createdAfter, filter.createdBefore) &&
  isWithin(row.createdAtMs, filter.after, filter.before) &&
  isWithin(row.updatedAtMs, filter.updatedAfter, filter.updatedBefore) &&
  isWithin(row.costNanoUsd, nano(filter.minCostUsd), nano(filter.maxCostUsd)) &&
  isWithin(row.costNanoUsd, nano(filter.minCost), nano(filter.maxCost)) &&
  (filter.idPrefix === undefined || row.key.sessionId.startsWith(filter.idPrefix)) &&
  (filter.underDirectory === undefined || isUnder(row.workingDirectory, filter.underDirectory)) &&
  (filter.status === undefined || [filter.status].flat().includes(row.status)) &&
  SAME.every((field) => filter[field] === undefined || filter[field] === row[field]);

const VALUES = {
  updatedAt: (row: CatalogRow) => row.updatedAtMs,
  createdAt: (row: CatalogRow) => row.createdAtMs,
  cost: (row: CatalogRow) => row.costNanoUsd,
  turns: (row: CatalogRow) => row.numTurns,
};

/** Every match, in order. */
export const naiveSearch = (rows: Iterable<CatalogRow>, criteria: Criteria): CatalogRow[] => {
  const value = VALUES[criteria.sortBy];
  const sign = criteria.order === 'asc' ? 1 : -1;
  const byId = (a: CatalogRow, b: CatalogRow) => (a.key.sessionId < b.key.sessionId ? -1 : 1);
  return [...rows]
    .filter((row) => matches(row, criteria))
    .sort((a, b) => sign * (value(a) - value(b) || byId(a, b)));
};

export type Place = readonly [value: number, sessionId: string];

export const placeOf = (row: CatalogRow, { sortBy }: Criteria): Place => [
  VALUES[sortBy](row),
  row.key.sessionId,
];

/** The matches behind a place, in order. */
export const naiveRest = (
  rows: Iterable<CatalogRow>,
  criteria: Criteria,
  [value, sessionId]: Place,
): CatalogRow[] => {
  const isAfter = ([other, id]: Place) => other > value || (other === value && id > sessionId);
  const isBefore = ([other, id]: Place) => other < value || (other === value && id < sessionId);
  const isBehind = criteria.order === 'asc' ? isAfter : isBefore;
  return naiveSearch(rows, criteria).filter((row) => isBehind(placeOf(row, criteria)));
};

type Running = { -readonly [K in keyof Sums]: Sums[K] };

const add = (sums: Running, row: CatalogRow): Running => {
  sums.sessions += 1;
  sums.costNanoUsd += row.costNanoUsd;
  sums.partial += row.costIsPartial ? 1 : 0;
  sums.tokens += row.tokens;
  sums.turns += row.numTurns;
  return sums;
};
const nothing = (): Running => ({
  sessions: 0,
  costNanoUsd: 0,
  partial: 0,
  tokens: 0,
  turns: 0,
});

export const naiveSums = (rows: readonly CatalogRow[]): Sums => rows.reduce(add, nothing());

const valuesOf = (row: CatalogRow, by: Facets['by'], zone: Zone): readonly string[] => {
  switch (by) {
    case 'tag':
      return row.tags.map(tagKey);
    case 'tool':
      return (row.toolsUsed ?? []).map(tagKey);
    case 'day':
    case 'week':
    case 'month':
      return [nameOf(by, row.createdAtMs, zone)];
    default:
      return [row[by] ?? []].flat();
  }
};

/** The sums of these rows by their values; tags and tools in the form in which all spellings are one. */
export const naiveFacets = (
  rows: readonly CatalogRow[],
  by: Facets['by'],
  zone: Zone = 'UTC',
): ReadonlyMap<string, Sums> => {
  const sums = new Map<string, Running>();
  for (const row of rows)
    for (const value of valuesOf(row, by, zone))
      sums.set(value, add(sums.get(value) ?? nothing(), row));
  return sums;
};
