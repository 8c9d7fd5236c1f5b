/** What a catalog saves, another one loads: and from then on they are the same catalog. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import type { CatalogFeed } from '../../src/search/catalog/catalog-feed.ts';
import {
  type FillOptions,
  fillCatalog,
  type Source,
} from '../../src/search/catalog/fill-catalog.ts';
import { readHeader, readSnapshot, writeSnapshot } from '../../src/search/catalog/snapshot-file.ts';
import { type VerifySource, verifySnapshot } from '../../src/search/catalog/verify-snapshot.ts';
import { Loading, Saving } from '../../src/search/table/saved.ts';
import { flat } from '../../src/search/table/texts.ts';
import { Dice } from '../../src/testing/dice.ts';
import { rounds } from '../support/rounds.ts';
import { expectSame } from './same-catalog.ts';
import { rowOf, sessionIds, summaryRows, tenant } from './summary-row.ts';

const MARK = { epoch: 1, count: 7, token: 99 };
/** More than a page of a column has, and a chunk of an index. */
const MANY = 4_500;
const HEADER = { storeId: 'here', mark: MARK, sessions: 0 };

const reloaded = (catalog: MemoryCatalog): MemoryCatalog => {
  const pieces: Buffer[] = [];
  const saving = new Saving((bytes) => pieces.push(Buffer.from(bytes)));
  catalog.save(saving);
  saving.end();
  const bytes = Buffer.concat(pieces);
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  const loaded = new MemoryCatalog();
  loaded.load(new Loading(own));
  return loaded;
};

describe('a catalog that was saved and loaded', () => {
  it('answers alike, and goes on alike through whatever is put and deleted', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: summaryRows.map((row) => ({ row })) },
      { weight: 1, arbitrary: sessionIds.map((gone) => ({ gone })) },
    );
    const steps = fc.array(step, { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(steps, steps, async (before, after) => {
        const catalog = new MemoryCatalog();
        const apply = (each: MemoryCatalog, what: typeof before): void => {
          for (const it of what)
            if ('row' in it) each.put(it.row);
            else each.delete(rowOf(it.gone).key);
        };
        apply(catalog, before);
        const loaded = reloaded(catalog);
        await expectSame(loaded, catalog);
        apply(catalog, after);
        apply(loaded, after);
        await expectSame(loaded, catalog);
        await expectSame(reloaded(loaded), catalog);
      }),
      { numRuns: rounds(60) },
    );
  });

  it('of more pages and chunks than one, too', async () => {
    const catalog = new MemoryCatalog();
    const dice = new Dice(3);
    const anyRow = (n: number) => ({
      title: `title ${n}`,
      tags: [`t${dice.int(0, 9)}`, 'common'],
      updatedAtMs: 1_000 + dice.int(0, 999),
      costNanoUsd: dice.int(0, 99),
      owner: `o${dice.int(0, 5_000)}`,
    });
    for (let n = 0; n < MANY; n++) catalog.put(rowOf(`s${n}`, anyRow(n)));
    const loaded = reloaded(catalog);
    await expectSame(loaded, catalog);
    const change = (each: MemoryCatalog): void => {
      for (let n = 0; n < MANY; n += 3)
        each.put(rowOf(`s${n}`, { title: `new ${n}`, tags: ['x'] }));
      for (let n = 0; n < MANY; n += 7) each.delete(rowOf(`s${n}`).key);
      for (let n = 0; n < 500; n++) each.put(rowOf(`more-${n}`, { owner: `o${n % 9}` }));
    };
    change(loaded);
    change(catalog);
    await expectSame(loaded, catalog);
    await expectSame(reloaded(loaded), catalog);
  });
});

describe('the snapshot on disk', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'greenroom-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const path = () => join(dir, 'catalog.snapshot');

  const catalogOf = (...ids: string[]): MemoryCatalog => {
    const catalog = new MemoryCatalog();
    for (const id of ids) catalog.put(rowOf(id, { title: `title of ${id}`, tags: [`tag-${id}`] }));
    return catalog;
  };

  /** A journal with these rows, which says of its changes what it is told to. */
  const journalOf = (
    catalog: MemoryCatalog,
    changed: readonly string[] | undefined,
    storeId = 'here',
  ): Source => ({
    info: () => ({ storeId }),
    changedSince: async () => changed?.map((id) => rowOf(id).key),
    row: (key) => catalog.find(key.tenant, key.sessionId),
    scanRows: async (visit) => {
      const { rows } = await catalog.search(tenant, {
        sortBy: 'updatedAt',
        order: 'asc',
        limit: 100,
      });
      for (const row of rows) visit(row);
    },
  });

  const fill = async (journal: Source, onFeed: (feed: CatalogFeed) => void = () => undefined) => {
    const told: { readonly level: string; readonly message: string }[] = [];
    const options: FillOptions = {
      snapshot: path(),
      notices: {
        info: (_, message) => told.push({ level: 'info', message }),
        warn: (_, message) => told.push({ level: 'warn', message }),
      },
      nowMs: () => 0,
      onFault: (error) => {
        throw error;
      },
      pause: async () => undefined,
      follow: (feed) => {
        onFeed(feed);
        return () => undefined;
      },
    };
    const catalog = await fillCatalog(journal, options);
    return { catalog, warnings: told.filter(({ level }) => level === 'warn') };
  };

  it('is brought up to date with what has changed, come and gone since', async () => {
    writeSnapshot(path(), HEADER, catalogOf('kept', 'changed', 'gone'));
    const now = catalogOf('kept', 'changed', 'come');
    now.put(rowOf('changed', { version: 2, title: 'another' }));
    const { catalog, warnings } = await fill(journalOf(now, ['changed', 'gone', 'come']));
    expect(warnings).toEqual([]);
    await expectSame(catalog, now);
  });

  it('gives way to a commit that comes while it is read', async () => {
    writeSnapshot(path(), HEADER, catalogOf('a', 'b'));
    const { catalog } = await fill(journalOf(catalogOf('a', 'b'), ['a', 'b']), (feed) =>
      feed.commits([{ kind: 'delete', key: rowOf('a').key } as never]),
    );
    expect(catalog.find(tenant, 'a')).toBeUndefined();
    expect(catalog.find(tenant, 'b')).toBeDefined();
  });

  it.each([
    ['of another store', journalOf(catalogOf('a'), [], 'elsewhere'), 'of another store'],
    ['that the journal knows nothing of', journalOf(catalogOf('a'), undefined), 'does not know'],
  ])('one %s is removed, told of, and the rows are read', async (_, journal, why) => {
    writeSnapshot(path(), HEADER, catalogOf('foreign'));
    const { catalog, warnings } = await fill(journal);
    await expectSame(catalog, catalogOf('a'));
    expect(warnings).toMatchObject([{ message: expect.stringContaining(why) }]);
    expect(await readSnapshot(path())).toEqual({ kind: 'absent' });
  });

  it('is not used with any bit of it turned round, nor cut off anywhere', async () => {
    writeSnapshot(path(), HEADER, catalogOf('a', 'b'));
    const whole = readFileSync(path());
    const dice = new Dice(5);
    for (let n = 0; n < 300; n++) {
      const at = dice.int(0, whole.length - 1);
      const hurt = Buffer.from(whole);
      hurt[at] = (hurt[at] ?? 0) ^ (1 << dice.int(0, 7));
      writeFileSync(path(), n % 3 === 0 ? whole.subarray(0, at) : hurt);
      expect(await readSnapshot(path())).toMatchObject({ kind: 'unusable' });
    }
    writeFileSync(path(), whole);
    expect(await readSnapshot(path())).toMatchObject({ kind: 'found', header: HEADER });
    expect(await readHeader(path())).toEqual(HEADER);
  });

  it('has no word of a session that was deleted before it was written', async () => {
    const catalog = catalogOf('stays', 'secret');
    writeSnapshot(path(), HEADER, catalog);
    expect(readFileSync(path(), 'latin1')).toContain('title of secret');
    const { catalog: loaded } = await fill(journalOf(catalogOf('stays'), ['secret']));
    writeSnapshot(path(), HEADER, loaded);
    const written = readFileSync(path(), 'latin1');
    expect(written).toContain('title of stays');
    expect(written).not.toContain('title of secret');
    expect(written).not.toContain('tag-secret');
  });
});

describe('what is saved', () => {
  const saved = (fill: (saving: Saving) => void): Buffer => {
    const pieces: Buffer[] = [];
    const saving = new Saving((bytes) => pieces.push(Buffer.from(bytes)));
    fill(saving);
    saving.end();
    const all = Buffer.concat(pieces);
    const own = Buffer.allocUnsafeSlow(all.length);
    all.copy(own);
    return own;
  };

  it('is read as it was, however much there is of small things and of large ones', () => {
    const numbers = Array.from({ length: 200_000 }, (_, n) => n / 3);
    const large = new Uint32Array(300_000).map((_, n) => n);
    const odd = new Uint8Array(700_001).fill(7);
    const bytes = saved((saving) => {
      for (const number of numbers) saving.number(number);
      saving.text('größer');
      saving.array(large);
      saving.array(odd);
      saving.text('');
      saving.number(-1);
    });
    const loading = new Loading(bytes);
    for (const number of numbers) if (loading.number() !== number) expect.fail(`${number}`);
    expect(loading.text()).toBe('größer');
    expect(loading.uint32()).toEqual(large);
    expect(Buffer.compare(loading.bytes(), odd)).toBe(0);
    expect([loading.text(), loading.number()]).toEqual(['', -1]);
  });

  it('is handed over in few pieces, small things together', () => {
    const pieces: number[] = [];
    const saving = new Saving((bytes) => pieces.push(bytes.length));
    for (let n = 0; n < 100; n += 1) saving.text('small');
    saving.array(new Uint8Array(600_003));
    saving.number(1);
    saving.end();
    saving.end();
    expect(pieces).toEqual([100 * 16 + 8, 600_003, 5 + 8]);
  });

  it('says what it has where something else was looked for, and where it ends too soon', () => {
    const bytes = saved((saving) => saving.text('columns'));
    expect(() => new Loading(bytes).expect('rows')).toThrow('it has "columns" for rows');
    new Loading(bytes).expect('columns');
    expect(() => new Loading(bytes.subarray(0, 12)).text()).toThrow('it is cut short');
    const below = saved((saving) => saving.number(-8));
    expect(() => new Loading(below).bytes()).toThrow('it is cut short');
  });

  it('names each column, so that a snapshot of others is told', () => {
    const catalog = new MemoryCatalog();
    catalog.put(rowOf('a', { title: 'A' }));
    const text = saved((saving) => catalog.save(saving)).toString('latin1');
    for (const name of [
      ...['fields', 'ids', 'tags', 'tools', 'by id', 'number 0', 'text title'],
      ...['sorted updatedAt', 'facet status'],
    ])
      expect(text, name).toContain(name);
  });
});

describe('texts of their own', () => {
  it.each([
    '',
    'short',
    'thirteen char',
    'latin-1: größer und länger',
    'beyond: Ā und 日本語 und 🙂',
  ])('%j is the same', (text) => {
    expect(flat(`${text}`.slice(0))).toBe(text);
  });
});

it('a snapshot that is of no use and cannot be removed leaves the journal to fill the catalog', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-snapshot-'));
  try {
    const warned: string[] = [];
    const catalog = await fillCatalog(
      {
        info: () => ({ storeId: 'here' }),
        row: () => undefined,
        changedSince: async () => undefined,
        scanRows: async (visit: (row: ReturnType<typeof rowOf>) => void) => visit(rowOf('a')),
      } as unknown as Source,
      {
        snapshot: folder, // a folder: it can be neither read nor removed as a file
        notices: { info: () => undefined, warn: (_, message) => void warned.push(message) },
        nowMs: () => 0,
        onFault: () => undefined,
        pause: async () => undefined,
        follow: () => () => undefined,
      },
    );
    expect(catalog.find(tenant, 'a')?.key.sessionId).toBe('a');
    expect(warned).toEqual([
      expect.stringContaining('is of no use'),
      'the snapshot of the catalog cannot be removed',
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('a snapshot that is looked over', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'greenroom-snapshot-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  /** More than the pages in which a catalog is read. */
  const rows = Array.from({ length: 1_200 }, (_, n) => rowOf(`s${n}`, { createdAtMs: 1_000 + n }));
  const look = async (name: string, saved: typeof rows, stored: typeof rows) => {
    const path = join(folder, name);
    const catalog = new MemoryCatalog();
    for (const row of saved) catalog.put(row);
    writeSnapshot(path, { ...HEADER, sessions: saved.length }, catalog);
    const journal = {
      info: () => ({ storeId: 'here' }),
      row: () => undefined,
      changeMark: () => MARK,
      changedSince: async () => [],
      scanRows: async (visit: (row: (typeof rows)[number]) => void) => stored.forEach(visit),
    } as unknown as VerifySource;
    return verifySnapshot(journal, path, async () => undefined);
  };

  it('is the journal’s to the last session', async () => {
    expect(await look('same', rows, rows)).toEqual({
      ...{ is: 'read', sessions: 1_200, wrong: 0, named: [] },
    });
  });

  it('is told of each session that it lacks, has too many, or has otherwise', async () => {
    const [first, second, ...others] = rows;
    const found = await look(
      'other',
      [...others, ...(second === undefined ? [] : [second])],
      [
        ...(first === undefined ? [] : [first]),
        ...others.slice(0, -1),
        rowOf('s1199', { title: 'T' }),
      ],
    );
    expect(found).toMatchObject({ is: 'read', wrong: 3 });
    const whys = 'named' in found ? found.named.map(({ sessionId, why }) => [sessionId, why]) : [];
    expect(whys).toContainEqual(['s0', 'is missing in it']);
    expect(whys).toContainEqual(['s1', 'is in it, and not in the journal']);
    expect(whys.find(([id]) => id === 's1199')?.[1]).toContain('title');
  });
});

it('without a snapshot nobody is warned', async () => {
  const warned: unknown[] = [];
  const told: unknown[] = [];
  await fillCatalog(
    {
      scanRows: async (visit: (row: ReturnType<typeof rowOf>) => void) => visit(rowOf('a')),
    } as Source,
    {
      snapshot: undefined,
      notices: { info: (fields) => told.push(fields), warn: (fields) => warned.push(fields) },
      nowMs: () => 0,
      onFault: () => undefined,
      pause: async () => undefined,
      follow: () => () => undefined,
    },
  );
  expect(warned).toEqual([]);
  expect(told).toEqual([expect.objectContaining({ from: 'rows', sessions: 1 })]);
});
