/** The model that the catalog is compared with: an array, filtered and sorted anew for each question. */

import type { CatalogRow } from '../../src/model/catalog-row.ts';
import type { Condition, Criteria } from '../../src/model/criteria.ts';
import { tagKey } from '../../src/model/tags.ts';

const SAME = ['mode', 'model', 'workingDirectory', 'owner', 'parentId'] as const;

const isWithin = (value: number, min: number | undefined, max: number | undefined): boolean =>
  (min === undefined || value >= min) && (max === undefined || value <= max);

const nano = (usd: number | undefined) => (usd === undefined ? undefined : Math.round(usd * 1e9));

const hasTags = (row: CatalogRow, filter: Condition): boolean => {
  const own = row.tags.map(tagKey);
  const has = (tag: string) => own.includes(tagKey(tag));
  return (
    (filter.tags === undefined || filter.tags.some(has)) &&
    (filter.allTags ?? []).every(has) &&
    !(filter.noTags ?? []).some(has) &&
    (filter.tagPrefix === undefined ||
      own.some((tag) => tag.startsWith(tagKey(filter.tagPrefix ?? ''))))
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
