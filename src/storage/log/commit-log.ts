/**
 * The commit log: the file that makes a group of batches durable by one write and one sync, while what
 * they change stands in a transaction of LMDB that is still open. It owns `commits.log`.
 *
 * 1. It has a generation. LMDB's own record names the one that counts, and the transaction that brings
 *    the logged groups into LMDB (the checkpoint) names the next one: by its commit all that stands in
 *    the log is void, and is written over from the start.
 * 2. A group begins a page of its own, so that no write can tear a group that was acknowledged.
 * 3. Room is made with zeros and synced before it is used: a sync then has no metadata to write.
 * 4. A group that is broken with a good one behind it was acknowledged: that is damage. One that is
 *    broken with nothing behind it was cut off while it was written, and nobody was told of it.
 *
 * A group, little-endian: magic u32 · CRC-32 u32 of what follows · generation f64 · sequence u32 ·
 * length u32 · that many bytes of batches, one behind the other.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder } from '../files/durable-files.ts';
import {
  LOG_FIRST_BYTES,
  LOG_MAX_BYTES,
  MAX_LOGGED_BYTES,
  QUICK_CHECKPOINT_MS,
  SLOW_CHECKPOINT_MS,
} from '../records/limits.ts';

export const LOG_FILE = 'commits.log';

export const PAGE_BYTES = 4096;
const ZEROS_BYTES = 64 * 1024;
export const GROUP_HEADER_BYTES = 24;
export const MAGIC = 0x474c5247;
export const CRC_AT = 4;
export const GENERATION_AT = 8;
export const SEQUENCE_AT = 16;
export const LENGTH_AT = 20;

export const pagesOf = (payloadBytes: number): number =>
  Math.ceil((GROUP_HEADER_BYTES + payloadBytes) / PAGE_BYTES) * PAGE_BYTES;

export class CommitLog {
  readonly #file: number;
  readonly #header = Buffer.alloc(GROUP_HEADER_BYTES);
  #generation: number;
  #sequence = 0;
  #at = 0;
  /** Of the file; of these, what may be used now. */
  #bytes: number;
  #room = LOG_FIRST_BYTES;
  #hasLacked = false;

  private constructor(file: number, bytes: number, generation: number) {
    this.#file = file;
    this.#bytes = bytes;
    this.#generation = generation;
  }

  /**
   * Opens the log of the store in `dir`, or makes it; what stands in it is void.
   * @param generation the one that LMDB names from now on.
   * @returns undefined when there is no room for it.
   */
  static open(dir: string, generation: number): CommitLog | undefined {
    const { file, isNew } = openOrMake(join(dir, LOG_FILE));
    const log = new CommitLog(file, fstatSync(file).size, generation);
    if (log.#hasGrownTo(LOG_FIRST_BYTES)) {
      if (isNew) syncFolder(dir);
      return log;
    }
    log.close();
    return undefined;
  }

  /** Whether a group of so many bytes can be logged before the next checkpoint. */
  hasRoomFor(payloadBytes: number): boolean {
    if (payloadBytes > MAX_LOGGED_BYTES) return false;
    const hasRoom = this.#at + pagesOf(payloadBytes) <= this.#room;
    this.#hasLacked ||= !hasRoom;
    return hasRoom;
  }

  /** Writes a group; returns when it is on disk. If it throws, nobody knows whether it is. */
  append(batches: readonly Uint8Array[]): void {
    const header = this.#header;
    let length = 0;
    for (const batch of batches) length += batch.length;
    header.writeUInt32LE(MAGIC, 0);
    header.writeDoubleLE(this.#generation, GENERATION_AT);
    header.writeUInt32LE(this.#sequence, SEQUENCE_AT);
    header.writeUInt32LE(length, LENGTH_AT);
    let sum = crc32(header.subarray(GENERATION_AT));
    for (const batch of batches) sum = crc32(batch, sum);
    header.writeUInt32LE(sum, CRC_AT);
    const written = writevSync(this.#file, [header, ...batches], this.#at);
    if (written !== GROUP_HEADER_BYTES + length) throw new Error('the commit log is cut short');
    fdatasyncSync(this.#file);
    this.#sequence += 1;
    this.#at += pagesOf(length);
  }

  /** After a checkpoint that named `generation` and took so long: begins at the start. */
  begin(generation: number, tookMs: number): void {
    this.#generation = generation;
    this.#sequence = 0;
    this.#at = 0;
    const more = Math.min(LOG_MAX_BYTES, 2 * this.#room);
    if (tookMs > SLOW_CHECKPOINT_MS) this.#room = Math.max(LOG_FIRST_BYTES, this.#room / 2);
    else if (this.#hasLacked && tookMs < QUICK_CHECKPOINT_MS && this.#hasGrownTo(more))
      this.#room = more;
    this.#hasLacked = false;
  }

  close(): void {
    closeSync(this.#file);
  }

  #hasGrownTo(bytes: number): boolean {
    const more = bytes - this.#bytes;
    if (more <= 0) return true;
    try {
      writeZeros(this.#file, more, this.#bytes);
      fsyncSync(this.#file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      return false;
    }
    this.#bytes = bytes;
    return true;
  }
}

const openOrMake = (path: string): { readonly file: number; readonly isNew: boolean } => {
  try {
    return { file: openSync(path, 'r+'), isNew: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { file: openSync(path, 'wx+', 0o600), isNew: true };
  }
};

/** From one small buffer: a large one, once freed, has the C library take the next large ones from its heap, and keep more of that. */
const writeZeros = (file: number, count: number, at: number): void => {
  const zeros = Buffer.alloc(Math.min(count, ZEROS_BYTES));
  for (let done = 0; done < count; )
    done += writeSync(file, zeros, 0, Math.min(zeros.length, count - done), at + done);
};
