import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import type { Criteria, Facets } from '../../src/model/criteria.ts';
import { tagKey } from '../../src/model/tag-key.ts';
import { FACETS, PERIODS } from '../../src/model/words.ts';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import type { FacetsPage } from '../../src/session/ports/catalog.ts';
import { isFull } from '../chaos/size.ts';
import { ZONES } from './moments.ts';
import { naiveFacets, naiveSearch, naiveSums } from './naive-catalog.ts';
import {
  nestedSearches,
  rowOf,
  searches,
  sessionIds,
  shown,
  summaryRows,
  tenant,
} from './summary-row.ts';

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

const walk = async (
  catalog: MemoryCatalog,
  criteria: Criteria,
  between: (page: number) => void = () => {},
): Promise<CatalogRow[]> => {
  const seen: CatalogRow[] = [];
  for (let page = 0, cursor: string | undefined; page === 0 || cursor !== undefined; page++) {
    const asked = { ...criteria, ...(cursor && { cursor }) };
    const { rows, nextCursor } = await catalog.search(tenant, asked);
    expect(rows.length).toBeLessThanOrEqual(criteria.limit);
    seen.push(...rows);
    cursor = nextCursor;
    between(page);
  }
  return seen;
};

/** A part of a thousand is a test of its own: all at once take long on a busy machine. */
const PARTS = isFull() ? [1, 2, 3, 4, 5, 6] : [1, 2];

test.each(PARTS)(
  'whatever was put and deleted, all pages together are what a plain filter and sort give: part %i',
  async () => {
    await fc.assert(
      fc.asyncProperty(changes, searches, async (all, criteria) => {
        const { catalog, rows } = pairAfter(all);
        const expected = naiveSearch(rows.values(), criteria).map(shown);
        expect(await walk(catalog, criteria)).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  },
);

test('a catalog that was filled at a start, and changed since, finds the same', async () => {
  await fc.assert(
    fc.asyncProperty(changes, changes, searches, async (before, after, criteria) => {
      const pair = loadedAfter(before);
      for (const change of after) pair.apply(change);
      const expected = naiveSearch(pair.rows.values(), criteria);
      expect(await walk(pair.catalog, criteria)).toEqual(expected.map(shown));
      expect(await pair.catalog.count(tenant, criteria)).toEqual(naiveSums(expected));
    }),
    { numRuns: 1_000 },
  );
});

test('criteria that are put together find, and count, what a plain filter does', async () => {
  await fc.assert(
    fc.asyncProperty(changes, nestedSearches, async (all, criteria) => {
      const { catalog, rows } = pairAfter(all);
      const expected = naiveSearch(rows.values(), criteria);
      expect(await walk(catalog, criteria)).toEqual(expected.map(shown));
      expect(await catalog.count(tenant, criteria)).toEqual(naiveSums(expected));
    }),
    { numRuns: 500 },
  );
});

test('count gives the number, the known cost, the tokens and the turns of what a search would find', async () => {
  await fc.assert(
    fc.asyncProperty(changes, searches, async (all, criteria) => {
      const { catalog, rows } = pairAfter(all);
      const expected = naiveSearch(rows.values(), criteria);
      expect(await catalog.count(tenant, criteria)).toEqual(naiveSums(expected));
    }),
    { numRuns: 1_000 },
  );
});

test('facets sum up what a search would find by each of its values', async () => {
  const fields = fc.constantFrom(...FACETS);
  const zones = fc.constantFrom(undefined, ...ZONES);
  await fc.assert(
    fc.asyncProperty(
      ...([changes, searches, fields, zones, fc.boolean()] as const),
      async (all, criteria, by, timeZone, isFiltered) => {
        const { catalog, rows } = pairAfter(all);
        const { limit, sortBy: _, order: __, ...filter } = criteria;
        const found = isFiltered ? naiveSearch(rows.values(), criteria) : [...rows.values()];
        const expected = naiveFacets(found, by, timeZone);
        const request = { ...(isFiltered ? filter : {}), by, timeZone, limit: 1_000 };
        const { facets, values } = await catalog.facets(tenant, request);
        const keyOf = (value: string) => (by === 'tag' || by === 'tool' ? tagKey(value) : value);
        const sums = facets.map(({ value, ...sums }) => [keyOf(value), sums] as const);
        expect(new Map(sums)).toEqual(expected);
        expect(values).toBe(expected.size);
        expect(facets).toEqual(facets.toSorted(isTime(by) ? latestFirst : mostFirst));
        const { facets: first } = await catalog.facets(tenant, { ...request, limit });
        expect(first).toEqual(facets.slice(0, limit));
      },
    ),
    { numRuns: 1_000 },
  );
});

type Counted = FacetsPage['facets'][number];
const isTime = (by: Facets['by']): boolean => PERIODS.some((period) => period === by);
const latestFirst = (a: Counted, b: Counted): number => (a.value < b.value ? 1 : -1);
const mostFirst = (a: Counted, b: Counted): number =>
  b.sessions - a.sessions || (a.value < b.value ? -1 : 1);

test('sessions that change between pages neither repeat nor hide those that do not', async () => {
  await fc.assert(
    fc.asyncProperty(changes, searches, changes, async (before, criteria, meanwhile) => {
      const pair = pairAfter(before);
      const found = naiveSearch(pair.rows.values(), criteria);
      const moved = new Set(meanwhile.map((c) => ('put' in c ? c.put.key.sessionId : c.delete)));
      const seen = await walk(pair.catalog, criteria, (page) => {
        for (const change of meanwhile.slice(page * 5, page * 5 + 5)) pair.apply(change);
      });
      const still = (row: CatalogRow) => !moved.has(row.key.sessionId);
      expect(seen.filter(still)).toEqual(found.filter(still).map(shown));
    }),
    { numRuns: 1_000 },
  );
});

test('find, withOpenTurns, tenants and stats agree with what was put', () => {
  fc.assert(
    fc.property(changes, (all) => {
      const { catalog, rows } = pairAfter(all);
      for (const [id, row] of rows) expect(catalog.find(tenant, id)).toEqual(shown(row));
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
