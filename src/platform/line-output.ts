/**
 * Lines on their way out through a file descriptor. It owns the lines that a slow reader has not taken yet.
 *
 * Invariants:
 * 1. A write never throws and never waits: a log is no reason to stop. What cannot be written is dropped, counted,
 *    and told of in a line of its own as soon as lines get through again.
 * 2. At most `MAX_WAITING_BYTES` wait for a reader that stands still.
 * 3. A line that was cut, by a disk that filled up in its middle, ends before the next one begins.
 */
import { writeSync } from 'node:fs';

/** Bytes that wait for a reader that stands still. */
const MAX_WAITING_BYTES = 1024 * 1024;
const RETRY_MS = 100;

export interface LineOutputOptions {
  /** 2: the standard error output. */
  readonly fd: number;
  /** The line that stands for those that were lost. */
  readonly lostLine: (lost: number, why: string) => string;
  /** Another way to write, where the descriptor changes. */
  readonly writeSome?: (fd: number, bytes: Uint8Array) => number;
}

/** Something that waits to be written. */
interface Piece {
  bytes: Uint8Array;
  /** Lines that are lost if this is. */
  readonly lines: number;
  /** It begins with the end that the line before it did not get. */
  readonly mends: boolean;
}

export class LineOutput {
  readonly #options: LineOutputOptions;
  readonly #waiting: Piece[] = [];
  #waitingBytes = 0;
  /** The first of those that wait was written in part. */
  #isBegun = false;
  /** The last line that went out has no end. */
  #isCut = false;
  #lost = 0;
  #why = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LineOutputOptions) {
    this.#options = options;
  }

  /** @param line with its line end. */
  write(line: string): void {
    if (this.#waitingBytes + line.length > MAX_WAITING_BYTES) {
      this.#lost++;
      this.#why = 'the reader has stopped';
      return;
    }
    if (this.#lost > 0) this.#push(this.#options.lostLine(this.#lost, this.#why), this.#lost);
    this.#lost = 0;
    this.#push(line, 1);
    this.#flush();
  }

  #push(line: string, lines: number): void {
    const mends = this.#isCut;
    const bytes = Buffer.from(mends ? `\n${line}` : line);
    this.#isCut = false;
    this.#waiting.push({ bytes, lines, mends });
    this.#waitingBytes += bytes.length;
  }

  readonly #flush = (): void => {
    const { fd, writeSome = writeSync } = this.#options;
    try {
      for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting)
        this.#written(first, writeSome(fd, first.bytes));
      this.#rest();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') this.#tryLater();
      else this.#drop(code ?? message);
    }
  };

  #written(first: Piece, count: number): void {
    this.#waitingBytes -= count;
    this.#isBegun = count < first.bytes.length;
    if (this.#isBegun) first.bytes = first.bytes.subarray(count);
    else this.#waiting.shift();
  }

  #rest(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    process.removeListener('exit', this.#flush);
  }

  #tryLater(): void {
    if (this.#timer === undefined) process.on('exit', this.#flush);
    else clearTimeout(this.#timer);
    // biome-ignore lint/plugin: a log is there before any system is, and after it
    this.#timer = setTimeout(this.#flush, RETRY_MS).unref();
  }

  #drop(why: string): void {
    this.#why = why;
    for (const { lines } of this.#waiting) this.#lost += lines;
    this.#isCut ||= this.#isBegun || this.#waiting.some(({ mends }) => mends);
    this.#isBegun = false;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#rest();
  }
}
