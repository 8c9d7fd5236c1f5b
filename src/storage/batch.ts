/**
 * A batch: changes of several sessions, encoded, checked and sized, on their way to the writer as
 * one buffer. Whatever can fail about a change fails here, before any transaction knows of it.
 *
 * Layout, little-endian: nowMs f64 · length u32, then per change
 *
 *     size u32 · expectedVersion u32 · kind u16 · keyLength u16 · key of the head · operations
 *     operation: what u8 · table u8 · keyLength u16 · valueLength u32 · key · value
 */
import { GreenroomError } from '../session/errors.ts';
import { FRAME_BYTES, type Parts, writeRecord } from './codec.ts';
import type { Key, Table } from './keys.ts';
import { MAX_CHANGE_BYTES, MAX_CHANGE_RECORDS } from './limits.ts';

export const BATCH_HEADER_BYTES = 12;
export const CHANGE_HEADER_BYTES = 12;
export const OPERATION_HEADER_BYTES = 8;

export const WRITE = 0;
export const DELETE = 1;
export type ChangeKind = typeof WRITE | typeof DELETE;

/** The key must not exist: a turn id that must be new. */
export const EXPECT_ABSENT = 0;
export const PUT = 1;
export const REMOVE = 2;
/** Puts a record of the bytes that the change's removals freed. */
export const PUT_FREED = 3;
export type Operation = typeof EXPECT_ABSENT | typeof PUT | typeof REMOVE | typeof PUT_FREED;

const FIRST_BYTES = 64 * 1024;

export class Batch {
  #bytes: Buffer;
  #end = BATCH_HEADER_BYTES;
  #changeAt = 0;
  #changes = 0;
  #records = 0;
  #recordsBefore = 0;

  /** @param used the buffer of a batch that is settled, to be used again. */
  constructor(used?: ArrayBuffer) {
    this.#bytes = used === undefined ? Buffer.allocUnsafeSlow(FIRST_BYTES) : Buffer.from(used);
  }

  /** Changes in it. */
  get size(): number {
    return this.#changes;
  }

  get byteLength(): number {
    return this.#end;
  }

  get records(): number {
    return this.#records;
  }

  /** Encodes one change; if `write` throws, nothing of it stays. */
  add(headKey: Key, expectedVersion: number, kind: ChangeKind, write: () => void): void {
    const at = this.#end;
    this.#changeAt = at;
    this.#recordsBefore = this.#records;
    try {
      this.#reserve(CHANGE_HEADER_BYTES + headKey.length);
      this.#bytes.writeUInt32LE(expectedVersion, at + 4);
      this.#bytes.writeUInt16LE(kind, at + 8);
      this.#bytes.writeUInt16LE(headKey.length, at + 10);
      this.#end += CHANGE_HEADER_BYTES;
      this.#key(headKey);
      write();
      this.#bytes.writeUInt32LE(this.#end - at, at);
      this.#changes += 1;
    } catch (error) {
      this.#end = at;
      this.#records = this.#recordsBefore;
      throw error;
    }
  }

  put(table: Table, key: Key, parts: Parts): void {
    let size = FRAME_BYTES;
    for (const part of parts) size += part.length;
    this.#operation(PUT, table, key, size);
    this.#end = writeRecord(this.#bytes, this.#end - key.length, this.#end, parts);
    this.#records += 1;
    if (this.#records - this.#recordsBefore > MAX_CHANGE_RECORDS)
      throw tooLarge(`${MAX_CHANGE_RECORDS} records`);
  }

  remove(table: Table, key: Key): void {
    this.#operation(REMOVE, table, key, 0);
  }

  expectAbsent(table: Table, key: Key): void {
    this.#operation(EXPECT_ABSENT, table, key, 0);
  }

  putFreed(table: Table, key: Key): void {
    this.#operation(PUT_FREED, table, key, 0);
    this.#records += 1;
  }

  /** The finished batch in a buffer of its own, to be given away. */
  seal(nowMs: number): ArrayBuffer {
    this.#bytes.writeDoubleLE(nowMs, 0);
    this.#bytes.writeUInt32LE(this.#end, 8);
    return this.#bytes.buffer as ArrayBuffer;
  }

  #operation(what: Operation, table: Table, key: Key, valueLength: number): void {
    const at = this.#end;
    if (at + valueLength - this.#changeAt > MAX_CHANGE_BYTES)
      throw tooLarge(`${MAX_CHANGE_BYTES} bytes`);
    this.#reserve(OPERATION_HEADER_BYTES + key.length + valueLength);
    this.#bytes[at] = what;
    this.#bytes[at + 1] = table;
    this.#bytes.writeUInt16LE(key.length, at + 2);
    this.#bytes.writeUInt32LE(valueLength, at + 4);
    this.#end = at + OPERATION_HEADER_BYTES;
    this.#key(key);
  }

  #key(key: Key): void {
    this.#end += this.#bytes.write(key, this.#end, 'latin1');
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#end);
    this.#bytes = grown;
  }
}

/** Bytes of a sealed batch; its buffer may be longer. */
export const batchLength = (batch: ArrayBuffer): number => new DataView(batch).getUint32(8, true);

const tooLarge = (limit: string): GreenroomError =>
  new GreenroomError('too_large', `one change holds at most ${limit}`);
