import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { read } from '../support/read-journal.ts';
import { folders } from './folders.ts';
import { append, keyOf } from './sessions.ts';

/** `ulimit -f` counts blocks of 512 or 1,024 bytes: some megabytes either way. */
const FILE_BLOCKS = 4_000;
const run = promisify(execFile);

describe('a disk that is full', () => {
  const folder = folders();

  it('ends the journal with storage_failed, and takes nothing that was acknowledged', async () => {
    const dir = folder();
    const script = fileURLToPath(new URL('./full-disk-child.mjs', import.meta.url));
    const command = `ulimit -f ${FILE_BLOCKS} && exec "$0" "$@"`;
    const { stdout } = await run('sh', ['-c', command, process.execPath, script, dir]);
    const said = stdout.trim().split('\n');
    expect(said.slice(-3)).toEqual(['fatal', 'failed storage_failed', 'later storage_failed']);
    const committed = said
      .filter((line) => line.startsWith('committed '))
      .map((line) => line.slice(10));
    expect(committed.length).toBeGreaterThan(50);
    const { journal, close } = await openLmdbJournal({ dir });
    for (const id of committed) expect(await read(journal).entries(keyOf(id))).toHaveLength(1);
    await journal.commit(append(keyOf('when-there-is-room')));
    await close();
  });
});
