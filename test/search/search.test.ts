import { expect, test } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import type { Tenant } from '../../src/model/ids.ts';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import { criteriaOf, rowOf, tenant } from './summary-row.ts';

const catalogOf = (rows: Record<string, Partial<CatalogRow>>): MemoryCatalog => {
  const catalog = new MemoryCatalog();
  for (const [id, fields] of Object.entries(rows)) catalog.put(rowOf(id, fields));
  return catalog;
};

const found = async (
  catalog: MemoryCatalog,
  input: Parameters<typeof criteriaOf>[0],
): Promise<string[]> => {
  const { rows } = await catalog.search(tenant, criteriaOf(input));
  return rows.map((row) => row.key.sessionId);
};

const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: { code?: unknown }) => error.code,
  );

test('tags are found in any spelling and shown in the own one', async () => {
  const catalog = catalogOf({ a: { tags: ['Billing'] }, b: { tags: ['billing'] }, c: {} });
  expect(await found(catalog, { tags: [' BILLING '], sortBy: 'createdAt', order: 'asc' })).toEqual([
    'a',
    'b',
  ]);
  expect(catalog.find(tenant, 'a')?.tags).toEqual(['Billing']);
});

test('any, all, none and a prefix of tags can be asked together', async () => {
  const catalog = catalogOf({
    a: { tags: ['bug', 'repo:x'] },
    b: { tags: ['bug', 'repo:y', 'done'] },
    c: { tags: ['feature', 'repo:x'] },
    d: { tags: ['bug'] },
  });
  const filter = { tags: ['bug', 'feature'], noTags: ['done'], tagPrefix: 'repo:' };
  expect((await found(catalog, filter)).sort((a, b) => (a < b ? -1 : 1))).toEqual(['a', 'c']);
  expect(await found(catalog, { ...filter, allTags: ['bug', 'repo:x'] })).toEqual(['a']);
});

test('an empty list of tags asks for none, and so leaves nobody out', async () => {
  const catalog = catalogOf({ a: { tags: ['bug'] }, b: {} });
  for (const filter of [{ tags: [] }, { allTags: [] }, { noTags: [] }])
    expect(await found(catalog, filter)).toHaveLength(2);
});

test('a prefix of very many tags finds the same sessions', async () => {
  const catalog = catalogOf({ other: { tags: ['x'] } });
  for (let n = 0; n < 1_200; n++) catalog.put(rowOf(`s${n}`, { tags: ['x', `Run:${n}`] }));
  expect((await catalog.count(tenant, { tagPrefix: 'run:' })).sessions).toBe(1_200);
  expect((await catalog.count(tenant, { tagPrefix: 'run:119' })).sessions).toBe(11);
  expect(await found(catalog, { tagPrefix: 'run:', allTags: ['x'], limit: 1_000 })).toHaveLength(
    1_000,
  );
});

test('both ends of a range belong to it', async () => {
  const day = (n: number) => Date.UTC(2026, 10, n);
  const catalog = catalogOf({
    a: { createdAtMs: day(1) },
    b: { createdAtMs: day(2) },
    c: { createdAtMs: day(3) },
  });
  const range = { createdAfter: '2026-11-01', createdBefore: '2026-11-02' };
  expect(await found(catalog, { ...range, sortBy: 'createdAt' })).toEqual(['b', 'a']);
});

test('of a bound and its alias the narrower one counts', async () => {
  const catalog = catalogOf({ a: { createdAtMs: 10 }, b: { createdAtMs: 20 } });
  expect(await found(catalog, { after: 15, createdAfter: 5 })).toEqual(['b']);
  expect(await found(catalog, { before: 30, createdBefore: 15 })).toEqual(['a']);
});

test('a dollar bound meets the nano-dollars that it stands for', async () => {
  const catalog = catalogOf({ a: { costNanoUsd: 100_000_000 }, b: { costNanoUsd: 300_000_000 } });
  expect(await found(catalog, { minCost: 0.1, maxCost: 0.1 })).toEqual(['a']);
  expect(await found(catalog, { minCostUsd: 0.3 })).toEqual(['b']);
});

test('a session whose price is unknown counts by the known part of its cost', async () => {
  const catalog = catalogOf({ a: { costNanoUsd: 5, costIsPartial: true }, b: { costNanoUsd: 7 } });
  expect(await found(catalog, { sortBy: 'cost', order: 'asc' })).toEqual(['a', 'b']);
  expect(await catalog.count(tenant, {})).toMatchObject({ sessions: 2, costNanoUsd: 12 });
});

test('a cursor goes on where it stood although its session is deleted', async () => {
  const catalog = catalogOf({ a: {}, b: {}, c: {}, d: {} });
  const criteria = criteriaOf({ limit: 2, order: 'asc' });
  const { nextCursor } = await catalog.search(tenant, criteria);
  catalog.delete(rowOf('b').key);
  expect(await found(catalog, { ...criteria, cursor: nextCursor })).toEqual(['c', 'd']);
});

test('the last page has no cursor', async () => {
  const catalog = catalogOf({ a: {}, b: {} });
  expect(await catalog.search(tenant, criteriaOf({ limit: 2 }))).not.toHaveProperty('nextCursor');
});

test('a cursor that is none of ours, or of another order, is refused as invalid_criteria', async () => {
  const catalog = catalogOf({ a: {}, b: {} });
  const { nextCursor } = await catalog.search(tenant, criteriaOf({ limit: 1 }));
  const wrong = ['', 'x', Buffer.from('{"a":1}').toString('base64url'), `${nextCursor}AA`];
  for (const cursor of wrong)
    expect(await refusal(found(catalog, { cursor }))).toBe('invalid_criteria');
  const other = { cursor: nextCursor, sortBy: 'cost' };
  expect(await refusal(found(catalog, other))).toBe('invalid_criteria');
  const nobody = new MemoryCatalog();
  expect(await refusal(found(nobody, { cursor: 'x' }))).toBe('invalid_criteria');
});

test('tenants do not see each other', async () => {
  const catalog = catalogOf({ a: {} });
  const other = 'other' as Tenant;
  catalog.put(rowOf('b', { key: { ...rowOf('b').key, tenant: other } }));
  expect(await found(catalog, {})).toEqual(['a']);
  expect(catalog.find(other, 'a')).toBeUndefined();
  catalog.delete({ ...rowOf('b').key, tenant: other });
  expect(catalog.tenants()).toEqual([tenant]);
});

test('a slot that is used again keeps nothing of its last session', async () => {
  const catalog = catalogOf({
    a: {
      title: 'secret',
      owner: 'ann',
      tags: ['x'],
      importedAtMs: 9,
      costIsPartial: true,
      openTurns: 1,
    },
  });
  catalog.delete(rowOf('a').key);
  catalog.put(rowOf('b'));
  expect(catalog.find(tenant, 'b')).toEqual(rowOf('b'));
  expect(await found(catalog, { tags: ['x'] })).toEqual([]);
  expect(catalog.withOpenTurns()).toEqual([]);
});

test('sessions that come and go leave no memory behind', () => {
  const catalog = catalogOf({ stays: {} });
  const bytesAfter = (round: number): number => {
    const ids = Array.from({ length: 400 }, (_, n) => `s${round}-${n}`);
    for (const id of ids) catalog.put(rowOf(id, { tags: [`t${id}`], externalKey: `k${id}` }));
    const { bytes } = catalog.stats();
    for (const id of ids) catalog.delete(rowOf(id).key);
    return bytes;
  };
  const first = bytesAfter(0);
  for (let round = 1; round < 20; round++) bytesAfter(round);
  expect(bytesAfter(20)).toBeLessThan(first * 1.1);
});

test('words are refused where nobody has looked them up, and the refusal names them', async () => {
  const catalog = new MemoryCatalog();
  catalog.put(rowOf('a'));
  await expect(catalog.count(tenant, { text: 'words' })).rejects.toMatchObject({
    ...{ code: 'invalid_criteria', details: { field: 'text' } },
    message: 'words are not taken here: search, list, count, facets and cleanup take them',
  });
});

test('a row that several alternatives name is counted once', async () => {
  const catalog = new MemoryCatalog();
  for (let n = 0; n < 1_000; n += 1) {
    const tags = [...(n < 20 ? ['one'] : []), ...(n >= 15 && n < 40 ? ['two'] : [])];
    catalog.put(rowOf(`s${n}`, { tags, costNanoUsd: 1 }));
  }
  const anyOf = [{ tags: ['one'] }, { tags: ['two'] }];
  expect(await catalog.count(tenant, { anyOf })).toMatchObject({ sessions: 40, costNanoUsd: 40 });
});

test('words are met by the rows that the text index names, beside all else that is asked for', async () => {
  const catalog = new MemoryCatalog();
  for (let n = 0; n < 100; n += 1) {
    catalog.put(rowOf(`s${n}`, { tags: n % 2 === 0 ? ['even'] : [] }));
    catalog.numberText(rowOf(`s${n}`).key, n + 1);
  }
  const texts = new Map([['words', Uint32Array.of(3, 4, 5, 500)]]);
  expect(await catalog.count(tenant, { text: 'words' }, texts)).toMatchObject({ sessions: 3 });
  const { rows } = await catalog.search(
    tenant,
    criteriaOf({ text: 'words', tags: ['even'] }),
    texts,
  );
  expect(rows.map(({ key }) => key.sessionId).toSorted()).toEqual(['s2', 's4']);
  expect(await catalog.count(tenant, { noneOf: [{ text: 'words' }] }, texts)).toMatchObject({
    sessions: 97,
  });
});

test('the text index knows a session by its number, and one that is not there by none', () => {
  const catalog = new MemoryCatalog();
  catalog.put(rowOf('a'));
  catalog.numberText(rowOf('a').key, 7);
  const { bytes } = catalog.stats();
  catalog.numberText(rowOf('b').key, 8_000);
  expect(catalog.stats().bytes).toBe(bytes);
  expect(catalog.textNumberOf(rowOf('a').key)).toBe(7);
  expect(catalog.textNumberOf(rowOf('b').key)).toBe(0);
  catalog.forgetTextNumbers();
  expect(catalog.textNumberOf(rowOf('a').key)).toBe(0);
});

test('of a tenant that has no sessions nothing is known, and nothing can be numbered', async () => {
  const catalog = new MemoryCatalog();
  catalog.numberText(rowOf('a').key, 7);
  catalog.delete(rowOf('a').key);
  expect([catalog.textNumberOf(rowOf('a').key), catalog.find(tenant, 'a')]).toEqual([0, undefined]);
  expect([catalog.tenants(), catalog.withOpenTurns(), catalog.stats()]).toEqual([
    ...[[], [], { sessions: 0, bytes: 0 }],
  ]);
  expect(await catalog.search(tenant, criteriaOf())).toEqual({ rows: [] });
  expect(await catalog.facets(tenant, { by: 'owner', limit: 5 })).toEqual({
    facets: [],
    values: 0,
  });
  expect(await catalog.count(tenant, {})).toMatchObject({ sessions: 0, costNanoUsd: 0 });
});

test('one at a time is told what sessions are about to be, until it wants to hear no more', () => {
  const catalog = catalogOf({ a: { title: 'old' } });
  const told: string[] = [];
  const watcher = (name: string): Parameters<MemoryCatalog['tellChanges']>[0] => ({
    willBe: (key, after, current) =>
      void told.push(`${name}: ${key.sessionId} ${current()?.title} ${after?.title}`),
  });
  const nobody = new MemoryCatalog();
  nobody.tellChanges(watcher('nobody'));
  nobody.put(rowOf('a', { title: 'new' }));
  expect(told.splice(0)).toEqual(['nobody: a undefined new']);
  const endFirst = catalog.tellChanges(watcher('first'));
  catalog.put(rowOf('a', { title: 'new' }));
  const endSecond = catalog.tellChanges(watcher('second'));
  endFirst();
  catalog.delete(rowOf('a').key);
  endSecond();
  catalog.put(rowOf('a'));
  expect(told).toEqual(['first: a old new', 'second: a new undefined']);
});

test('what a session is about to be no more is told with what a search does not show', () => {
  const catalog = catalogOf({ a: { toolsUsed: ['Bash'] } });
  const told: unknown[] = [];
  catalog.tellChanges({ willBe: (_, __, current) => void told.push(current()?.toolsUsed) });
  catalog.put(rowOf('a'));
  expect(told).toEqual([['Bash']]);
  expect(catalogOf({ a: { toolsUsed: ['Bash'] } }).whole(rowOf('a').key)?.toolsUsed).toEqual([
    'Bash',
  ]);
  expect(catalogOf({ a: { toolsUsed: ['Bash'] } }).find(tenant, 'a')?.toolsUsed).toBeUndefined();
});

test('a catalog of several tenants is as large as all of them', () => {
  const catalog = catalogOf({ a: {}, b: {} });
  const { bytes } = catalog.stats();
  catalog.put(rowOf('c', { key: { ...rowOf('c').key, tenant: 'other' as Tenant }, openTurns: 1 }));
  expect(catalog.stats().sessions).toBe(3);
  expect(catalog.stats().bytes).toBeGreaterThan(1.5 * bytes);
  expect(catalog.withOpenTurns().map(({ key }) => key.tenant)).toEqual(['other']);
});
