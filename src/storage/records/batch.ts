/**
 * A batch: changes of several sessions, encoded, checked and sized, on their way to the writer as
 * one buffer. Whatever can fail about a change fails here, before any transaction knows of it.
 *
 * Layout, little-endian: nowMs f64 · length u32 · plain u32, then per change
 *
 *     size u32 · expectedVersion u32 · kind u8 · ownerLength u8 · keyLength u16 · key of the head · fence · operations
 *     fence: epoch u32 · owner; not there in batches of a version without fences, whose ownerLength is 0
 *     operation: what u8 · table u8 · keyLength u16 · valueLength u32 · key · value
 */
import { GreenroomError } from '../../model/errors.ts';
import type { Fence } from '../../session/ports/journal.ts';
import { type Pack, packRecord } from './frame.ts';
import type { Key, Table } from './keys.ts';
import { BATCH_BYTES, MAX_CHANGE_BYTES, MAX_CHANGE_RECORDS } from './limits.ts';
import { Packer } from './packer.ts';

export const NOW_AT = 0;
export const LENGTH_AT = 8;
/** 1 if its changes put records and do nothing else; what a removal reaches, only the store knows. */
export const PLAIN_AT = 12;
export const BATCH_HEADER_BYTES = 16;
export const CHANGE_HEADER_BYTES = 12;
/** Of a fence, before its owner. */
export const EPOCH_BYTES = 4;
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
/** Removes every record whose key begins so. */
export const REMOVE_ALL = 4;
/** The head at the key must be there, at this version or a later one: the parent of a fork. */
export const EXPECT_HEAD = 5;
/** Removes a reference to another session's entries; the value is the purge key of that session, which may be waiting for it. */
export const RELEASE = 6;
/** The record at the key must be this one, or, without a value, not be there: whose a response is. */
export const EXPECT_RECORD = 7;
export type Operation =
  | typeof EXPECT_ABSENT
  | typeof PUT
  | typeof REMOVE
  | typeof PUT_FREED
  | typeof REMOVE_ALL
  | typeof EXPECT_HEAD
  | typeof RELEASE
  | typeof EXPECT_RECORD;

/** What only looks and puts. */
const PLAIN: ReadonlySet<Operation> = new Set([PUT, EXPECT_ABSENT, EXPECT_HEAD, EXPECT_RECORD]);

export class Batch {
  readonly #out: Packer;
  #changeAt = 0;
  #changes = 0;
  #records = 0;
  #recordsBefore = 0;
  #isPlain = true;

  /** @param used the buffer of a batch that is settled, to be used again. */
  constructor(used?: ArrayBuffer) {
    const bytes = used === undefined ? Buffer.allocUnsafeSlow(BATCH_BYTES) : Buffer.from(used);
    this.#out = new Packer(bytes);
    this.#out.at = BATCH_HEADER_BYTES;
  }

  /** Changes in it. */
  get size(): number {
    return this.#changes;
  }

  get byteLength(): number {
    return this.#out.at;
  }

  get records(): number {
    return this.#records;
  }

  /** Opens a change. Its operations follow, then `end`, or `undo` if one of them throws. */
  begin(headKey: Key, expectedVersion: number, kind: ChangeKind, { owner, epoch }: Fence): void {
    const out = this.#out;
    this.#changeAt = out.at;
    this.#recordsBefore = this.#records;
    out.reserve(CHANGE_HEADER_BYTES);
    out.bytes.writeUInt32LE(expectedVersion, out.at + 4);
    out.bytes[out.at + 8] = kind;
    out.bytes[out.at + 9] = owner.length;
    out.bytes.writeUInt16LE(headKey.length, out.at + 10);
    out.at += CHANGE_HEADER_BYTES;
    this.#key(headKey);
    out.uint32LE(epoch);
    this.#key(owner);
  }

  end(): void {
    this.#out.bytes.writeUInt32LE(this.#out.at - this.#changeAt, this.#changeAt);
    this.#changes += 1;
  }

  /** Nothing of the change that was begun stays. */
  undo(): void {
    this.#out.at = this.#changeAt;
    this.#records = this.#recordsBefore;
  }

  put<T>(table: Table, key: Key, pack: Pack<T>, value: T): void {
    const out = this.#out;
    const operationAt = out.at;
    this.#operation(PUT, table, key);
    const valueAt = out.at;
    packRecord(out, valueAt - key.length, pack, value);
    out.bytes.writeUInt32LE(out.at - valueAt, operationAt + 4);
    this.#records += 1;
    if (this.#records - this.#recordsBefore > MAX_CHANGE_RECORDS)
      throw tooLarge(`${MAX_CHANGE_RECORDS} records`);
    if (out.at - this.#changeAt > MAX_CHANGE_BYTES) throw tooLarge(`${MAX_CHANGE_BYTES} bytes`);
  }

  /** Stands behind the other expectations, and before all other operations. @param value undefined: none. */
  expectRecord<T>(table: Table, key: Key, pack: Pack<T>, value: T | undefined): void {
    const out = this.#out;
    const operationAt = out.at;
    this.#operation(EXPECT_RECORD, table, key);
    if (value === undefined) return;
    const valueAt = out.at;
    packRecord(out, valueAt - key.length, pack, value);
    out.bytes.writeUInt32LE(out.at - valueAt, operationAt + 4);
  }

  remove(table: Table, key: Key): void {
    this.#operation(REMOVE, table, key);
  }

  /** @param prefix its last character is not 0xff. */
  removeAll(table: Table, prefix: Key): void {
    this.#operation(REMOVE_ALL, table, prefix);
  }

  /** Stands before all other operations of its change. */
  expectHead(table: Table, key: Key, version: number): void {
    const operationAt = this.#out.at;
    this.#operation(EXPECT_HEAD, table, key);
    this.#out.uint32LE(version);
    this.#out.bytes.writeUInt32LE(4, operationAt + 4);
  }

  release(table: Table, key: Key, purgeKey: Key): void {
    const operationAt = this.#out.at;
    this.#operation(RELEASE, table, key);
    this.#key(purgeKey);
    this.#out.bytes.writeUInt32LE(purgeKey.length, operationAt + 4);
  }

  expectAbsent(table: Table, key: Key): void {
    this.#operation(EXPECT_ABSENT, table, key);
  }

  putFreed(table: Table, key: Key): void {
    this.#operation(PUT_FREED, table, key);
    this.#records += 1;
  }

  /** The finished batch in a buffer of its own, to be given away. */
  seal(nowMs: number): ArrayBuffer {
    const { bytes, at } = this.#out;
    bytes.writeDoubleLE(nowMs, NOW_AT);
    bytes.writeUInt32LE(at, LENGTH_AT);
    bytes.writeUInt32LE(this.#isPlain ? 1 : 0, PLAIN_AT);
    return bytes.buffer as ArrayBuffer;
  }

  /** An operation without a value; `put` notes the length of its own. */
  #operation(what: Operation, table: Table, key: Key): void {
    const out = this.#out;
    out.reserve(OPERATION_HEADER_BYTES + key.length);
    const { bytes, at } = out;
    if (!PLAIN.has(what)) this.#isPlain = false;
    bytes[at] = what;
    bytes[at + 1] = table;
    bytes.writeUInt16LE(key.length, at + 2);
    bytes.writeUInt32LE(0, at + 4);
    out.at = at + OPERATION_HEADER_BYTES;
    this.#key(key);
  }

  #key(key: Key): void {
    const out = this.#out;
    out.reserve(key.length);
    out.at += out.bytes.write(key, out.at, 'latin1');
  }
}

const tooLarge = (limit: string): GreenroomError =>
  new GreenroomError('too_large', `one change holds at most ${limit}`);
