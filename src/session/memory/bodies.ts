/**
 * Where the bodies of entries go that are read: behind each other into few large buffers. A buffer for each message
 * would be a piece of native memory for each, and tens of thousands of these a second leave a heap full of holes.
 *
 * 1. A body that was placed does not change until `reset`.
 * 2. What is kept for the next use is bounded.
 */

export interface Bodies {
  /** A copy; valid as long as its owner says. */
  place(body: Uint8Array): Uint8Array;
}

/** Kept by `reset`. */
const MAX_KEPT = 4;

export class BodyRun implements Bodies {
  readonly #chunkBytes: number;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  /** The chunk that is being filled. */
  #current = 0;
  #at = 0;
  #made = 0;

  /** @param chunkBytes of each buffer; a body that is larger gets one of its own size. */
  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
  }

  /** Buffers made since the beginning. */
  get made(): number {
    return this.#made;
  }

  place(body: Uint8Array): Uint8Array {
    const chunk = this.#chunkFor(body.byteLength);
    const placed = new Uint8Array(chunk.buffer, this.#at, body.byteLength);
    placed.set(body);
    this.#at += body.byteLength;
    return placed;
  }

  /** Nobody looks at what was placed any more. */
  reset(): void {
    const kept = this.#chunks.filter(({ byteLength }) => byteLength === this.#chunkBytes);
    this.#chunks.splice(0, this.#chunks.length, ...kept.slice(0, MAX_KEPT));
    this.#current = 0;
    this.#at = 0;
  }

  #chunkFor(bytes: number): Uint8Array<ArrayBuffer> {
    for (; this.#current < this.#chunks.length; this.#current += 1) {
      const chunk = this.#chunks[this.#current] as Uint8Array<ArrayBuffer>;
      if (this.#at + bytes <= chunk.byteLength) return chunk;
      this.#at = 0;
    }
    const size = Math.max(bytes, this.#chunkBytes);
    const chunk = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer);
    this.#made += 1;
    this.#chunks.push(chunk);
    return chunk;
  }
}
