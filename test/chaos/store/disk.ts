/**
 * A disk that remembers and that fails, put under one process by preloading disk.c; and the power cut:
 * what may lie on the disk after it is what was synced, and of the rest anything.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dice } from '../dice.ts';

/** Kinds of records in a disk's log; see disk.c. */
const WRITE = 1;
const DURABLE = 2;
const DURABLE_ALONE = 3;
const CUT = 4;
const WORD = 9;
const HEADER_BYTES = 24;
/** The store's files, by their numbers in a disk's log. */
const FILES = ['data.mdb', 'commits.log'] as const;
/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

/** What the n-th write or sync of a store's files ends with, and all after it. */
export type DiskTrouble = 'eio' | 'sync' | 'full';

/** Compiles the disk into the folder; undefined, and a line that says so, where that cannot be done. */
export const compileDisk = (folder: string): string | undefined => {
  const source = fileURLToPath(new URL('./disk.c', import.meta.url));
  const library = join(folder, 'disk.so');
  const args = ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread'];
  const isLinux = process.platform === 'linux';
  if (isLinux && spawnSync('cc', args, { stdio: 'ignore' }).status === 0) return library;
  console.warn('skipped: no C compiler on Linux to make a disk that fails');
  return undefined;
};

export const failingDisk = (library: string, call: number, how: DiskTrouble) => ({
  LD_PRELOAD: library,
  GREENROOM_DISK_FAIL: `${call}:${how}`,
});

export const rememberingDisk = (library: string, log: string) => ({
  LD_PRELOAD: library,
  GREENROOM_DISK_LOG: log,
});

interface DiskRecord {
  readonly kind: number;
  readonly file: number;
  readonly offset: number;
  readonly number: number;
  readonly bytes: Buffer;
}

/** What a disk was asked to do and what its process said, in order. A record that a kill cut short is left out. */
export const readDiskLog = (path: string): readonly DiskRecord[] => {
  const log = readFileSync(path);
  const records: DiskRecord[] = [];
  for (let at = 0; at + HEADER_BYTES <= log.length; ) {
    const end = at + HEADER_BYTES + log.readUInt32LE(at + 4);
    if (end > log.length) break;
    records.push({
      kind: log.readUInt16LE(at),
      file: log.readUInt16LE(at + 2),
      offset: Number(log.readBigUInt64LE(at + 8)),
      number: Number(log.readBigUInt64LE(at + 16)),
      bytes: log.subarray(at + HEADER_BYTES, end),
    });
    at = end;
  }
  return records;
};

/** A file as it grows; behind its end there is room, all zeroes. */
class Image {
  #room = Buffer.alloc(0);
  #length = 0;

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  copy(): Image {
    const copy = new Image();
    copy.#room = Buffer.from(this.#room);
    copy.#length = this.#length;
    return copy;
  }

  apply({ kind, offset, bytes }: DiskRecord, mayReach: (sector: number) => boolean): void {
    if (kind === CUT) this.#resize(offset);
    for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
      if (!mayReach(at / SECTOR_BYTES)) continue;
      const sector = bytes.subarray(at, at + SECTOR_BYTES);
      if (this.#length < offset + at + sector.length) this.#resize(offset + at + sector.length);
      sector.copy(this.#room, offset + at);
    }
  }

  #resize(length: number): void {
    if (length > this.#room.length) {
      const larger = Buffer.alloc(Math.max(length, 2 * this.#room.length));
      this.#room.copy(larger);
      this.#room = larger;
    }
    if (length < this.#length) this.#room.fill(0, length, this.#length);
    this.#length = length;
  }
}

/** A file of which some writes are synced. */
class DiskFile {
  readonly #durable = new Image();
  #pending: DiskRecord[] = [];

  get unsynced(): number {
    return this.#pending.length;
  }

  write(record: DiskRecord): void {
    this.#pending.push(record);
  }

  sync(isDurable: (write: DiskRecord) => boolean): void {
    for (const write of this.#pending) if (isDurable(write)) this.#durable.apply(write, () => true);
    this.#pending = this.#pending.filter((write) => !isDurable(write));
  }

  /** Of what was not synced each write reaches the disk whole, in part, or not at all. */
  afterCut(dice: Dice): Buffer {
    const image = this.#durable.copy();
    for (const write of this.#pending) {
      const fate = dice.int(1, 3);
      image.apply(write, () => fate === 1 || (fate === 2 && dice.int(0, 1) === 1));
    }
    return image.bytes;
  }
}

/** What stands on a disk whose power was cut, and what its process had said by then. */
export interface PowerCut {
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
  readonly said: readonly string[];
  /** Writes that were not synced yet. */
  readonly unsynced: number;
}

/** Plays a disk's log, and can cut the power between any two records. */
export class PowerCuts {
  readonly #records: readonly DiskRecord[];
  readonly #files = FILES.map(() => new DiskFile());
  readonly #said: string[] = [];
  #at = 0;

  constructor(records: readonly DiskRecord[]) {
    this.#records = records;
  }

  /**
   * When to cut the power, in order: after the store was opened, at any moment, and every second time
   * right behind a write, which is then not synced.
   */
  moments(count: number, dice: Dice): readonly number[] {
    const first = this.#records.findIndex(({ kind }) => kind === WORD) + 1;
    const any = () => dice.int(first, this.#records.length);
    const behindWrite = () => {
      for (let at = any(); at > first; at -= 1)
        if (this.#records[at - 1]?.kind === WRITE) return at;
      return first;
    };
    const moments = Array.from({ length: count }, (_, at) =>
      at % 2 === 0 ? any() : behindWrite(),
    );
    return moments.sort((a, b) => a - b);
  }

  /** Cuts are made in order. */
  cut(at: number, dice: Dice): PowerCut {
    for (; this.#at < at; this.#at += 1) this.#play(this.#records[this.#at]);
    const files = this.#files.map((file, number) => ({
      name: FILES[number] ?? '',
      bytes: file.afterCut(dice),
    }));
    const unsynced = this.#files.reduce((sum, file) => sum + file.unsynced, 0);
    return { files, said: [...this.#said], unsynced };
  }

  #play(record: DiskRecord | undefined): void {
    if (record === undefined) return;
    const { kind, number, bytes } = record;
    const file = this.#files[record.file - 1];
    if (kind === WORD) this.#said.push(bytes.toString());
    else if (kind === WRITE || kind === CUT) file?.write(record);
    else if (kind === DURABLE) file?.sync((write) => write.number <= number);
    else if (kind === DURABLE_ALONE) file?.sync((write) => write.number === number);
  }
}
