import { describe, expect, it } from 'vitest';
import type { Head } from '../../src/model/head.ts';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { folders } from './folders.ts';
import { append, keyOf } from './sessions.ts';

describe('group commit', () => {
  const folder = folders();

  it('at 100 in flight over different sessions a sync carries at least 20 commits', async () => {
    const { journal, close } = await openLmdbJournal({ dir: folder() });
    const work = async (number: number) => {
      let head: Head | undefined;
      for (let turn = 0; turn < 20; turn += 1) {
        const change = append(keyOf(`s${number}`), head);
        await journal.commit(change);
        head = change.head;
      }
    };
    await Promise.all(Array.from({ length: 100 }, (_, number) => work(number)));
    const { commits, syncs } = journal.stats();
    console.info(`${commits} commits in ${syncs} syncs: ${(commits / syncs).toFixed(1)} per sync`);
    expect(commits / syncs).toBeGreaterThanOrEqual(20);
    await close();
  });
});
