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

describe('sessions that wait', () => {
  /** Taking this one in fails, so it is seen when that is. */
  const broken = { ...head('broken'), tags: null } as never;
  const stage = () => {
    const catalog = new MemoryCatalog();
    let n = 0;
    const note = (count: number): void => {
      for (let left = count; left > 0; left -= 1) catalog.note(head(`s${n++}`));
    };
    return { catalog, note };
  };

  it('are so many and no more', () => {
    const { catalog, note } = stage();
    catalog.note(broken);
    note(MAX_NOTED - 1);
    expect(() => note(1)).toThrow(TypeError);
  });

  it('count once each, however often they change, and not once they are deleted', () => {
    const { catalog, note } = stage();
    catalog.note(broken);
    note(MAX_NOTED - 1);
    for (const version of [2, 3, 4]) catalog.note(head('s7', version));
    for (const id of ['s1', 's2', 'unknown']) catalog.delete(keyOf(id));
    note(2);
    expect(() => note(1)).toThrow(TypeError);
  });

  it('are taken in by fifties, those that wait longest first', () => {
    const { catalog, note } = stage();
    note(50);
    catalog.note(broken);
    note(MAX_NOTED - 51);
    note(1); // one too many: the first fifty are taken in
    note(49);
    expect(() => note(1)).toThrow(TypeError);
  });

  it('are none after a look', () => {
    const { catalog, note } = stage();
    for (let rounds = 0; rounds < 3; rounds += 1) {
      note(MAX_NOTED);
      expect(catalog.stats().sessions).toBe((rounds + 1) * MAX_NOTED);
    }
    catalog.note(broken);
    note(MAX_NOTED - 1);
    expect(() => note(1)).toThrow(TypeError);
  });
});
