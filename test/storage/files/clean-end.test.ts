/** A large store that was closed in order is opened without a walk over its pages, which follows; any other is walked first. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noteCleanEnd, takeCleanEnd } from '../../../src/storage/files/clean-end.ts';
import { inspectDataFile } from '../../../src/storage/files/data-file.ts';
import { inspectAside } from '../../../src/storage/files/inspect-aside.ts';
import { openLmdbJournal } from '../../../src/storage/journal/lmdb-journal.ts';
import { walkBeside } from '../../../src/storage/verify/walk-beside.ts';
import { folders } from '../folders.ts';
import { append, keyOf } from '../sessions.ts';

const never = new AbortController().signal;

describe('the note of a clean end', () => {
  const folder = folders();
  const closed = async (): Promise<string> => {
    const dir = folder();
    const { journal, close } = await openLmdbJournal({ dir });
    await Promise.all(
      Array.from({ length: 200 }, (_, n) => journal.commit(append(keyOf(`s${n}`)))),
    );
    await close();
    return dir;
  };

  it('is there when the store was closed, and holds once', async () => {
    const dir = await closed();
    expect(takeCleanEnd(dir)).toBe(true);
    expect(existsSync(join(dir, 'closed.json'))).toBe(false);
    expect(takeCleanEnd(dir)).toBe(false);
  });

  it('goes before the store is opened', async () => {
    const dir = await closed();
    const { close } = await openLmdbJournal({ dir });
    expect(existsSync(join(dir, 'closed.json'))).toBe(false);
    await close();
  });

  it.each<[string, (file: string) => void]>([
    ['was written to', (file) => writeFileSync(file, readFileSync(file))],
    ['is longer', (file) => appendFileSync(file, 'x')],
    ['has another time', (file) => utimesSync(file, 1, 1)],
  ])('says nothing of a data file that %s since', async (_, change) => {
    const dir = await closed();
    change(join(dir, 'data.mdb'));
    expect(takeCleanEnd(dir)).toBe(false);
  });

  it('says nothing of a copy of the store', async () => {
    const copy = join(folder(), 'copy');
    cpSync(await closed(), copy, { recursive: true, preserveTimestamps: true });
    expect(takeCleanEnd(copy)).toBe(false);
  });

  it('says nothing when it is none of ours', async () => {
    const dir = await closed();
    writeFileSync(join(dir, 'closed.json'), '{}');
    expect(takeCleanEnd(dir)).toBe(false);
    noteCleanEnd(dir);
    expect(takeCleanEnd(dir)).toBe(true);
  });

  it('spares a large file the walk, and not the look at what may not be', async () => {
    const dir = await closed();
    const file = join(dir, 'data.mdb');
    expect(await inspectAside(file, true, 0)).toMatchObject({ kind: 'unfinished', pages: 0 });
    expect(await inspectAside(file, false, 0)).toEqual({ kind: 'sound' });
    expect(await inspectAside(file, true)).toEqual({ kind: 'sound' });
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length / 2));
    expect(await inspectAside(file, true, 0)).toEqual(inspectDataFile(file, 0));
    expect(inspectDataFile(file, 0).kind).not.toBe('unfinished');
  });

  it('the walk beside the work finds a broken page, and passes a store that is written meanwhile', async () => {
    const dir = await closed();
    const { journal, close } = await openLmdbJournal({ dir });
    let isOver = false;
    const walked = walkBeside(dir, never).finally(() => {
      isOver = true;
    });
    for (let n = 0; !isOver; n++) await journal.commit(append(keyOf(`new-${n}`)));
    expect(await walked).toEqual({ kind: 'sound' });
    await close();
    const file = join(dir, 'data.mdb');
    const bytes = readFileSync(file);
    for (
      let at = bytes.indexOf('default\0s17\0');
      at >= 0;
      at = bytes.indexOf('default\0s17\0', at + 1)
    )
      bytes[at] = 0xff; // a key out of its order
    writeFileSync(file, bytes);
    expect(await walkBeside(dir, never)).toMatchObject({ kind: 'broken' });
  });
});
