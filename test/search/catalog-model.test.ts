import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { type Criteria, FACETS } from '../../src/model/criteria.ts';
import { tagKey } from '../../src/model/tags.ts';
import { MemoryCatalog } from '../../src/search/catalog.ts';
import { naiveSearch } from './naive-catalog.ts';
import { nestedSearches, rowOf, searches, sessionIds, summaryRows, tenant } from './summary-row.ts';

type Change = { put: CatalogRow } | { delete: string };

const changes = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: summaryRows.map((put): Change => ({ put })) },
    { weight: 1, arbitrary: sessionIds.map((id): Change => ({ delete: id })) },
  ),
  { maxLength: 40 },
);

class Pair {
  readonly catalog: MemoryCatalog;
  readonly rows = new Map<string, CatalogRow>();

  constructor(catalog = new MemoryCatalog()) {
    this.catalog = catalog;
  }

  apply(change: Change): void {
    if ('put' in change) {
      this.catalog.put(change.put);
      this.rows.set(change.put.key.sessionId, change.put);
    } else {
      this.catalog.delete(rowOf(change.delete).key);
      this.rows.delete(change.delete);
    }
  }
}

const pairAfter = (all: readonly Change[]): Pair => {
  const pair = new Pair();
  for (const change of all) pair.apply(change);
  return pair;
};

/** The same sessions, read at a start: those that commits tell of meanwhile come by turns with them. */
const loadedAfter = (all: readonly Change[]): Pair => {
  const pair = new Pair(new MemoryCatalog(undefined, { isLoading: true }));
  for (const change of all) pair.apply(change);
  pair.catalog.settle();
  return pair;
};

const walk = (catalog: MemoryCatalog, criteria: Criteria, between: (page: number) => void) => {
  const seen: CatalogRow[] = [];
  for (let page = 0, cursor: string | undefined; page === 0 || cursor !== undefined; page++) {
    const { rows, nextCursor } = catalog.search(tenant, { ...criteria, ...(cursor && { cursor }) });
    expect(rows.length).toBeLessThanOrEqual(criteria.limit);
    seen.push(...rows);
    cursor = nextCursor;
    between(page);
  }
  return seen;
};

test('whatever was put and deleted, all pages together are what a plain filter and sort give', () => {
  fc.assert(
    fc.property(changes, searches, (all, criteria) => {
      const { catalog, rows } = pairAfter(all);
      const expected = naiveSearch(rows.values(), criteria);
      expect(walk(catalog, criteria, () => {})).toEqual(expected);
    }),
    { numRuns: 3_000 },
  );
});

test('a catalog that was filled at a start, and changed since, finds the same', () => {
  fc.assert(
    fc.property(changes, changes, searches, (before, after, criteria) => {
      const pair = loadedAfter(before);
      for (const change of after) pair.apply(change);
      expect(walk(pair.catalog, criteria, () => {})).toEqual(
        naiveSearch(pair.rows.values(), criteria),
      );
      expect(pair.catalog.count(tenant, criteria).count).toBe(
        naiveSearch(pair.rows.values(), criteria).length,
      );
    }),
    { numRuns: 1_000 },
  );
});

test('criteria that are put together find, and count, what a plain filter does', () => {
  fc.assert(
    fc.property(changes, nestedSearches, (all, criteria) => {
      const { catalog, rows } = pairAfter(all);
      const expected = naiveSearch(rows.values(), criteria);
      expect(walk(catalog, criteria, () => {})).toEqual(expected);
      expect(catalog.count(tenant, criteria).count).toBe(expected.length);
    }),
    { numRuns: 500 },
  );
});

test('count gives the number and the known cost of what a search would find', () => {
  fc.assert(
    fc.property(changes, searches, (all, criteria) => {
      const { catalog, rows } = pairAfter(all);
      const expected = naiveSearch(rows.values(), criteria);
      const costNanoUsd = expected.reduce((sum, row) => sum + row.costNanoUsd, 0);
      expect(catalog.count(tenant, criteria)).toEqual({ count: expected.length, costNanoUsd });
    }),
    { numRuns: 1_000 },
  );
});

test('facets count what a search would find by each of its values', () => {
  const fields = fc.constantFrom(...FACETS);
  fc.assert(
    fc.property(changes, searches, fields, fc.boolean(), (all, criteria, by, isFiltered) => {
      const { catalog, rows } = pairAfter(all);
      const { limit, sortBy: _, order: __, ...filter } = criteria;
      const found = isFiltered ? naiveSearch(rows.values(), criteria) : [...rows.values()];
      const values = found.flatMap((row) =>
        by === 'tag' ? row.tags.map(tagKey) : (row[by] ?? []),
      );
      const expected = new Map<string, number>();
      for (const value of values) expected.set(value, (expected.get(value) ?? 0) + 1);
      const request = { ...(isFiltered ? filter : {}), by, limit: 1_000 };
      const { facets, values: count } = catalog.facets(tenant, request);
      const keyOf = (value: string) => (by === 'tag' ? tagKey(value) : value);
      expect(new Map(facets.map((one) => [keyOf(one.value), one.sessions]))).toEqual(expected);
      expect(count).toBe(expected.size);
      const sizes = facets.map((one) => one.sessions);
      expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
      expect(catalog.facets(tenant, { ...request, limit }).facets).toEqual(facets.slice(0, limit));
    }),
    { numRuns: 1_000 },
  );
});

test('sessions that change between pages neither repeat nor hide those that do not', () => {
  fc.assert(
    fc.property(changes, searches, changes, (before, criteria, meanwhile) => {
      const pair = pairAfter(before);
      const found = naiveSearch(pair.rows.values(), criteria);
      const moved = new Set(meanwhile.map((c) => ('put' in c ? c.put.key.sessionId : c.delete)));
      const seen = walk(pair.catalog, criteria, (page) => {
        for (const change of meanwhile.slice(page * 5, page * 5 + 5)) pair.apply(change);
      });
      const still = (row: CatalogRow) => !moved.has(row.key.sessionId);
      expect(seen.filter(still)).toEqual(found.filter(still));
    }),
    { numRuns: 1_000 },
  );
});

test('find, withOpenTurns, tenants and stats agree with what was put', () => {
  fc.assert(
    fc.property(changes, (all) => {
      const { catalog, rows } = pairAfter(all);
      for (const [id, row] of rows) expect(catalog.find(tenant, id)).toEqual(row);
      const open = catalog.withOpenTurns().map((row) => row.key.sessionId);
      const expected = [...rows.values()].filter(
        (row) => row.openTurns > 0 && row.status !== 'waiting',
      );
      expect(new Set(open)).toEqual(new Set(expected.map((row) => row.key.sessionId)));
      expect(catalog.tenants()).toEqual(rows.size === 0 ? [] : [tenant]);
      expect(catalog.stats().sessions).toBe(rows.size);
    }),
  );
});
