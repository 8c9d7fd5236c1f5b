/**
 * `closed.json` beside LMDB's files: that the store was closed in order, and how its data file looked then. While it is
 * as it was, nobody has written to it, and the pages need not be walked before LMDB opens it; they are looked at beside
 * the work then, for a disk may lose by itself what it had.
 *
 * It goes before the file is opened: whatever ends without closing leaves none.
 */
import { closeSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { DATA_FILE } from './data-file.ts';
import { syncFolder, writeDurably } from './durable-files.ts';

const CLOSED_FILE = 'closed.json';
/** Both meta pages, which say which pages count. */
const META_BYTES = 8_192;

/** After everything of the store is closed. */
export const noteCleanEnd = (dir: string): void =>
  writeDurably(dir, CLOSED_FILE, `${JSON.stringify(looksOf(join(dir, DATA_FILE)))}\n`);

/** Whether the store was closed in order and is as it was left; the note is gone, on disk, when this returns. */
export const takeCleanEnd = (dir: string): boolean => {
  const path = join(dir, CLOSED_FILE);
  try {
    const noted = readFileSync(path, 'utf8');
    rmSync(path);
    syncFolder(dir);
    return noted === `${JSON.stringify(looksOf(join(dir, DATA_FILE)))}\n`;
  } catch {
    return false; // there is none, or it cannot be taken away: then it says nothing
  }
};

const looksOf = (path: string): object => {
  const { size, mtimeNs, ino } = statSync(path, { bigint: true });
  return { bytes: `${size}`, mtimeNs: `${mtimeNs}`, inode: `${ino}`, meta: metaSumOf(path) };
};

const metaSumOf = (path: string): number => {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(META_BYTES);
    readSync(file, bytes, 0, META_BYTES, 0);
    return crc32(bytes);
  } finally {
    closeSync(file);
  }
};
