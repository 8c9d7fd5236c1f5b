/**
 * The live context: the messages that the model sees, as one run of JSON bytes that grows at its end.
 *
 * 1. What is before `byteLength` never changes, so a slice handed to a worker stays true while the
 *    session goes on; a larger buffer is a new one, and the old lives as long as its readers.
 * 2. The buffer is shared memory: handing a slice over moves a handle, not the history (P8).
 */
import type { ContextSlice } from './executor.ts';

/** Buffers are made in whole steps of this. */
const STEP_BYTES = 512;
/** What a full buffer grows by: thousands of live sessions hold one each, so what is unused of it counts. */
const GROWTH = 1.25;
const COMMA = 0x2c;

export class Context {
  #buffer: SharedArrayBuffer;
  #bytes: Uint8Array;
  #length = 0;

  /** @param messages JSON of each message, in order. */
  constructor(messages: readonly Uint8Array[]) {
    const needed = messages.reduce((sum, message) => sum + message.byteLength + 1, 0);
    this.#buffer = new SharedArrayBuffer(inSteps(needed));
    this.#bytes = new Uint8Array(this.#buffer);
    for (const message of messages) this.add(message);
  }

  /** One that another thread has made and has let go of. */
  static adopt({ buffer, byteLength }: ContextSlice): Context {
    const context = new Context([]);
    context.#buffer = buffer;
    context.#bytes = new Uint8Array(buffer);
    context.#length = byteLength;
    return context;
  }

  /** Bytes held, used or not: what the cache limit counts. */
  get heldBytes(): number {
    return this.#buffer.byteLength;
  }

  add(message: Uint8Array): void {
    const separator = this.#length > 0 ? 1 : 0;
    this.#reserve(this.#length + separator + message.byteLength);
    if (separator === 1) this.#bytes[this.#length] = COMMA;
    this.#bytes.set(message, this.#length + separator);
    this.#length += separator + message.byteLength;
  }

  slice(): ContextSlice {
    return { buffer: this.#buffer, byteLength: this.#length };
  }

  #reserve(needed: number): void {
    if (needed <= this.#buffer.byteLength) return;
    const larger = new SharedArrayBuffer(
      inSteps(Math.max(needed, this.#buffer.byteLength * GROWTH)),
    );
    const bytes = new Uint8Array(larger);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#buffer = larger;
    this.#bytes = bytes;
  }
}

const inSteps = (bytes: number): number => Math.max(1, Math.ceil(bytes / STEP_BYTES)) * STEP_BYTES;
