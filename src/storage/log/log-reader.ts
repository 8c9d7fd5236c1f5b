/** Reads a commit log: the groups that LMDB has not taken in yet, and whether any of them was lost. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { StorageError } from '../../model/errors.ts';
import { batchLength } from '../records/batch-reader.ts';
import {
  CRC_AT,
  GENERATION_AT,
  GROUP_HEADER_BYTES,
  LENGTH_AT,
  LOG_FILE,
  MAGIC,
  PAGE_BYTES,
  pagesOf,
  SEQUENCE_AT,
} from './commit-log.ts';

/** A group as its batches. */
export type Group = readonly Buffer[];

/** What begins at a page of the log; `void` is whole, and of another generation. */
type Found =
  | { readonly kind: 'group'; readonly sequence: number; readonly payload: Buffer }
  | { readonly kind: 'void' }
  | { readonly kind: 'broken' };

/**
 * The log of the store in `dir`, to be parsed; undefined if there is none. Somebody may be writing to it:
 * what comes while it is read may be in it or not.
 *
 * It is read from the last page to the first, because a writer goes the other way: of two groups the
 * earlier one is looked at later, so it is whole whenever the later one is.
 */
export const readLog = (dir: string): Buffer | undefined => {
  const path = join(dir, LOG_FILE);
  if (!existsSync(path)) return undefined;
  const file = openSync(path, 'r');
  try {
    const log = Buffer.alloc(fstatSync(file).size);
    const last = Math.ceil(log.length / PAGE_BYTES) - 1;
    for (let page = last; page >= 0; page -= 1) {
      const at = page * PAGE_BYTES;
      readSync(file, log, at, Math.min(PAGE_BYTES, log.length - at), at);
    }
    return log;
  } finally {
    closeSync(file);
  }
};

/** The groups of one generation, oldest first. Throws `storage_failed` for a log that has lost a group which was acknowledged. */
export const groupsOf = (log: Buffer, generation: number): readonly Group[] => {
  const groups: Group[] = [];
  for (let at = 0; ; ) {
    const found = foundAt(log, at, generation);
    if (found.kind === 'broken' && isFollowed(log, at, generation)) throw damagedAt(at);
    if (found.kind !== 'group' || found.sequence !== groups.length) return groups;
    groups.push(batchesOf(found.payload));
    at += pagesOf(found.payload.length);
  }
};

const foundAt = (log: Buffer, at: number, generation: number): Found => {
  const payloadAt = at + GROUP_HEADER_BYTES;
  if (payloadAt > log.length || log.readUInt32LE(at) !== MAGIC) return { kind: 'broken' };
  const end = payloadAt + log.readUInt32LE(at + LENGTH_AT);
  if (
    end > log.length ||
    crc32(log.subarray(at + GENERATION_AT, end)) !== log.readUInt32LE(at + CRC_AT)
  )
    return { kind: 'broken' };
  if (log.readDoubleLE(at + GENERATION_AT) !== generation) return { kind: 'void' };
  const sequence = log.readUInt32LE(at + SEQUENCE_AT);
  return { kind: 'group', sequence, payload: log.subarray(payloadAt, end) };
};

const isFollowed = (log: Buffer, from: number, generation: number): boolean => {
  for (let at = from + PAGE_BYTES; at < log.length; at += PAGE_BYTES)
    if (foundAt(log, at, generation).kind === 'group') return true;
  return false;
};

const batchesOf = (payload: Buffer): Group => {
  const batches: Buffer[] = [];
  for (let at = 0; at < payload.length; ) {
    const rest = payload.subarray(at);
    batches.push(rest.subarray(0, batchLength(rest)));
    at += batchLength(rest);
  }
  return batches;
};

const damagedAt = (at: number): StorageError =>
  new StorageError(
    `${LOG_FILE} is damaged at byte ${at}, and acknowledged commits are lost with it: restore the store from a backup, or empty that file to open the store as it was before them`,
  );
