import { describe, expect, it } from 'vitest';
import { openLmdbJournal } from '../../../src/storage/journal/lmdb-journal.ts';
import { journalContract } from '../contract.ts';
import { folders } from '../folders.ts';
import { append, keyOf, NOW, remove } from '../sessions.ts';

describe('the journal on LMDB', () => {
  const folder = folders();
  journalContract((options) => openLmdbJournal({ ...options, dir: folder() }));

  it('a purge that was not finished goes on after the store was opened again', async () => {
    const dir = folder();
    const first = await openLmdbJournal({ dir });
    for (const id of ['a', 'b']) {
      const change = append(keyOf(id));
      await first.journal.commit(change);
      await first.journal.commit(remove(keyOf(id), change.head, NOW));
    }
    expect(await first.journal.purge(1)).toMatchObject({ purged: 1, left: true });
    await first.close();
    const second = await openLmdbJournal({ dir });
    expect(await second.journal.purge(9)).toMatchObject({ purged: 1, left: false });
    await second.close();
  });

  it('takes the head that its reader has, while that is the stored one', async () => {
    const { journal, close } = await openLmdbJournal({ dir: folder() });
    const key = keyOf('a');
    const first = append(key);
    await journal.commit(first);
    expect((await journal.open(key, first.head)).head).toBe(first.head);
    const second = append(key, first.head);
    await journal.commit(second);
    expect((await journal.open(key, first.head)).head).toEqual(second.head);
    await journal.commit(remove(key, second.head, NOW));
    expect((await journal.open(key, second.head)).head).toBeUndefined();
    await close();
  });
});
