/**
 * Reads a file of lines in constant memory, as bytes: a transcript may hold anything, and what is not
 * valid UTF-8 must come through unchanged.
 */
import { open } from 'node:fs/promises';

export interface LineBatch {
  /** Without their newlines (`\n` or `\r\n`). Views of a buffer that is not used again. */
  readonly lines: readonly Uint8Array[];
  /** Bytes of the file read so far. */
  readonly readBytes: number;
  /** The last of these lines ends with the file and not with a newline: it may be half written. */
  readonly isCut: boolean;
}

/** Longer ones are no transcript: the longest that was seen in the wild has 1 MB. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** The lines of the first `size` bytes; what is written meanwhile is left for the next time. */
export async function* readLines(path: string, size: number): AsyncGenerator<LineBatch> {
  const file = await open(path, 'r');
  try {
    const splitter = new Splitter();
    let readBytes = 0;
    while (readBytes < size) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, size - readBytes));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, readBytes);
      if (bytesRead === 0) break;
      readBytes += bytesRead;
      yield { lines: splitter.push(buffer.subarray(0, bytesRead)), readBytes, isCut: false };
    }
    const rest = splitter.rest();
    if (rest !== undefined) yield { lines: [rest], readBytes, isCut: true };
  } finally {
    await file.close();
  }
}

/** Cuts chunks into lines; keeps the beginning of the line that a chunk ends in. */
class Splitter {
  #open: Uint8Array[] = [];
  #openBytes = 0;
  #count = 0;

  push(chunk: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(withoutReturn(this.#close(chunk.subarray(start, end))));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  /** What stands behind the last newline. */
  rest(): Uint8Array | undefined {
    return this.#openBytes === 0 ? undefined : this.#close(new Uint8Array());
  }

  #keep(piece: Uint8Array): void {
    this.#open.push(piece);
    this.#openBytes += piece.length;
    if (this.#openBytes > MAX_LINE_BYTES)
      throw new Error(
        `line ${this.#count + 1} is longer than ${MAX_LINE_BYTES} bytes: this is no transcript`,
      );
  }

  #close(end: Uint8Array): Uint8Array {
    this.#count += 1;
    if (this.#openBytes === 0) return end;
    const line = Buffer.concat([...this.#open, end]);
    this.#open = [];
    this.#openBytes = 0;
    return line;
  }
}

const withoutReturn = (line: Uint8Array): Uint8Array =>
  line.at(-1) === RETURN ? line.subarray(0, -1) : line;
