/** What a hook prints to one of its outputs: the beginning is kept, the rest is let go. */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Of each output. */
export const KEPT_BYTES = 1024 * 1024;
/** One that prints more does not print for anybody. */
export const MOST_BYTES = 64 * 1024 * 1024;

export class Printed {
  readonly #stream: Readable;
  readonly #kept: Buffer[] = [];
  #size = 0;
  /** Resolves when nothing more can come. */
  readonly ended: Promise<void>;

  /** @param tooMuch called once, when it is too much. */
  constructor(stream: Readable, tooMuch: () => void) {
    this.#stream = stream;
    this.ended = this.#read(tooMuch);
  }

  get isCut(): boolean {
    return this.#size > KEPT_BYTES;
  }

  get text(): string {
    const decoder = new StringDecoder('utf8'); // a cut character is left out
    return decoder.write(Buffer.concat(this.#kept));
  }

  destroy(): void {
    this.#stream.destroy();
  }

  async #read(tooMuch: () => void): Promise<void> {
    try {
      for await (const chunk of this.#stream) {
        if (!this.#take(chunk as Buffer)) return tooMuch();
      }
    } catch {
      // Its end is heard.
    }
  }

  #take(chunk: Buffer): boolean {
    const room = KEPT_BYTES - this.#size;
    if (room > 0) this.#kept.push(chunk.subarray(0, room));
    this.#size += chunk.byteLength;
    return this.#size <= MOST_BYTES;
  }
}
