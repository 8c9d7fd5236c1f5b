/**
 * How much room the store's file system has: looked at every few seconds, and before big changes.
 * Below the watermark changes that add are refused while there is still room for LMDB to work.
 */
import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { BIG_CHANGE_BYTES, MIN_FREE_BYTES } from '../records/limits.ts';
import type { Space } from './stored-journal.ts';

export interface FreeSpaceOptions {
  /** Free bytes below which nothing is added; default 256 MiB. */
  readonly minFreeBytes?: number;
  /** For tests: another way to know. */
  readonly look?: () => number;
}

export class FreeSpace implements Space {
  readonly #dir: string;
  readonly #minFreeBytes: number;
  readonly #look: (() => number) | undefined;
  #freeBytes: number;

  constructor(dir: string, { minFreeBytes = MIN_FREE_BYTES, look }: FreeSpaceOptions = {}) {
    this.#dir = dir;
    this.#minFreeBytes = minFreeBytes;
    this.#look = look;
    this.#freeBytes = this.#lookNow();
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  isLow(bytes: number, waitingBytes: number): boolean {
    if (bytes >= BIG_CHANGE_BYTES) this.#freeBytes = this.#lookNow();
    return this.#freeBytes - bytes - waitingBytes < this.#minFreeBytes;
  }

  /** Looks again without stopping the loop; a file system that does not answer leaves the last figure. */
  async refresh(): Promise<void> {
    try {
      if (this.#look !== undefined) this.#freeBytes = this.#look();
      else this.#freeBytes = roomOf(await statfs(this.#dir));
    } catch {
      // Commits will tell soon enough.
    }
  }

  #lookNow(): number {
    return this.#look?.() ?? roomOf(statfsSync(this.#dir));
  }
}

const roomOf = ({ bavail, bsize }: { bavail: number; bsize: number }): number => bavail * bsize;
