import { describe, expect, it } from 'vitest';
import { type CatalogRow, catalogRowOf } from '../../src/model/catalog-row.ts';
import type { Tenant } from '../../src/model/ids.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { catalogServer } from '../../src/search/catalog/catalog-server.ts';
import { catalogName } from '../../src/session/ports/catalog.ts';
import { journalServer } from '../../src/storage/journal/journal-server.ts';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import type { StoredJournal } from '../../src/storage/journal/stored-journal.ts';
import { memoryJournal } from '../../src/storage/memory/memory-journal.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import type { WriteTables } from '../../src/storage/records/apply-batch.ts';
import * as keys from '../../src/storage/records/keys.ts';
import { ROWS, SESSIONS, type Table, UPKEEP } from '../../src/storage/records/keys.ts';
import { LmdbTables } from '../../src/storage/tables/lmdb-tables.ts';
import { folders } from './folders.ts';
import { append, codeOf, DAY_MS, keyOf, NOW, remove } from './sessions.ts';

const hurt = keyOf('hurt');
const prefix = keys.sessionPrefix(hurt);

/** Flips one bit in the middle of a stored value. */
const flip = (tables: WriteTables, table: Table, key: keys.Key): void => {
  const name = Buffer.from(key, 'latin1');
  const value = Buffer.from(tables.get(table, name) ?? []);
  expect(value.length).toBeGreaterThan(0);
  const at = value.length >> 1;
  value[at] = (value[at] ?? 0) ^ 0x04;
  tables.put(table, name, value);
};

const rowsOf = async (journal: StoredJournal): Promise<CatalogRow[]> => {
  const rows: CatalogRow[] = [];
  await journal.scanRows((row) => rows.push(row));
  return rows;
};

const inMemory = async () => {
  const store = new MemoryStore();
  const clock = virtualClock(NOW);
  const told: unknown[] = [];
  const journal = memoryJournal({ store, clock, onCorrupt: (error) => told.push(error) });
  const write = append(hurt, undefined, 'said');
  await journal.commit(write);
  return { tables: store.tables, clock, journal, told, write };
};

describe('a broken catalog row', () => {
  it('is told of and made anew from the session’s head', async () => {
    const { tables, journal, told, write } = await inMemory();
    await journal.commit(append(keyOf('sound')));
    flip(tables, ROWS, keys.rowKey(prefix));
    const rows = await rowsOf(journal);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual(catalogRowOf(write.head));
    expect(told).toMatchObject([{ code: 'corrupt_record', details: { key: prefix } }]);
  });

  it('with a broken head costs that session alone', async () => {
    const { tables, journal, told } = await inMemory();
    await journal.commit(append(keyOf('sound')));
    flip(tables, ROWS, keys.rowKey(prefix));
    flip(tables, SESSIONS, keys.headKey(prefix));
    expect((await rowsOf(journal)).map(({ key }) => key.sessionId)).toEqual(['sound']);
    expect(told).toHaveLength(2);
  });
});

describe('a row whose key is damaged', () => {
  it('is told of, and its session is found by its head', async () => {
    const { tables, journal, told, write } = await inMemory();
    await journal.commit(append(keyOf('sound')));
    const deleted = append(keyOf('deleted'));
    await journal.commit(deleted);
    await journal.commit(remove(keyOf('deleted'), deleted.head, NOW + DAY_MS));
    const key = Buffer.from(keys.rowKey(prefix), 'latin1');
    const value = Buffer.from(tables.get(ROWS, key) ?? []);
    tables.remove(ROWS, key);
    tables.put(ROWS, Buffer.concat([key.subarray(0, -1), Buffer.of(0x80)]), value);
    const rows = await rowsOf(journal);
    expect(rows.map((row) => row.key.sessionId)).toEqual(['sound', 'hurt']);
    expect(rows[1]).toEqual(catalogRowOf(write.head));
    expect(told).toMatchObject([{ code: 'corrupt_record' }, { code: 'corrupt_record' }]);
  });
});

describe('a broken tombstone', () => {
  it('refuses the session that would come back, and is nothing to the others', async () => {
    const { tables, journal, write } = await inMemory();
    await journal.commit(remove(hurt, write.head, NOW + DAY_MS));
    flip(tables, UPKEEP, keys.tombstoneKey(prefix));
    const [refused, other] = [journal.commit(append(hurt)), journal.commit(append(keyOf('new')))];
    expect(await codeOf(refused)).toBe('corrupt_record');
    expect(await codeOf(other)).toBeUndefined();
    expect(journal.hasStopped).toBe(false);
  });

  it('goes when its expiry is due, and the session may come again', async () => {
    const { tables, clock, journal, write } = await inMemory();
    await journal.commit(remove(hurt, write.head, NOW + DAY_MS));
    flip(tables, UPKEEP, keys.tombstoneKey(prefix));
    clock.jump(2 * DAY_MS);
    while ((await journal.purge(9)).left);
    await journal.purge(9);
    expect(await codeOf(journal.commit(append(hurt)))).toBeUndefined();
  });
});

it('a broken record of a purge does not keep it from ending', async () => {
  const { tables, journal, write } = await inMemory();
  await journal.commit(remove(hurt, write.head, NOW + DAY_MS));
  flip(tables, UPKEEP, keys.purgeKey(prefix));
  expect(await journal.purge(9)).toMatchObject({ purged: 1, left: false });
  expect(tables.get(UPKEEP, keys.purgeKey(prefix))).toBeUndefined();
});

it('a head that is cut short refuses its session’s changes, and no others', async () => {
  const { tables, journal, write } = await inMemory();
  tables.put(SESSIONS, Buffer.from(keys.headKey(prefix), 'latin1'), Buffer.from([1, 2]));
  expect(await codeOf(journal.commit(append(hurt, write.head)))).toBe('corrupt_record');
  expect(await codeOf(journal.commit(append(keyOf('new'))))).toBeUndefined();
});

describe('broken records on disk', () => {
  const folder = folders();
  const alter = (dir: string, work: (tables: LmdbTables) => void): void => {
    const tables = new LmdbTables(dir);
    tables.transaction(() => work(tables));
  };

  it('the writing thread goes on after a tombstone that it cannot read', async () => {
    const dir = folder();
    const { journal, close } = await openLmdbJournal({ dir });
    const write = append(hurt);
    await journal.commit(write);
    await journal.commit(remove(hurt, write.head, Date.now() + DAY_MS));
    alter(dir, (tables) => flip(tables, UPKEEP, keys.tombstoneKey(prefix)));
    expect(await codeOf(journal.commit(append(hurt)))).toBe('corrupt_record');
    expect(await codeOf(journal.commit(append(keyOf('new'))))).toBeUndefined();
    await close();
  });

  it('journal and catalog start over a broken row, and the session is found', async () => {
    const dir = folder();
    const { journal, close } = await openLmdbJournal({ dir });
    await journal.commit(append(hurt));
    alter(dir, (tables) => flip(tables, ROWS, keys.rowKey(prefix)));
    await close();
    const reports: unknown[] = [];
    const system = new System({ onReport: (report) => reports.push(report) });
    const children = [journalServer({ dir, onFatal: () => {} }), catalogServer()];
    const tree = supervisor({ id: 'storage', strategy: 'rest_for_one', children });
    const root = await startTree(system, tree);
    const row = system.fetch(catalogName).find('default' as Tenant, 'hurt');
    expect(row?.key.sessionId).toBe('hurt');
    expect(reports).toMatchObject([{ kind: 'fault', error: { code: 'corrupt_record' } }]);
    await system.stop(root);
  });
});
