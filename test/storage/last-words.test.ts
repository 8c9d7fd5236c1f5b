/** A journal that is closed while a commit is under way: the commit still gets its answer. */
import { expect, it } from 'vitest';
import { systemClock } from '../../src/otp/system-clock.ts';
import { StoredJournal } from '../../src/storage/journal/stored-journal.ts';
import { LmdbStore } from '../../src/storage/lmdb/lmdb-store.ts';
import { folders } from './folders.ts';
import { append, keyOf, NOW } from './sessions.ts';

const folder = folders();

it('what was handed to the writing thread is answered before its end is heard', async () => {
  for (let round = 0; round < 10; round++) {
    const store = await LmdbStore.open({ dir: folder(), nowMs: NOW });
    const journal = new StoredJournal(store, { clock: systemClock, commitTimeoutMs: 2_000 });
    const commit = journal.commit(append(keyOf('s')));
    await Promise.resolve(); // now the batch is with the thread
    journal.fence('killed');
    await store.close();
    await expect(commit).resolves.toBeUndefined();
  }
});
