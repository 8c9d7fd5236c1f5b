/** The catalog's snapshot as a file: it takes its place whole or not at all, and says what is wrong with one that is not. */
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import {
  readHeader,
  readSnapshot,
  removeSnapshot,
  SNAPSHOT_FORMAT,
  wholeOf,
  writeSnapshot,
} from '../../src/search/catalog/snapshot-file.ts';
import { Saving } from '../../src/search/table/saved.ts';
import { rowOf } from './summary-row.ts';

const HEADER = { storeId: 'here', mark: { epoch: 1, count: 7, token: 99 }, sessions: 1 };
const MAGIC = 0x47_52_43_41_54_53;

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'greenroom-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const path = () => join(dir, 'catalog.snapshot');

const catalogOf = (...ids: string[]): MemoryCatalog => {
  const catalog = new MemoryCatalog();
  for (const id of ids) catalog.put(rowOf(id));
  return catalog;
};

/** These bytes, and their checksum behind them. */
const summed = (bytes: Buffer): Buffer => {
  const footer = Buffer.alloc(8);
  footer.writeDoubleLE(crc32(bytes));
  return Buffer.concat([bytes, footer]);
};

const saved = (fill: (saving: Saving) => void): Buffer => {
  const pieces: Buffer[] = [];
  const saving = new Saving((bytes) => pieces.push(Buffer.from(bytes)));
  fill(saving);
  saving.end();
  return Buffer.concat(pieces);
};

describe('a snapshot that is written', () => {
  it('is as large as it says, and read as it is', async () => {
    const { bytes } = writeSnapshot(path(), HEADER, catalogOf('a'));
    expect(statSync(path()).size).toBe(bytes);
    expect(await readSnapshot(path())).toMatchObject({ kind: 'found', header: HEADER });
    expect(readdirSync(dir)).toEqual(['catalog.snapshot']);
  });

  it('keeps no file open', () => {
    const next = (): number => {
      const file = openSync(dir, 'r');
      closeSync(file);
      return file;
    };
    const before = next();
    writeSnapshot(path(), HEADER, catalogOf('a'));
    const failing = { save: () => expect.fail('it fails') };
    expect(() => writeSnapshot(path(), HEADER, failing)).toThrow('it fails');
    expect(next()).toBe(before);
  });

  it('that nobody wants any more does not take the place of the one before', () => {
    writeSnapshot(path(), HEADER, catalogOf('a'));
    const before = readFileSync(path());
    const write = () => writeSnapshot(path(), HEADER, catalogOf('b', 'c'), () => false);
    expect(write).toThrow('nobody wants it any more');
    expect(readFileSync(path())).toEqual(before);
  });

  it('is removed with what was not written to its end', () => {
    for (const each of [path(), `${path()}.new`]) writeFileSync(each, 'x');
    removeSnapshot(path());
    expect(readdirSync(dir)).toEqual([]);
    removeSnapshot(path());
  });
});

describe('a file that is no snapshot to be used', () => {
  const whyOf = async (bytes: Buffer) => {
    writeFileSync(path(), bytes);
    return readSnapshot(path());
  };
  const unusable = (why: string) => ({ kind: 'unusable', why });

  it('is cut short', async () => {
    expect(await whyOf(Buffer.alloc(0))).toEqual(unusable('it is cut short'));
    expect(await whyOf(Buffer.alloc(15))).toEqual(unusable('it is cut short'));
  });

  it('fails its checksum, and is not looked into', async () => {
    expect(await whyOf(Buffer.alloc(16, 1))).toEqual(unusable('it fails its checksum'));
  });

  it('is none', async () => {
    expect(await whyOf(summed(Buffer.alloc(8)))).toEqual(unusable('it is none'));
  });

  it('has another format', async () => {
    const bytes = saved((to) => {
      to.number(MAGIC);
      to.number(SNAPSHOT_FORMAT + 1);
    });
    const why = `it has format ${SNAPSHOT_FORMAT + 1}, and this version writes ${SNAPSHOT_FORMAT}`;
    expect(await whyOf(summed(bytes))).toEqual(unusable(why));
  });

  it('is of a machine with another order of bytes', async () => {
    const bytes = saved((to) => {
      to.number(MAGIC);
      to.number(SNAPSHOT_FORMAT);
      to.array(Uint32Array.of(0x01_00_00_00));
    });
    expect(await whyOf(summed(bytes))).toEqual(
      unusable('it is of a machine with another order of bytes'),
    );
  });

  it('is not there, or cannot be opened', async () => {
    expect(await readSnapshot(path())).toEqual({ kind: 'absent' });
    writeFileSync(path(), '');
    expect(await readSnapshot(join(path(), 'below'))).toEqual({
      ...{ kind: 'unusable', why: expect.stringContaining('ENOTDIR') },
    });
  });
});

describe('the header', () => {
  it('is read without the rest', async () => {
    writeSnapshot(path(), HEADER, catalogOf('a'));
    writeFileSync(path(), readFileSync(path()).subarray(0, -100));
    expect(await readHeader(path())).toEqual(HEADER);
  });

  it('of what is not there, or is no snapshot, is none', async () => {
    expect(await readHeader(path())).toBeUndefined();
    expect(await readHeader(dir)).toBeUndefined();
    writeFileSync(path(), Buffer.alloc(100));
    expect(await readHeader(path())).toBeUndefined();
  });
});

describe('a file that is read piece by piece', () => {
  /** A file that gives so many bytes at a time, and no more than `length` of those that it is said to have. */
  const fileOf = (bytes: Buffer, most: number, length = bytes.length) => {
    const asked: number[] = [];
    const read = async (into: Buffer, offset: number, wanted: number, at: number) => {
      asked.push(wanted);
      const bytesRead = Math.min(most, wanted, length - at);
      bytes.copy(into, offset, at, at + bytesRead);
      return { bytesRead, buffer: into };
    };
    const stat = async () => ({ size: bytes.length });
    const file = { read, stat } as unknown as Pick<FileHandle, 'read' | 'stat'>;
    return { file, asked };
  };
  const bytes = summed(Buffer.from('some bytes of which each counts'));

  it.each([1, 3, 8, bytes.length - 8, bytes.length - 3, bytes.length])(
    'is whole, with %i bytes at a time',
    async (most) => expect(await wholeOf(fileOf(bytes, most).file)).toEqual(bytes),
  );

  it('has been cut short since it was opened', async () => {
    await expect(wholeOf(fileOf(bytes, 8, 12).file)).rejects.toThrow('it is cut short');
  });

  it('is asked for no more than a piece, and for no more than there is', async () => {
    const { file, asked } = fileOf(bytes, 30);
    await wholeOf(file);
    expect(asked).toEqual([bytes.length, bytes.length - 30]);
    const large = fileOf(summed(Buffer.alloc(9 * 1024 * 1024)), Infinity);
    await wholeOf(large.file);
    expect(large.asked).toEqual([8 * 1024 * 1024, 1024 * 1024 + 8]);
  });
});
