import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { verifyInChild } from '../../src/storage/verify/verify.ts';
import { read } from '../support/read-journal.ts';
import { folders } from './folders.ts';
import { append, codeOf, keyOf, textOf } from './sessions.ts';

const TEXT = 'the quick brown fox jumps over the lazy dog';

describe('a store with damaged pages', () => {
  const folder = folders();

  /** A closed store whose only entry is damaged in the file; with what is changed in it. */
  const damaged = async (damage: (file: Buffer, at: number) => void): Promise<string> => {
    const dir = folder();
    const { journal, close } = await openLmdbJournal({ dir });
    await journal.commit(append(keyOf('sound'), undefined, 'untouched'));
    await journal.commit(append(keyOf('hurt'), undefined, TEXT));
    await close();
    const file = join(dir, 'data.mdb');
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf(TEXT); at >= 0; at = bytes.indexOf(TEXT, at + 1)) damage(bytes, at);
    writeFileSync(file, bytes);
    return dir;
  };
  const flip = (bytes: Buffer, at: number): void => {
    bytes[at + 5] = (bytes[at + 5] ?? 0) ^ 0x04;
  };

  it('a flipped bit is never served, and the rest is', async () => {
    const dir = await damaged(flip);
    const { journal, close } = await openLmdbJournal({ dir });
    expect(await codeOf(read(journal).entries(keyOf('hurt')))).toBe('corrupt_record');
    expect(textOf((await read(journal).entries(keyOf('sound')))[0])).toContain('untouched');
    expect(await codeOf(journal.commit(append(keyOf('new'))))).toBeUndefined();
    await close();
  });

  it('a flipped bit is found by reading everything, and named', async () => {
    const verdict = await verifyInChild(await damaged(flip));
    expect(verdict).toMatchObject({ isSound: false, report: { broken: 1 } });
    expect(JSON.stringify(verdict)).toContain('hurt');
  });

  it('a sound store passes', async () => {
    const dir = await damaged(() => {});
    expect(await verifyInChild(dir)).toMatchObject({
      isSound: true,
      report: { sessions: 2, broken: 0 },
    });
  });

  it('a head that is lost while its row stands is told of, not taken for no session', async () => {
    const dir = await damaged(() => {});
    const file = join(dir, 'data.mdb');
    const bytes = readFileSync(file);
    const name = 'default\0hurt\0P';
    for (
      let at = bytes.indexOf(name, 0, 'latin1');
      at >= 0;
      at = bytes.indexOf(name, at + 1, 'latin1')
    )
      bytes.write('Q', at + name.length - 1);
    writeFileSync(file, bytes);
    const { journal, close } = await openLmdbJournal({ dir });
    await expect(journal.open(keyOf('hurt'))).rejects.toThrow('is missing');
    await close();
    expect(await verifyInChild(dir)).toMatchObject({ isSound: false });
  });
});
