/** Backups are of one moment and read to their end; what is restored is what was backed up. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backupStore, restoreStore } from '../../src/storage/backup/care.ts';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { packValue, record } from '../../src/storage/records/frame.ts';
import { metaKey, UPKEEP } from '../../src/storage/records/keys.ts';
import { readMeta } from '../../src/storage/records/meta.ts';
import { FORMAT_VERSION } from '../../src/storage/records/store.ts';
import { LmdbTables } from '../../src/storage/tables/lmdb-tables.ts';
import { read } from '../support/read-journal.ts';
import { folders } from './folders.ts';
import { append, keyOf, NOW, textOf } from './sessions.ts';

const refusal = (message: string) => ({
  code: 'invalid_request',
  message: expect.stringContaining(message),
});

describe('a backup', () => {
  const folder = folders();
  const places = () => {
    const root = folder();
    return { store: join(root, 'store'), copy: join(root, 'copy'), back: join(root, 'back') };
  };

  it('takes the budgets along, and puts them back where there are none', async () => {
    const { store, copy, back } = places();
    const { journal, close } = await openLmdbJournal({ dir: store });
    await journal.commit(append(keyOf('s')));
    await close();
    const budgets = join(store, '..', 'budgets.json');
    writeFileSync(budgets, '{"tenants":{}}\n');
    await backupStore(store, copy, NOW);
    writeFileSync(budgets, 'another');
    await restoreStore(copy, join(back, 'store'), NOW);
    expect(readFileSync(join(back, 'budgets.json'), 'utf8')).toBe('{"tenants":{}}\n');
    await restoreStore(copy, join(store, '..', 'second'), NOW);
    expect(readFileSync(budgets, 'utf8')).toBe('another');
  });

  it('of a store in use has everything acknowledged before it began, and comes back the same', async () => {
    const { store, copy, back } = places();
    const { journal, close } = await openLmdbJournal({ dir: store });
    const id = journal.info().storeId;
    const keysOf = Array.from({ length: 4 }, (_, n) => keyOf(`s${n}`));
    const heads = await Promise.all(
      keysOf.map(async (key) => {
        const change = append(key);
        await journal.commit(change);
        return change.head;
      }),
    );
    let isOver = false;
    const acknowledged = heads.map(({ seq }) => seq);
    const writing = heads.map(async (first, at) => {
      for (let head = first; !isOver; ) {
        const change = append(head.key, head);
        head = change.head;
        await journal.commit(change);
        acknowledged[at] = head.seq;
      }
    });
    const before = [...acknowledged];
    const note = await backupStore(store, copy, NOW);
    isOver = true;
    await Promise.all(writing);
    await close();
    expect(note).toMatchObject({ storeId: id, sessions: 4 });
    expect(readdirSync(copy).toSorted()).toEqual(['backup.json', 'data.mdb']);
    expect(await restoreStore(copy, back, NOW)).toEqual(note);
    const restored = await openLmdbJournal({ dir: back });
    expect(restored.journal.info()).toMatchObject({ storeId: id });
    for (const [at, key] of keysOf.entries()) {
      const seq = (await read(restored.journal).head(key))?.seq ?? 0;
      expect(seq).toBeGreaterThanOrEqual(before[at] ?? 0);
      const [last] = await read(restored.journal).entries(key, { reverse: true, limit: 1 });
      expect(textOf(last)).toContain(`message ${seq}`);
    }
    await restored.close();
  });

  it('goes to an empty folder only, and of a store only', async () => {
    const { store, copy, back } = places();
    await expect(backupStore(store, copy, NOW)).rejects.toMatchObject(refusal('there is no store'));
    await (await openLmdbJournal({ dir: store })).close();
    mkdirSync(copy);
    writeFileSync(join(copy, 'mine'), '');
    await expect(backupStore(store, copy, NOW)).rejects.toMatchObject(refusal('is not empty'));
    await backupStore(store, back, NOW);
    await expect(restoreStore(back, copy, NOW)).rejects.toMatchObject(refusal('is not empty'));
    await expect(restoreStore(join(copy, 'y'), join(copy, 'x'), NOW)).rejects.toMatchObject(
      refusal('there is no folder'),
    );
    await expect(restoreStore(copy, join(copy, 'x'), NOW)).rejects.toMatchObject(
      refusal('no finished backup'),
    );
  });

  it('goes nowhere that takes no folders, and says why', async () => {
    const { store, copy } = places();
    await (await openLmdbJournal({ dir: store })).close();
    await backupStore(store, copy, NOW);
    writeFileSync(join(store, 'file'), '');
    const nowhere = [
      ...[join(store, 'file', 'below'), join(store, 'file')],
      ...(process.platform === 'linux' ? ['/proc/nowhere'] : []),
    ];
    for (const path of nowhere) {
      const why = path.startsWith('/proc') ? 'belongs to the kernel' : 'is no directory';
      await expect(backupStore(store, path, NOW)).rejects.toMatchObject(refusal(why));
      await expect(restoreStore(copy, path, NOW)).rejects.toMatchObject(refusal(why));
    }
  });

  it('is not restored over a store, in use or not', async () => {
    const { store, copy } = places();
    const { close } = await openLmdbJournal({ dir: store });
    await backupStore(store, copy, NOW);
    await expect(restoreStore(copy, store, NOW)).rejects.toMatchObject(refusal('is not empty'));
    await close();
    await expect(restoreStore(copy, store, NOW)).rejects.toMatchObject(refusal('is not empty'));
  });

  it.each(['', '{', 'null', '{"storeId":1}'])('whose note is %j is none', async (note) => {
    const { store, copy, back } = places();
    await (await openLmdbJournal({ dir: store })).close();
    await backupStore(store, copy, NOW);
    writeFileSync(join(copy, 'backup.json'), note);
    await expect(restoreStore(copy, back, NOW)).rejects.toMatchObject(refusal('is no note'));
    expect(existsSync(back)).toBe(false);
  });

  it('that was damaged is not restored, and leaves nothing behind', async () => {
    const { store, copy, back } = places();
    const { journal, close } = await openLmdbJournal({ dir: store });
    await journal.commit(append(keyOf('s'), undefined, 'a text to be found'));
    await close();
    await backupStore(store, copy, NOW);
    const file = join(copy, 'data.mdb');
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf('to be found'); at >= 0; at = bytes.indexOf('to be found', at + 1))
      bytes[at] = 0x54;
    writeFileSync(file, bytes);
    await expect(restoreStore(copy, back, NOW)).rejects.toThrow('is not sound');
    expect(existsSync(join(back, 'data.mdb'))).toBe(false);
    expect(existsSync(join(back, 'store.json'))).toBe(false);
  });
});

describe('a store of format 1', () => {
  const folder = folders();

  it('is opened as it is, and is of this format from then on', async () => {
    const dir = folder();
    const first = await openLmdbJournal({ dir });
    await first.journal.commit(append(keyOf('s'), undefined, 'written before'));
    await first.close();
    const old = new LmdbTables(dir);
    const identity = { ...readMeta(old), formatVersion: 1 };
    old.transaction(() =>
      old.put(UPKEEP, Buffer.from(metaKey), record(metaKey, packValue, identity)),
    );
    await old.close();
    writeFileSync(join(dir, 'store.json'), JSON.stringify({ ...identity, epoch: undefined }));
    const second = await openLmdbJournal({ dir });
    expect(textOf((await read(second.journal).entries(keyOf('s')))[0])).toContain('written before');
    expect(second.journal.info().formatVersion).toBe(FORMAT_VERSION);
    await second.close();
    expect(JSON.parse(readFileSync(join(dir, 'store.json'), 'utf8')).formatVersion).toBe(
      FORMAT_VERSION,
    );
  });

  it('and one of a later format is refused', async () => {
    const dir = folder();
    await (await openLmdbJournal({ dir })).close();
    const tables = new LmdbTables(dir);
    const identity = { ...readMeta(tables), formatVersion: FORMAT_VERSION + 1 };
    tables.transaction(() =>
      tables.put(UPKEEP, Buffer.from(metaKey), record(metaKey, packValue, identity)),
    );
    await tables.close();
    await expect(openLmdbJournal({ dir })).rejects.toThrow(`knows formats up to ${FORMAT_VERSION}`);
  });
});
