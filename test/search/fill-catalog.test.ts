/** How a catalog is filled, from its snapshot or from the rows: what is told of it, and why a snapshot is not used. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import type { CatalogFeed } from '../../src/search/catalog/catalog-feed.ts';
import {
  type FillOptions,
  fillCatalog,
  loadSnapshot,
  type Source,
} from '../../src/search/catalog/fill-catalog.ts';
import { writeSnapshot } from '../../src/search/catalog/snapshot-file.ts';
import { SLICE_ROWS } from '../../src/search/lane.ts';
import type { Saving } from '../../src/search/table/saved.ts';
import { rowOf, tenant } from './summary-row.ts';

const HEADER = { storeId: 'here', mark: { epoch: 1, count: 7, token: 99 }, sessions: 1 };

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'greenroom-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const path = () => join(dir, 'catalog.snapshot');

const idsUpTo = (count: number): string[] => Array.from({ length: count }, (_, n) => `s${n}`);

const write = (ids: readonly string[]): void => {
  const catalog = new MemoryCatalog();
  for (const id of ids) catalog.put(rowOf(id));
  writeSnapshot(path(), HEADER, catalog);
};

/** A journal with these sessions; `changed` since the snapshot was written. */
const journalOf = (ids: readonly string[], changed: readonly string[] | undefined = []) => {
  const asked: unknown[] = [];
  const source: Source = {
    info: () => ({ storeId: 'here' }),
    changedSince: async (mark) => {
      asked.push(mark);
      return changed?.map((id) => rowOf(id).key);
    },
    row: ({ sessionId }) => (ids.includes(sessionId) ? rowOf(sessionId) : undefined),
    scanRows: async (visit) => {
      for (const id of ids) visit(rowOf(id));
    },
  };
  return { source, asked };
};

const stage = (given: Partial<FillOptions> = {}) => {
  const told: { readonly level: string; readonly fields: object; readonly message: string }[] = [];
  const feeds: CatalogFeed[] = [];
  const counts = { pauses: 0, unfollowed: 0 };
  let nowMs = 0;
  const options: FillOptions = {
    snapshot: path(),
    notices: {
      info: (fields, message) => told.push({ level: 'info', fields, message }),
      warn: (fields, message) => told.push({ level: 'warn', fields, message }),
    },
    nowMs: () => {
      nowMs += 30.25;
      return nowMs;
    },
    onFault: (error) => {
      throw error;
    },
    pause: async () => {
      counts.pauses += 1;
    },
    follow: (feed) => {
      feeds.push(feed);
      return () => {
        counts.unfollowed += 1;
      };
    },
    ...given,
  };
  return { options, told, feeds, counts };
};

describe('what is told of a catalog that is filled', () => {
  it('is from where, how much it is and how long it took', async () => {
    write(['a', 'b']);
    const { options, told } = stage();
    const catalog = await fillCatalog(journalOf(['a', 'b'], ['b']).source, options);
    const { bytes } = catalog.stats();
    expect(told).toEqual([
      {
        level: 'info',
        fields: { from: 'snapshot', changed: 1, sessions: 2, bytes, tookMs: 30 },
        message: 'the catalog is filled',
      },
    ]);
  });

  it('is the same of one from the rows', async () => {
    const { options, told } = stage();
    const { source } = journalOf(['a']);
    const { bytes } = (await fillCatalog(source, options)).stats();
    const fields = { from: 'rows', sessions: 1, bytes, tookMs: 30 };
    expect(told).toEqual([{ level: 'info', fields, message: 'the catalog is filled' }]);
  });

  it('is nothing where there is nothing in it', async () => {
    const { options, told } = stage();
    await fillCatalog(journalOf([]).source, options);
    expect(told).toEqual([]);
  });
});

it('whoever takes no notice has the catalog all the same', async () => {
  writeFileSync(path(), 'no snapshot');
  const { options } = stage({ notices: undefined });
  const catalog = await fillCatalog(journalOf(['a']).source, options);
  expect(catalog.find(tenant, 'a')).toBeDefined();
  expect(existsSync(path())).toBe(false);
  const nowhere = await fillCatalog(journalOf(['a']).source, { ...options, snapshot: dir });
  expect(nowhere.stats().sessions).toBe(1);
});

it('a snapshot that is of no use is told of, with why', async () => {
  writeFileSync(path(), 'no snapshot');
  const { options, told } = stage();
  await fillCatalog(journalOf([]).source, options);
  const why = 'it is cut short';
  expect(told).toEqual([
    {
      level: 'warn',
      fields: { snapshot: path(), why },
      message: `the snapshot of the catalog is of no use: ${why}; it is removed, and the catalog is built from the journal`,
    },
  ]);
});

it('one that cannot be removed is told of, with the error', async () => {
  const { options, told } = stage({ snapshot: dir });
  await fillCatalog(journalOf([]).source, options);
  expect(told.at(-1)).toEqual({
    level: 'warn',
    fields: { err: expect.objectContaining({ code: 'ERR_FS_EISDIR' }) },
    message: 'the snapshot of the catalog cannot be removed',
  });
});

describe('a snapshot that is loaded', () => {
  it('is none where no file is named, or there is none', async () => {
    const { source } = journalOf(['a']);
    expect(await loadSnapshot(source, stage({ snapshot: undefined }).options)).toBeUndefined();
    expect(await loadSnapshot(source, stage().options)).toBeUndefined();
  });

  it('is brought up to date from its mark, and gives way after each hundred', async () => {
    write(idsUpTo(3));
    const changed = idsUpTo(200);
    const { source, asked } = journalOf(changed.slice(1), changed);
    const { options, counts, feeds } = stage();
    const loaded = await loadSnapshot(source, options);
    expect(loaded).toMatchObject({ changed: 200 });
    expect(typeof loaded === 'object' && loaded.catalog.stats().sessions).toBe(199);
    expect(asked).toEqual([HEADER.mark]);
    expect(counts).toEqual({ pauses: 2, unfollowed: 0 });
    expect(feeds).toHaveLength(1);
  });

  it('goes on with what is committed from then on', async () => {
    write(['a']);
    const { options, feeds } = stage();
    const loaded = await loadSnapshot(journalOf(['a']).source, options);
    feeds[0]?.commits([{ kind: 'delete', key: rowOf('a').key } as never]);
    expect(typeof loaded === 'object' && loaded.catalog.stats().sessions).toBe(0);
    feeds[0]?.scanned(rowOf('a')); // the reading is over: nothing is held back any more
    expect(typeof loaded === 'object' && loaded.catalog.stats().sessions).toBe(1);
  });

  it('says why it is of no use: of another store', async () => {
    write(['a']);
    const source = { ...journalOf(['a']).source, info: () => ({ storeId: 'elsewhere' }) };
    expect(await loadSnapshot(source, stage().options)).toBe('it is of another store');
  });

  it('says why it is of no use: with other columns', async () => {
    const save = (to: Saving): void => {
      to.number(1);
      to.text(tenant);
      to.number(1); // the end of its slots, and how many went backwards
      to.number(0);
      for (let n = 0; n < 3; n += 1) to.array(new Float64Array(n === 2 ? 5 : 0));
      to.text('other');
    };
    writeSnapshot(path(), HEADER, { save });
    const { options, feeds } = stage();
    expect(await loadSnapshot(journalOf(['a']).source, options)).toBe('it has "other" for fields');
    expect(feeds).toEqual([]);
  });

  it('says why it is of no use: of a time that the journal has forgotten; then it follows no more', async () => {
    write(['a']);
    const { options, counts } = stage();
    const { source } = journalOf(['a']);
    const loaded = await loadSnapshot({ ...source, changedSince: async () => undefined }, options);
    expect(loaded).toBe('the journal does not know what has changed since it was written');
    expect(counts.unfollowed).toBe(1);
  });
});

it.each(['snapshot', 'rows'])('a catalog from its %s gives way in a long search', async (from) => {
  const ids = idsUpTo(SLICE_ROWS + 100);
  if (from === 'snapshot') write(ids);
  const { options, counts } = stage();
  const catalog = await fillCatalog(journalOf(from === 'rows' ? ids : []).source, options);
  expect(await catalog.count(tenant, { minTokens: 0, maxTokens: 1 })).toMatchObject({
    sessions: ids.length,
  });
  expect(counts.pauses).toBe(1);
});
