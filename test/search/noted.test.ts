/** What commits tell the catalog of waits until somebody looks: nobody may see that it waited. */
import { describe, expect, it } from 'vitest';
import { catalogRowOf } from '../../src/model/catalog-row.ts';
import { Criteria } from '../../src/model/criteria.ts';
import { newHead } from '../../src/model/head.ts';
import { MAX_NOTED, MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import { CatalogFeed } from '../../src/search/catalog/catalog-feed.ts';
import { keyOf, NOW, remove, write } from '../storage/sessions.ts';

const TENANT = keyOf('any').tenant;
const all = Criteria.parse({});

const head = (id: string, version = 1, title = `title ${version}`) => ({
  ...newHead(keyOf(id), NOW),
  version,
  title,
});

describe('a session that a commit has told of', () => {
  const looks = {
    find: (catalog: MemoryCatalog) => catalog.find(TENANT, 's1')?.title,
    search: async (catalog: MemoryCatalog) => (await catalog.search(TENANT, all)).rows[0]?.title,
    count: async (catalog: MemoryCatalog) => (await catalog.count(TENANT, all)).sessions,
    facets: (catalog: MemoryCatalog) => catalog.facets(TENANT, { by: 'status', limit: 5 }),
    stats: (catalog: MemoryCatalog) => catalog.stats().sessions,
    tenants: (catalog: MemoryCatalog) => catalog.tenants().length,
    withOpenTurns: (catalog: MemoryCatalog) => catalog.withOpenTurns().length,
  };

  it.each(Object.entries(looks))(
    'is as it was told last, whoever looks first: %s',
    async (_, look) => {
      const [noted, put] = [new MemoryCatalog(), new MemoryCatalog()];
      for (const version of [1, 2, 3]) noted.note(head('s1', version));
      put.put(catalogRowOf(head('s1', 3)));
      expect(await look(noted)).toEqual(await look(put));
    },
  );

  it('is gone after its delete, and back after it was made anew', () => {
    const catalog = new MemoryCatalog();
    const feed = new CatalogFeed(catalog);
    const made = write(keyOf('s1'), undefined, { head: { title: 'first' } });
    feed.commits([made, remove(keyOf('s1'), made.head, NOW)]);
    expect(catalog.find(TENANT, 's1')).toBeUndefined();
    feed.commits([write(keyOf('s1'), undefined, { head: { title: 'second' } })]);
    expect(catalog.find(TENANT, 's1')?.title).toBe('second');
  });

  it('is not one of many that wait: so many are taken in without a look', () => {
    let faults = 0;
    const catalog = new MemoryCatalog(() => {
      faults += 1;
    });
    const broken = { ...head('broken'), tags: null } as never;
    catalog.note(broken);
    const noteOthers = () => {
      for (let number = 0; number < MAX_NOTED; number += 1) catalog.note(head(`s${number}`));
    };
    expect(noteOthers).toThrow();
    expect(faults).toBe(1);
  });

  it('is found, or gone, among more than may wait, as if all had been put at once', async () => {
    const [noted, put] = [new MemoryCatalog(), new MemoryCatalog()];
    for (let number = 0; number < 3 * MAX_NOTED; number += 1) {
      const version = 1 + (number % 3);
      const told = head(`s${(number * 7) % (MAX_NOTED + 100)}`, version);
      noted.note(told);
      put.put(catalogRowOf(told));
      if (number % 5 !== 0) continue;
      noted.delete(keyOf(`s${number}`));
      put.delete(keyOf(`s${number}`));
    }
    const everything = Criteria.parse({ limit: 500 });
    const found = await noted.search(TENANT, everything);
    expect(found).toEqual(await put.search(TENANT, everything));
    expect(await noted.count(TENANT, all)).toEqual(await put.count(TENANT, all));
  });

  it('that cannot be taken in is a fault that its owner hears of, and the reader too', () => {
    const faults: unknown[] = [];
    const catalog = new MemoryCatalog((error) => faults.push(error));
    catalog.note({ ...head('broken'), tags: null } as never);
    expect(() => catalog.find(TENANT, 's1')).toThrow();
    expect(faults).toHaveLength(1);
  });
});
