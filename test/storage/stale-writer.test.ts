import { describe, expect, it } from 'vitest';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { packHead } from '../../src/storage/records/codec.ts';
import { record } from '../../src/storage/records/frame.ts';
import { headKey, SESSIONS, sessionPrefix } from '../../src/storage/records/keys.ts';
import { takeOver } from '../../src/storage/records/meta.ts';
import { LmdbTables } from '../../src/storage/tables/lmdb-tables.ts';
import { read } from '../support/read-journal.ts';
import { folders } from './folders.ts';
import { append, codeOf, keyOf } from './sessions.ts';

describe('a store that another writer has altered', () => {
  const folder = folders();
  const key = keyOf('s1');

  it('a commit on the version before is refused, and the other’s stays', async () => {
    const dir = folder();
    const { journal, close } = await openLmdbJournal({ dir });
    const first = append(key);
    await journal.commit(first);
    const other = new LmdbTables(dir);
    const name = headKey(sessionPrefix(key));
    const theirs = { ...first.head, version: 2, title: 'theirs' };
    other.transaction(() =>
      other.put(
        SESSIONS,
        Buffer.from(name, 'latin1'),
        record(name, packHead, { head: theirs, epoch: 1 }),
      ),
    );
    expect(await codeOf(journal.commit(append(key, first.head)))).toBe('version_conflict');
    expect(await read(journal).head(key)).toEqual(theirs);
    await close();
  });

  it('after a takeover every commit of the deposed writer is refused', async () => {
    const dir = folder();
    const { journal, close } = await openLmdbJournal({ dir });
    const first = append(key);
    await journal.commit(first);
    const other = new LmdbTables(dir);
    other.transaction(() => takeOver(other, 'unused'));
    await expect(journal.commit(append(key, first.head))).rejects.toMatchObject({
      code: 'version_conflict',
      details: { epoch: 2 },
    });
    expect(await codeOf(journal.commit(append(keyOf('s2'))))).toBe('version_conflict');
    await close();
  });

  it('after a takeover a change of the owner before is refused by the owner of now', async () => {
    const dir = folder();
    const before = await openLmdbJournal({ dir });
    const first = append(key);
    await before.journal.commit(first);
    const fence = before.journal.owner();
    await before.close();
    const { journal, close } = await openLmdbJournal({ dir });
    const stale = { ...append(key, first.head), fence };
    await expect(journal.commit(stale)).rejects.toMatchObject({
      code: 'version_conflict',
      details: { epoch: fence.epoch + 1 },
    });
    expect(await read(journal).head(key)).toEqual(first.head);
    await journal.commit({ ...stale, fence: journal.owner() });
    await close();
  });
});
