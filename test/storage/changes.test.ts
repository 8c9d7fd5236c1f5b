/** What the journal says has changed since a mark: every session that has, or that it cannot tell. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChangeMark, SessionWrite } from '../../src/session/ports/journal.ts';
import { backupStore, restoreStore } from '../../src/storage/backup/care.ts';
import { JournalBeside } from '../../src/storage/journal/journal-beside.ts';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { ChangeList, changedSince, markOf } from '../../src/storage/records/changes.ts';
import { changesKey, sessionPrefix, UPKEEP } from '../../src/storage/records/keys.ts';
import { CHANGES_MAX_BYTES } from '../../src/storage/records/limits.ts';
import { LmdbTables } from '../../src/storage/tables/lmdb-tables.ts';
import { auditStore, type Ledger, runStore } from '../chaos/store/store-process.ts';
import { folders } from './folders.ts';
import { append, keyOf, NOW, remove } from './sessions.ts';

describe('the list of changes', () => {
  const folder = folders();

  const opened = async (dir: string) => {
    const { journal, close } = await openLmdbJournal({ dir });
    const since = async (mark: ChangeMark): Promise<readonly string[] | undefined> =>
      (await journal.changedSince(mark))?.map(({ sessionId }) => sessionId).toSorted();
    const mark = (): ChangeMark => journal.changeMark() ?? { epoch: 0, count: 0, token: 0 };
    return { journal, close, since, mark };
  };

  /** A store with a mark, from before the sessions `a` to `c`; closed. */
  const written = async (dir: string): Promise<ChangeMark> => {
    const { journal, close, mark } = await opened(dir);
    const before = mark();
    for (const id of ['a', 'b', 'c']) await journal.commit(append(keyOf(id)));
    await close();
    return before;
  };

  it('names what has changed, come and gone since a mark, in the same tick and after a restart', async () => {
    const dir = folder();
    const { journal, close, since, mark } = await opened(dir);
    const first = mark();
    const changes: SessionWrite[] = [append(keyOf('a')), append(keyOf('b'))];
    for (const change of changes) await journal.commit(change);
    expect(await since(first)).toEqual(['a', 'b']);
    await journal.commit(remove(keyOf('a'), changes[0]?.head as never, NOW));
    const second = mark();
    await journal.commit(append(keyOf('b'), changes[1]?.head));
    expect(await since(second)).toContain('b');
    await close();
    const again = await opened(dir);
    expect(await again.since(first)).toEqual(['a', 'b']);
    expect(await again.since(again.mark())).toEqual([]);
    await again.close();
  });

  it('names what a process that was killed had acknowledged and had in its log alone', async () => {
    const dir = folder();
    const ledger: Ledger = new Map();
    const before = await written(dir);
    for (let kill = 1; kill <= 2; kill++)
      await runStore({ dir, sessions: 20 }, { acknowledgements: 100 * kill }, ledger);
    const { since, close } = await opened(dir);
    const changed = new Set(await since(before));
    await close();
    const acknowledged = [...ledger.keys()];
    expect(acknowledged.length).toBeGreaterThan(5);
    expect(acknowledged.filter((id) => !changed.has(id))).toEqual([]);
    await auditStore(dir, ledger);
  }, 60_000);

  const editing = async (dir: string, edit: (tables: LmdbTables) => void): Promise<void> => {
    const tables = new LmdbTables(dir);
    tables.transaction(() => edit(tables));
    await tables.close();
  };

  it.each<[string, (tables: LmdbTables, last: ChangeMark) => void]>([
    [
      'an opening noted nothing, as one by a version without the list',
      (tables, { epoch }) => tables.remove(UPKEEP, Buffer.from(changesKey(epoch, 0), 'latin1')),
    ],
    [
      'a record in the middle is gone',
      (tables, { epoch }) => tables.remove(UPKEEP, Buffer.from(changesKey(epoch, 1), 'latin1')),
    ],
    [
      'a record is broken',
      (tables, { epoch, count }) =>
        tables.put(UPKEEP, Buffer.from(changesKey(epoch, count), 'latin1'), Buffer.from('hurt')),
    ],
  ])('says nothing when %s', async (_, edit) => {
    const dir = folder();
    const before = await written(dir);
    const second = await opened(dir);
    for (const id of ['d', 'e', 'f']) {
      const change = append(keyOf(id));
      await second.journal.commit(change);
      await second.journal.commit(remove(change.key, change.head, NOW)); // waits for its own transaction
    }
    await second.close();
    const third = await opened(dir);
    expect(await third.since(before)).toHaveLength(6);
    const last = third.mark();
    await third.close();
    await editing(dir, (tables) => edit(tables, { ...last, epoch: last.epoch - 1, count: 0 }));
    const fourth = await opened(dir);
    expect(await fourth.since(before)).toBeUndefined();
    await fourth.close();
  });

  it('says nothing of a mark of another store, nor of one that went another way', async () => {
    const dir = folder();
    const before = await written(dir);
    const { since, close } = await opened(dir);
    expect(await since({ ...before, token: before.token + 1 })).toBeUndefined();
    expect(await since({ ...before, epoch: before.epoch + 9 })).toBeUndefined();
    await close();
  });

  it('is not in a backup: what is restored knows no mark', async () => {
    const root = folder();
    const [store, copy, back] = ['store', 'copy', 'back'].map((name) => join(root, name));
    if (store === undefined || copy === undefined || back === undefined) throw new Error();
    await written(store);
    const { mark, close } = await opened(store);
    const before = mark();
    await close();
    await backupStore(store, copy, NOW);
    await restoreStore(copy, back, NOW);
    const restored = await opened(back);
    expect(await restored.since(before)).toBeUndefined();
    await restored.close();
  });

  it('is cut before a mark, which stays good', async () => {
    const dir = folder();
    const before = await written(dir);
    const { journal, since, mark, close } = await opened(dir);
    const middle = mark();
    await journal.commit(append(keyOf('d')));
    journal.forgetChanges(middle);
    await journal.commit(append(keyOf('e')));
    expect(await since(middle)).toEqual(['d', 'e']);
    await close();
    const again = await opened(dir);
    expect(await again.since(middle)).toEqual(['d', 'e']);
    expect(await again.since(before)).toBeUndefined();
    await again.close();
  });

  it('is begun anew when it is longer than its limit', async () => {
    const dir = folder();
    const tables = new LmdbTables(dir);
    const list = new ChangeList(tables, 1);
    const many = (from: number) =>
      new Set(
        Array.from({ length: 40_000 }, (_, n) =>
          sessionPrefix(keyOf(`${from}-${'x'.repeat(90)}-${n}`)),
        ),
      );
    tables.transaction(() => list.note(new Set()));
    const before = markOf(tables);
    if (before === undefined) throw new Error('it was not noted');
    let bytes = 0;
    for (let n = 0; bytes <= CHANGES_MAX_BYTES; n++) {
      const prefixes = many(n);
      for (const prefix of prefixes) bytes += prefix.length;
      expect(changedSince(tables, before, 1)).toBeDefined();
      tables.transaction(() => list.note(prefixes));
    }
    expect(changedSince(tables, before, 1)).toBeUndefined();
    expect(tables.range(UPKEEP, { start: 'c', end: 'd', limit: 9 })).toHaveLength(1);
    await tables.close();
  });

  it('is read beside the process that writes it', async () => {
    const dir = folder();
    const { journal, close } = await opened(dir);
    await journal.commit(append(keyOf('a')));
    const copy = folder();
    mkdirSync(copy, { recursive: true });
    await close();
    copyFileSync(join(dir, 'data.mdb'), join(copy, 'data.mdb'));
    const beside = new JournalBeside(copy);
    expect(beside.changeMark()).toMatchObject({ epoch: beside.identity.epoch });
    expect(beside.row(keyOf('a'))).toMatchObject({ key: keyOf('a') });
    await beside.close();
  });
});
