/**
 * The catalog's snapshot on disk: what the catalog is made of, as it stood at a mark of the journal's list of changes or
 * a little later, so that a start reads it and then only what has changed since.
 *
 * 1. It is derived, and may go at any time. Whatever is wrong with it, the catalog is built from the journal.
 * 2. It is whole or not there: it is written beside, synced, and takes its place by a rename.
 * 3. A checksum covers all of it, and is looked at before anything else is believed.
 *
 * The file: magic and format, then the order of bytes, the header as JSON, the catalog (`saved.ts`), and the checksum.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { crashpoint } from '../../platform/crashpoint.ts';
import type { ChangeMark } from '../../session/ports/journal.ts';
import { Loading, Saving } from '../table/saved.ts';
import type { MemoryCatalog } from './catalog.ts';

/** To be raised with each change of what `saved.ts` and those who use it write, or of what a catalog row has. */
export const SNAPSHOT_FORMAT = 6;

const MAGIC = 0x47_52_43_41_54_53;
const CHECKSUM_BYTES = 8;
/** More than a header takes, with what stands before it. */
const HEADER_BYTES = 4_096;
/** Read and summed in one go: some milliseconds. */
const PIECE_BYTES = 8 * 1024 * 1024;

export interface SnapshotHeader {
  readonly storeId: string;
  /** What was committed up to here is in it. */
  readonly mark: ChangeMark;
  readonly sessions: number;
}

/**
 * Blocks until it is on disk: for a process of its own.
 * @param isWanted asked before it takes the place of the one before.
 */
export const writeSnapshot = (
  path: string,
  header: SnapshotHeader,
  catalog: Pick<MemoryCatalog, 'save'>,
  isWanted: () => boolean = () => true,
): { readonly bytes: number } => {
  const draft = `${path}.new`;
  const file = openSync(draft, 'w', 0o600);
  let sum = 0;
  let size = 0;
  try {
    const write = (bytes: Uint8Array): void => {
      sum = crc32(bytes, sum);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      size += bytes.length;
      crashpoint('snapshot.written');
    };
    const saving = new Saving(write);
    saving.number(MAGIC);
    saving.number(SNAPSHOT_FORMAT);
    saving.array(Uint32Array.of(1));
    saving.text(JSON.stringify(header));
    catalog.save(saving);
    saving.end();
    const footer = Buffer.alloc(CHECKSUM_BYTES);
    footer.writeDoubleLE(sum);
    write(footer);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  crashpoint('snapshot.synced');
  if (!isWanted()) throw new Error('nobody wants it any more');
  renameSync(draft, path);
  crashpoint('snapshot.renamed');
  syncFolder(dirname(path));
  return { bytes: size };
};

const syncFolder = (dir: string): void => {
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

/** Also one that was not written to its end. */
export const removeSnapshot = (path: string): void => {
  for (const each of [path, `${path}.new`]) rmSync(each, { force: true });
};

interface Found {
  readonly kind: 'found';
  readonly header: SnapshotHeader;
  readonly from: Loading;
}

export type Snapshot =
  | Found
  | { readonly kind: 'absent' }
  | { readonly kind: 'unusable'; readonly why: string };

/** Reads it whole, and checks it. Gives way to the loop between pieces. */
export const readSnapshot = async (path: string): Promise<Snapshot> => {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unusable', why: message };
  }
  try {
    return opened(await wholeOf(file));
  } catch (error) {
    return { kind: 'unusable', why: (error as Error).message };
  } finally {
    await file.close();
  }
};

/** Whose it is and of when, without a look at the rest; undefined: there is none, or it does not begin as one. */
export const readHeader = async (path: string): Promise<SnapshotHeader | undefined> => {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const bytes = Buffer.alloc(HEADER_BYTES);
    await file.read(bytes, 0, HEADER_BYTES, 0);
    return opened(bytes).header;
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
};

/** All its bytes. Throws when the checksum is another one. */
export const wholeOf = async (file: Pick<FileHandle, 'stat' | 'read'>): Promise<Buffer> => {
  const { size } = await file.stat();
  const summed = size - CHECKSUM_BYTES;
  if (summed < CHECKSUM_BYTES) throw new Error('it is cut short');
  const bytes = Buffer.allocUnsafeSlow(size);
  let sum = 0;
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(PIECE_BYTES, size - at), at);
    if (bytesRead === 0) throw new Error('it is cut short');
    sum = crc32(bytes.subarray(at, Math.min(summed, at + bytesRead)), sum);
    at += bytesRead;
  }
  if (bytes.readDoubleLE(summed) !== sum) throw new Error('it fails its checksum');
  return bytes;
};

/** Throws for what is no snapshot that this version reads. */
const opened = (bytes: Buffer): Found => {
  const from = new Loading(bytes);
  if (from.number() !== MAGIC) throw new Error('it is none');
  const format = from.number();
  if (format !== SNAPSHOT_FORMAT)
    throw new Error(`it has format ${format}, and this version writes ${SNAPSHOT_FORMAT}`);
  if (from.uint32()[0] !== 1) throw new Error('it is of a machine with another order of bytes');
  const header = JSON.parse(from.text()) as SnapshotHeader;
  return { kind: 'found', header, from };
};
