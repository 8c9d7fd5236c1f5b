/** What is found, by criteria one by one: the spellings that are the same, the sums, the orders, the refusals. */
import { describe, expect, it } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import type { Filter } from '../../src/model/criteria.ts';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import type { Sums } from '../../src/search/table/sums.ts';
import { criteriaOf, rowOf, tenant } from './summary-row.ts';

type Wanted = object;

const catalogOf = (rows: Record<string, Partial<CatalogRow>>): MemoryCatalog => {
  const catalog = new MemoryCatalog();
  for (const [id, fields] of Object.entries(rows)) catalog.put(rowOf(id, fields));
  return catalog;
};
const found = async (catalog: MemoryCatalog, wanted: Wanted): Promise<string[]> => {
  const { rows } = await catalog.search(tenant, criteriaOf({ order: 'asc', ...wanted }));
  return rows.map((row) => row.key.sessionId);
};
const counted = async (catalog: MemoryCatalog, filter: Filter): Promise<number> =>
  (await catalog.count(tenant, filter)).sessions;
/** What sessions add up to that cost something and did nothing else. */
const cost = (sessions: number, costNanoUsd: number): Sums => ({
  ...{ sessions, costNanoUsd, partial: 0, tokens: 0, turns: 0 },
});

describe('a directory', () => {
  it.each([
    ['/home/a', ['a', 'b', 'c']],
    ['/home/a/', ['a', 'b', 'c']],
    ['/home/a//', ['a', 'b', 'c']],
    ['/home//a', ['a', 'b', 'c']],
    ['//home///a/', ['a', 'b', 'c']],
    ['\\\\host\\\\share\\', ['share']],
    ['\\host\\share', []],
    ['/odd//way', ['odd']],
    ['/home/a\\', ['a', 'b', 'c']],
    ['/', ['root']],
    ['C:\\', ['drive']],
    ['/home', []],
  ])('asked for as %s is found in each of its spellings: %j', async (workingDirectory, ids) => {
    const catalog = catalogOf({
      a: { workingDirectory: '/home/a' },
      b: { workingDirectory: '/home/a/' },
      c: { workingDirectory: '/home/a\\' },
      d: { workingDirectory: '/home/a/x' },
      drive: { workingDirectory: 'C:\\' },
      root: { workingDirectory: '/' },
      share: { workingDirectory: '\\\\host\\share' },
      odd: { workingDirectory: '/odd//way' },
      none: {},
    });
    expect(await found(catalog, { workingDirectory })).toEqual(ids);
  });

  it('is counted once, as it is found, however its sessions spell it', async () => {
    const catalog = catalogOf({
      a: { workingDirectory: '/home/a', tags: ['x'], costNanoUsd: 1 },
      b: { workingDirectory: '/home/a/', tags: ['x'], costNanoUsd: 2 },
      d: { workingDirectory: '/home/a/x', tags: ['x'] },
      drive: { workingDirectory: 'C:\\', tags: ['x'] },
      root: { workingDirectory: '/', tags: ['x'] },
    });
    for (const filter of [{}, { tags: ['x'] }]) {
      const of = { ...filter, by: 'workingDirectory', limit: 10, timeZone: undefined } as const;
      const { facets, values } = await catalog.facets(tenant, of);
      expect(values).toBe(4);
      expect(facets[0]).toEqual({ value: '/home/a', ...cost(2, 3) });
      for (const { value, sessions } of facets)
        expect(await counted(catalog, { workingDirectory: value })).toBe(sessions);
    }
  });

  it.each([
    ['/home/a', ['a', 'b', 'd', 'w']],
    ['/home/a/', ['a', 'b', 'd', 'w']],
    ['//home//a//', ['a', 'b', 'd', 'w']],
    ['/', ['a', 'b', 'd', 'e', 'root', 'w']],
    ['/home/a/x', ['d']],
  ])(
    'asked for with what lies below as %s is no directory that begins alike: %j',
    async (top, ids) => {
      const catalog = catalogOf({
        a: { workingDirectory: '/home/a' },
        b: { workingDirectory: '/home/a/' },
        d: { workingDirectory: '/home/a/x' },
        e: { workingDirectory: '/home/ab' },
        none: {},
        root: { workingDirectory: '/' },
        w: { workingDirectory: '/home/a\\x' },
      });
      expect(await found(catalog, { underDirectory: top })).toEqual(ids);
    },
  );

  it('with very many below it is tested session by session, with the same outcome', async () => {
    const catalog = catalogOf({
      top: { workingDirectory: '/w' },
      other: { workingDirectory: '/wx' },
    });
    catalog.put(rowOf('none'));
    for (let n = 0; n < 1_100; n++) catalog.put(rowOf(`s${n}`, { workingDirectory: `/w/${n}` }));
    expect(await counted(catalog, { underDirectory: '/w' })).toBe(1_101);
    expect(await counted(catalog, { underDirectory: '/w/' })).toBe(1_101);
    expect(await counted(catalog, { underDirectory: '/w/109' })).toBe(1);
  });
});

describe('a value of one field', () => {
  const fields = {
    ...{ model: 'm', permissionMode: 'plan', owner: 'ann', templateId: 't', externalKey: 'k' },
    ...{ projectKey: 'p', parentId: 'q', mode: 'background', status: 'failed' },
  } as const satisfies Partial<CatalogRow>;

  it.each(Object.entries(fields))('%s finds the sessions that have it', async (name, value) => {
    const catalog = catalogOf({ a: fields, b: { owner: 'bob' } });
    expect(await found(catalog, { [name]: value })).toEqual(['a']);
  });

  it('that no session has finds none', async () => {
    expect(await found(catalogOf({ a: fields, b: {} }), { owner: 'nobody' })).toEqual([]);
    expect(await catalogOf({ a: fields }).count(tenant, { owner: 'nobody' })).toEqual(cost(0, 0));
  });

  it('is counted with what its sessions cost, as they come, change and go', async () => {
    const catalog = catalogOf({ other: { owner: 'bob', costNanoUsd: 1_000 } });
    const total = () => catalog.count(tenant, { owner: 'ann' });
    catalog.put(rowOf('a', { owner: 'ann', costNanoUsd: 5 }));
    expect(await total()).toEqual(cost(1, 5));
    catalog.put(rowOf('b', { owner: 'ann', costNanoUsd: 7 }));
    catalog.put(rowOf('c', { owner: 'ann', costNanoUsd: 11 }));
    expect(await total()).toEqual(cost(3, 23));
    catalog.put(rowOf('b', { owner: 'ann', costNanoUsd: 70 }));
    expect(await total()).toEqual(cost(3, 86));
    catalog.put(rowOf('a', { owner: 'bob', costNanoUsd: 5 }));
    expect(await total()).toEqual(cost(2, 81));
    catalog.delete(rowOf('b').key);
    expect(await total()).toEqual(cost(1, 11));
    catalog.delete(rowOf('c').key);
    expect(await total()).toEqual(cost(0, 0));
    catalog.put(rowOf('d', { owner: 'ann', costNanoUsd: 2 }));
    expect(await total()).toEqual(cost(1, 2));
  });

  it('and nothing at all are counted with what they cost', async () => {
    const catalog = catalogOf({ a: { costNanoUsd: 5, owner: 'ann' }, b: { costNanoUsd: 7 } });
    expect(await catalog.count(tenant, {})).toEqual(cost(2, 12));
    catalog.put(rowOf('a', { costNanoUsd: 50, owner: 'ann' }));
    catalog.delete(rowOf('b').key);
    expect(await catalog.count(tenant, {})).toEqual(cost(1, 50));
    expect(await catalog.count(tenant, { owner: 'ann', mode: 'interactive' })).toEqual(cost(1, 50));
  });
});

describe('tags', () => {
  const catalog = () =>
    catalogOf({ a: { tags: ['x', 'y'] }, b: { tags: ['y'] }, c: { tags: ['z'] }, d: {} });

  it.each([
    [{ tags: ['x'] }, ['a']],
    [{ tags: ['x', 'z'] }, ['a', 'c']],
    [{ tags: ['x', 'unknown'] }, ['a']],
    [{ tags: ['unknown'] }, []],
    [{ allTags: ['x', 'y'] }, ['a']],
    [{ allTags: ['x', 'unknown'] }, []],
    [{ noTags: ['x'] }, ['b', 'c', 'd']],
    [{ noTags: ['x', 'z'] }, ['b', 'd']],
    [{ noTags: ['unknown'] }, ['a', 'b', 'c', 'd']],
    [{ tags: ['y'], noTags: ['x'] }, ['b']],
  ])('%j finds %j', async (wanted, ids) => {
    expect(await found(catalog(), wanted)).toEqual(ids);
  });

  it('of a session are in the order and spelling in which it has them, until they change', () => {
    const all = catalogOf({ a: { tags: ['b', 'A', 'c'] } });
    expect(all.find(tenant, 'a')?.tags).toEqual(['b', 'A', 'c']);
    all.put(rowOf('a', { tags: ['A', 'b'] }));
    expect(all.find(tenant, 'a')?.tags).toEqual(['A', 'b']);
    all.put(rowOf('a', { tags: ['a', 'b'] }));
    expect(all.find(tenant, 'a')?.tags).toEqual(['a', 'b']);
    all.put(rowOf('a', { tags: ['a', 'b', 'c'] }));
    expect(all.find(tenant, 'a')?.tags).toEqual(['a', 'b', 'c']);
    all.put(rowOf('a', {}));
    expect(all.find(tenant, 'a')?.tags).toEqual([]);
  });
});

describe('facets', () => {
  it('of as many sessions stand in the order of their values, and those of more before them', async () => {
    const catalog = catalogOf({
      a: { owner: 'cy' },
      b: { owner: 'bob' },
      c: { owner: 'ann' },
      d: { owner: 'dan' },
      e: { owner: 'dan' },
      f: {},
    });
    const values = [
      { value: 'dan', ...cost(2, 0) },
      ...['ann', 'bob', 'cy'].map((value) => ({ value, ...cost(1, 0) })),
    ];
    for (const filter of [{}, { mode: 'interactive' as const, noTags: ['x'] }])
      expect(await catalog.facets(tenant, { by: 'owner', limit: 10, ...filter })).toEqual({
        ...{ facets: values, values: 4 },
      });
    expect(await catalog.facets(tenant, { by: 'owner', limit: 2 })).toEqual({
      ...{ facets: values.slice(0, 2), values: 4 },
    });
  });

  it('of a tenant that nobody knows are none', async () => {
    expect(await new MemoryCatalog().facets(tenant, { by: 'tag', limit: 5 })).toEqual({
      ...{ facets: [], values: 0 },
    });
    expect(await new MemoryCatalog().count(tenant, {})).toEqual(cost(0, 0));
  });

  it('count a tag once in all its spellings, and show one that a session has', async () => {
    const catalog = catalogOf({ a: { tags: ['Bug'] }, b: { tags: ['bug', 'x'] } });
    for (const filter of [{}, { mode: 'interactive' as const }]) {
      const { facets } = await catalog.facets(tenant, { by: 'tag', limit: 5, ...filter });
      expect(facets.map(({ sessions }) => sessions)).toEqual([2, 1]);
      expect(['Bug', 'bug']).toContain(facets[0]?.value);
    }
  });
});

describe('an order', () => {
  const rows = {
    a: { updatedAtMs: 5_000, createdAtMs: 3_000, costNanoUsd: 0, numTurns: 4_200 },
    b: { updatedAtMs: 4_000, createdAtMs: 1_000, costNanoUsd: 9e15, numTurns: 4_100 },
    c: { updatedAtMs: 4_001, createdAtMs: 2_000, costNanoUsd: 8e15, numTurns: 2 },
    d: { updatedAtMs: 4_001, createdAtMs: 4_000, costNanoUsd: 0, numTurns: 2 },
  };
  it.each([
    ['updatedAt', 'bcda'],
    ['createdAt', 'bcad'],
    ['cost', 'adcb'],
    ['turns', 'cdba'],
  ])('by %s is the same for all, and for what was loaded at a start', async (sortBy, order) => {
    const loaded = new MemoryCatalog(undefined, { isLoading: true });
    for (const [id, fields] of Object.entries(rows).toReversed()) loaded.put(rowOf(id, fields));
    loaded.settle();
    for (const catalog of [catalogOf(rows), loaded]) {
      expect((await found(catalog, { sortBy } as Wanted)).join('')).toBe(order);
      const falling = await found(catalog, { sortBy, order: 'desc' } as Wanted);
      expect(falling.toReversed().join('')).toBe(order);
    }
  });

  it('holds for what changes its place', async () => {
    const catalog = catalogOf(rows);
    catalog.put(rowOf('b', { ...rows.b, updatedAtMs: 9_000 }));
    expect((await found(catalog, {})).join('')).toBe('cdab');
  });
});

describe('what was made after a moment', () => {
  it('is found although a clock went back, and it was updated before', async () => {
    const catalog = catalogOf({
      a: { createdAtMs: 9_000, updatedAtMs: 1_000 },
      b: { createdAtMs: 5_000, updatedAtMs: 6_000 },
    });
    expect(await found(catalog, { createdAfter: 5_000 })).toEqual(['a', 'b']);
    catalog.put(rowOf('a', { createdAtMs: 9_000, updatedAtMs: 9_000 }));
    expect(await found(catalog, { createdAfter: 5_000 })).toEqual(['b', 'a']);
    expect(await found(catalog, { createdAfter: 6_001 })).toEqual(['a']);
  });
});

describe('a cursor', () => {
  const refusal = (wanted: Wanted): Promise<unknown> =>
    found(catalogOf({ a: {}, b: {} }), wanted).catch((error: unknown) => error);
  const cursorOf = async () => {
    const first = criteriaOf({ limit: 1, order: 'asc' });
    return (await catalogOf({ a: {}, b: {} }).search(tenant, first)).nextCursor;
  };

  it('that is none of ours is refused, and names its field', async () => {
    expect(await refusal({ cursor: 'x' })).toMatchObject({
      ...{ code: 'invalid_criteria', details: { field: 'cursor' } },
      message: 'the cursor is none of ours: use a nextCursor as it came',
    });
  });

  it.each([{ sortBy: 'cost' as const }, { order: 'desc' as const }])(
    'of another order than %j is refused, and says which is its own',
    async (other) => {
      expect(await refusal({ cursor: await cursorOf(), ...other })).toMatchObject({
        ...{ code: 'invalid_criteria', message: 'the cursor belongs to a search by updatedAt asc' },
      });
    },
  );
});

describe('what the catalog takes of memory', () => {
  const bytesOf = (rows: Record<string, Partial<CatalogRow>>) => catalogOf(rows).stats().bytes;

  it('counts what has work to do, and lists of several sessions', () => {
    const working = bytesOf({ a: { openTurns: 1, status: 'running' } });
    const resting = bytesOf({ a: { openTurns: 0, status: 'running' } });
    expect(working - resting).toBeGreaterThanOrEqual(32);
    const alone = bytesOf({ a: { owner: 'ann' }, b: { owner: 'bob' }, c: { owner: 'cy' } });
    const shared = bytesOf({ a: { owner: 'ann' }, b: { owner: 'ann' }, c: { owner: 'cy' } });
    expect(shared - alone).toBeGreaterThanOrEqual(100);
  });

  it('is that of all tenants', () => {
    const catalog = catalogOf({ a: {} });
    const { bytes } = catalog.stats();
    catalog.put({ ...rowOf('a'), key: { ...rowOf('a').key, tenant: 'other' as never } });
    expect(catalog.stats()).toEqual({ sessions: 2, bytes: 2 * bytes });
  });
});

describe('the beginning of an id', () => {
  it('finds those that are there, and none that is gone, also after its place was given on', async () => {
    const catalog = catalogOf({ aa: {}, ab: {}, b: {} });
    catalog.delete(rowOf('ab').key);
    expect(await found(catalog, { idPrefix: 'a' })).toEqual(['aa']);
    expect(await counted(catalog, { idPrefix: 'a' })).toBe(1);
    catalog.put(rowOf('c'));
    expect(await found(catalog, { idPrefix: 'a' })).toEqual(['aa']);
    expect(await found(catalog, { idPrefix: 'c' })).toEqual(['c']);
  });
});
