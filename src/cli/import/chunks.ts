/** Packs lines into import requests that fit into one message of the broker. */
import { isUtf8 } from 'node:buffer';

export interface Chunk {
  readonly fromLine: number;
  readonly lines: readonly string[];
  readonly base64: boolean;
}

/** Larger chunks would hold up the daemon's loop; a single longer line goes alone. */
const CHUNK_BYTES = 512 * 1024;
const MAX_LINES = 10_000;
/** Room for the request around the lines: subject, names, numbers. */
const ENVELOPE_BYTES = 4 * 1024;

class LineTooLarge extends Error {
  constructor(line: number, bytes: number, limitBytes: number) {
    super(
      `line ${line + 1} takes ${bytes} bytes in a message, and this broker allows ${limitBytes}: ` +
        'raise max_payload of the broker (8MB takes every line) and import again',
    );
    this.name = 'LineTooLarge';
  }
}

/** Lines go in in their order; chunks come out when they are full, the last one by `flush`. */
export class ChunkPacker {
  readonly #limitBytes: number;
  #line: number;
  #lines: string[] = [];
  #bytes = 0;
  #base64 = false;

  /** `fromLine` is the 0-based number of the first line that comes. */
  constructor(fromLine: number, maxPayloadBytes: number) {
    this.#line = fromLine;
    this.#limitBytes = maxPayloadBytes - ENVELOPE_BYTES;
  }

  /** A chunk that is full now, without this line. Throws `LineTooLarge`. */
  add(line: Uint8Array): Chunk | undefined {
    const base64 = !isUtf8(line);
    const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString(
      base64 ? 'base64' : 'utf8',
    );
    const bytes = Buffer.byteLength(JSON.stringify(text)) + 1;
    if (bytes > this.#limitBytes) throw new LineTooLarge(this.#line, bytes, this.#limitBytes);
    const isFull =
      this.#bytes + bytes > Math.min(CHUNK_BYTES, this.#limitBytes) ||
      this.#lines.length === MAX_LINES ||
      this.#base64 !== base64;
    const full = isFull ? this.flush() : undefined;
    this.#base64 = base64;
    this.#lines.push(text);
    this.#bytes += bytes;
    this.#line += 1;
    return full;
  }

  /** What has gathered; undefined when that is nothing. */
  flush(): Chunk | undefined {
    if (this.#lines.length === 0) return undefined;
    const chunk = {
      fromLine: this.#line - this.#lines.length,
      lines: this.#lines,
      base64: this.#base64,
    };
    this.#lines = [];
    this.#bytes = 0;
    return chunk;
  }
}
