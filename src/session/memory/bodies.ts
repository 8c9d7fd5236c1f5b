/**
 * Where the bodies of entries go that are read: behind each other into few large buffers. A buffer for each message
 * would be a piece of native memory for each, and tens of thousands of these a second leave a heap full of holes.
 *
 * 1. A body that was placed does not change until `reset`.
 * 2. What is kept for the next use is bounded, and becomes less when less is used.
 */
import { pieceOf } from './mapped.ts';

export interface Bodies {
  /** A copy; valid as long as its owner says. */
  place(body: Uint8Array): Uint8Array;
}

/** Kept by `reset` however little was used. */
const MIN_KEPT = 4;

export class BodyRun implements Bodies {
  readonly #chunkBytes: number;
  readonly #maxKept: number;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  /** The chunk that is being filled. */
  #current = 0;
  #at = 0;
  #made = 0;

  /**
   * @param chunkBytes of each buffer; a body that is larger gets one of its own size.
   * @param maxKept most buffers that are kept for the next use, if this one needed so many; default 4.
   */
  constructor(chunkBytes: number, maxKept = MIN_KEPT) {
    this.#chunkBytes = chunkBytes;
    this.#maxKept = maxKept;
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
    const used = this.#at === 0 ? this.#current : this.#current + 1;
    const usual = this.#chunks.filter(({ byteLength }) => byteLength === this.#chunkBytes);
    const wanted = Math.max(MIN_KEPT, used, Math.floor(usual.length / 2));
    this.#chunks.splice(0, this.#chunks.length, ...usual.slice(0, Math.min(this.#maxKept, wanted)));
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
    const chunk = pieceOf(size);
    this.#made += 1;
    this.#chunks.push(chunk);
    return chunk;
  }
}
