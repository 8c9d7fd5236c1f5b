/**
 * The live context: the messages that the model sees, as one run of JSON bytes that grows at its end.
 *
 * 1. What is before `byteLength` never changes, so a slice handed to a worker stays true while the
 *    session goes on; a larger extent is a new one, and the old stays as long as its readers hold it.
 * 2. It is shared memory: handing a slice over moves three numbers, not the history (P8).
 * 3. It has to be let go of: `free`.
 */

import type { Extent, Slabs } from '../memory/slabs.ts';
import type { ContextSlice } from '../ports/executor.ts';
import { weightOf } from './weight.ts';

/** What is taken is so many times what is needed: the prompt of the turn comes next, then its answer. */
const SLACK = 1.25;
const COMMA = 0x2c;

interface Place {
  readonly extent: Extent;
  readonly bytes: Uint8Array;
  readonly release: () => void;
}

export class Context {
  readonly #slabs: Slabs;
  /** None while it is empty. */
  #place: Place | undefined;
  #length = 0;
  #weight = 0;

  /** @param messages JSON of each message, in order. */
  constructor(slabs: Slabs, messages: readonly Uint8Array[]) {
    this.#slabs = slabs;
    if (messages.length === 0) return;
    this.#move(messages.reduce((sum, message) => sum + message.byteLength + 1, 0));
    for (const message of messages) this.add(message);
  }

  /** Of messages that were joined elsewhere. */
  static joined(slabs: Slabs, bytes: Uint8Array): Context {
    const context = new Context(slabs, []);
    if (bytes.byteLength > 0) context.add(bytes);
    return context;
  }

  /** Bytes held, used or not: what the cache limit counts. */
  get heldBytes(): number {
    return this.#place?.extent.byteLength ?? 0;
  }

  /** What it takes of a model's window, in bytes of text: see `weightOf`. */
  get weight(): number {
    return this.#weight;
  }

  /** Bytes of the messages. */
  get byteLength(): number {
    return this.#length;
  }

  add(message: Uint8Array): void {
    this.#weight += weightOf(message);
    const separator = this.#length > 0 ? 1 : 0;
    const { bytes } = this.#room(this.#length + separator + message.byteLength);
    if (separator === 1) bytes[this.#length] = COMMA;
    bytes.set(message, this.#length + separator);
    this.#length += separator + message.byteLength;
  }

  slice(): ContextSlice {
    const { extent } = this.#room(this.#length);
    const { slab, byteOffset } = extent;
    return { slab, byteOffset, byteLength: this.#length, hold: () => extent.hold() };
  }

  /** Nobody asks this context for anything any more; slices stay true for those who hold them. */
  free(): void {
    this.#place?.release();
    this.#place = undefined;
    this.#length = 0;
    this.#weight = 0;
  }

  #room(needed: number): Place {
    const place = this.#place;
    return place !== undefined && needed <= place.extent.byteLength ? place : this.#move(needed);
  }

  #move(needed: number): Place {
    const before = this.#place;
    const { extent, release } = this.#slabs.take(Math.ceil(needed * SLACK));
    const { slab, byteOffset, byteLength } = extent;
    const bytes = new Uint8Array(slab.buffer, byteOffset, byteLength);
    if (before !== undefined) bytes.set(before.bytes.subarray(0, this.#length));
    before?.release();
    this.#place = { extent, bytes, release };
    return this.#place;
  }
}
