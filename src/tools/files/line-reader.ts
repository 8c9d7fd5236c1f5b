/** Reads some lines of a file of any size, and counts the others. */
import { readSync } from 'node:fs';
import { MAX_LINE, shortLine } from '../tool/outcome.ts';
import type { Pauses } from '../tool/pauses.ts';

export interface Wanted {
  /** The first line, from 1. */
  readonly from: number;
  readonly count: number;
  /** Characters of all lines together. */
  readonly maxChars: number;
}

export interface Lines {
  readonly lines: readonly string[];
  /** Lines of the whole file. */
  readonly total: number;
  /** Counting ended before the file did. */
  readonly isMore: boolean;
}

const CHUNK = 256 * 1024;
const LEAST_CHUNK = 8 * 1024;
/** Bytes of a file that are read; lines behind them are not found. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Bytes that are kept of one line: more than are shown of it. */
const KEPT_BYTES = 4 * (MAX_LINE + 1);
const NEWLINE = 10;

/** UTF-8. A newline at the end ends the last line and begins no other. */
export const readLines = async (
  { fd, stats }: { readonly fd: number; readonly stats: { readonly size: number } },
  wanted: Wanted,
  pauses: Pauses,
): Promise<Lines> => {
  const collector = new Collector(wanted);
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(stats.size, LEAST_CHUNK)));
  for (let position = 0; position < MAX_BYTES; ) {
    await pauses.look();
    const count = readSync(fd, chunk, 0, chunk.length, position);
    if (count === 0) return collector.end(false);
    collector.take(chunk.subarray(0, count));
    position += count;
  }
  return collector.end(true);
};

/** The same of bytes that are there. */
export const linesOf = (bytes: Uint8Array, wanted: Wanted): Lines => {
  const collector = new Collector(wanted);
  collector.take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return collector.end(false);
};

class Collector {
  readonly #wanted: Wanted;
  readonly #lines: string[] = [];
  #chars = 0;
  /** Lines that have ended. */
  #ended = 0;
  #isFull = false;
  /** Of the line that has begun: what is kept of it, and its length. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #bytes = 0;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  take(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.#add(chunk.subarray(from, at));
      this.#endLine();
      from = at + 1;
    }
    this.#add(chunk.subarray(from));
  }

  end(isMore: boolean): Lines {
    if (this.#bytes > 0) this.#endLine();
    return { lines: this.#lines, total: this.#ended, isMore };
  }

  get #isWanted(): boolean {
    const { from, count } = this.#wanted;
    const number = this.#ended + 1;
    return !this.#isFull && number >= from && number < from + count;
  }

  #add(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (!this.#isWanted || this.#keptBytes >= KEPT_BYTES) return;
    const kept = Buffer.from(bytes.subarray(0, KEPT_BYTES - this.#keptBytes)); // the chunk is used again
    this.#keptBytes += kept.length;
    this.#kept.push(kept);
  }

  #endLine(): void {
    if (this.#isWanted) this.#keep(this.#text());
    this.#ended += 1;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#bytes = 0;
  }

  #text(): string {
    const line = Buffer.concat(this.#kept)
      .toString()
      .replace(/\r$/, '')
      .replace(/^\ufeff/, '');
    if (this.#bytes <= this.#keptBytes) return shortLine(line);
    return `${line.slice(0, MAX_LINE)} [… the line goes on, ${this.#bytes} bytes in all]`;
  }

  #keep(line: string): void {
    this.#chars += line.length + 1;
    if (this.#chars > this.#wanted.maxChars && this.#lines.length > 0) this.#isFull = true;
    else this.#lines.push(line);
  }
}
