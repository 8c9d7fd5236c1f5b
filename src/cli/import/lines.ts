/**
 * Reads a file of lines in constant memory, as bytes: a transcript may hold anything, and what is not
 * valid UTF-8 must come through unchanged.
 */
import { open } from 'node:fs/promises';
import { readLine } from '../../claude-code/read-line.ts';
import { fitting, leftOutLine } from './long-line.ts';

export interface LineBatch {
  /** Without their newlines (`\n` or `\r\n`). Views of a buffer that is not used again. */
  readonly lines: readonly Uint8Array[];
  /** Those of them of which something was left out, by their positions here. */
  readonly leftOut: readonly LeftOut[];
  /** Bytes of the file read so far. */
  readonly readBytes: number;
  /** The last of these lines ends with the file and not with a newline: it may be half written. */
  readonly isCut: boolean;
}

/** A line that is too long to be stored as it is. */
export interface LeftOut {
  readonly position: number;
  /** What it had. */
  readonly bytes: number;
}

/** Longer ones are not held in memory: the longest that was seen in the wild has 1 MB. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** The lines of the first `size` bytes; what is written meanwhile is left for the next time. */
export async function* readLines(path: string | Buffer, size: number): AsyncGenerator<LineBatch> {
  const file = await open(path, 'r');
  try {
    const splitter = new Splitter();
    let readBytes = 0;
    while (readBytes < size) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, size - readBytes));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, readBytes);
      if (bytesRead === 0) break;
      readBytes += bytesRead;
      yield { ...fitted(splitter.push(buffer.subarray(0, bytesRead))), readBytes, isCut: false };
    }
    const rest = splitter.rest();
    if (rest !== undefined) yield { ...fitCut(rest), readBytes, isCut: true };
  } finally {
    await file.close();
  }
}

/** A line of a file, or how long it is where it was too long to be held. */
type Line = Uint8Array | number;

const fitted = (lines: readonly Line[]): Pick<LineBatch, 'lines' | 'leftOut'> => {
  const leftOut: LeftOut[] = [];
  const all = lines.map((line, position) => {
    const fits = typeof line === 'number' ? leftOutLine(line) : fitting(line);
    const bytes = typeof line === 'number' ? line : line.byteLength;
    if (fits !== line) leftOut.push({ position, bytes });
    return fits;
  });
  return { lines: all, leftOut };
};

/** A last line that may be half written is left as it is, and is no line yet. */
const fitCut = (line: Line): Pick<LineBatch, 'lines' | 'leftOut'> => {
  if (typeof line === 'number') return { lines: [Buffer.from('{')], leftOut: [] };
  return isWholeLine(line) ? fitted([line]) : { lines: [line], leftOut: [] };
};

/** Many files lack their last newline; a line that is whole JSON is no half-written one. */
export const isWholeLine = (line: Uint8Array): boolean => {
  const read = readLine(line);
  return read.kind === 'objects' && !read.isRecovered;
};

/** Cuts chunks into lines; keeps the beginning of the line that a chunk ends in. */
class Splitter {
  #open: Uint8Array[] = [];
  #openBytes = 0;

  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(withoutReturn(this.#close(chunk.subarray(start, end))));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  /** What stands behind the last newline. */
  rest(): Line | undefined {
    return this.#openBytes === 0 ? undefined : this.#close(new Uint8Array());
  }

  #keep(piece: Uint8Array): void {
    this.#openBytes += piece.length;
    if (this.#openBytes <= MAX_HELD_BYTES) this.#open.push(piece);
    else this.#open = [];
  }

  #close(end: Uint8Array): Line {
    if (this.#openBytes === 0) return end;
    const bytes = this.#openBytes + end.length;
    const line = this.#openBytes > MAX_HELD_BYTES ? bytes : Buffer.concat([...this.#open, end]);
    this.#open = [];
    this.#openBytes = 0;
    return line;
  }
}

const withoutReturn = (line: Line): Line =>
  typeof line !== 'number' && line.at(-1) === RETURN ? line.subarray(0, -1) : line;
