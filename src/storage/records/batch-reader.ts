/** A sealed batch read back, where it stands in memory: what the writer applies, and what readers are shown of it. */
import {
  BATCH_HEADER_BYTES,
  CHANGE_HEADER_BYTES,
  EPOCH_BYTES,
  LENGTH_AT,
  NOW_AT,
  OPERATION_HEADER_BYTES,
  PLAIN_AT,
} from './batch.ts';
import type { Table } from './keys.ts';
import * as keys from './keys.ts';

/** Bytes of a sealed batch; its buffer may be longer. */
export const batchLength = (batch: Buffer): number => batch.readUInt32LE(LENGTH_AT);

/** When it was sealed. */
export const batchTime = (batch: Buffer): number => batch.readDoubleLE(NOW_AT);

/** Whether its changes do nothing but put records. */
export const isPlain = (batch: Buffer): boolean => batch.readUInt32LE(PLAIN_AT) === 1;

/** One change, where it stands in its batch. */
export class EncodedChange {
  readonly bytes: Buffer;
  readonly expectedVersion: number;
  readonly kind: number;
  readonly operationsAt: number;
  readonly #fenceAt: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.expectedVersion = bytes.readUInt32LE(4);
    this.kind = bytes[8] ?? 0;
    this.#fenceAt = CHANGE_HEADER_BYTES + bytes.readUInt16LE(10);
    const ownerLength = bytes[9] ?? 0;
    this.operationsAt = this.#fenceAt + (ownerLength === 0 ? 0 : EPOCH_BYTES + ownerLength);
  }

  get headKey(): Buffer {
    return this.bytes.subarray(CHANGE_HEADER_BYTES, this.#fenceAt);
  }

  /** undefined in a batch of a version without fences. */
  get fence(): { readonly epoch: number; readonly owner: Buffer } | undefined {
    if (this.operationsAt === this.#fenceAt) return undefined;
    const ownerAt = this.#fenceAt + EPOCH_BYTES;
    const epoch = this.bytes.readUInt32LE(this.#fenceAt);
    return { epoch, owner: this.bytes.subarray(ownerAt, this.operationsAt) };
  }

  get prefix(): keys.Key {
    return keys.ofHeadKey(this.headKey.toString('latin1'));
  }
}

/** The changes of a batch, in order. */
export function* changesOf(batch: Buffer): Generator<EncodedChange> {
  const end = batchLength(batch);
  for (let at = BATCH_HEADER_BYTES; at < end; ) {
    const size = batch.readUInt32LE(at);
    yield new EncodedChange(batch.subarray(at, at + size));
    at += size;
  }
}

/** An operation of a change; `next` is where the one behind it begins. */
export interface EncodedOperation {
  readonly what: number;
  readonly table: Table;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly next: number;
}

export const operationAt = (bytes: Buffer, at: number): EncodedOperation => {
  const keyAt = at + OPERATION_HEADER_BYTES;
  const valueAt = keyAt + bytes.readUInt16LE(at + 2);
  const next = valueAt + bytes.readUInt32LE(at + 4);
  return {
    what: bytes[at] ?? 0,
    table: bytes[at + 1] as Table,
    key: bytes.subarray(keyAt, valueAt),
    value: bytes.subarray(valueAt, next),
    next,
  };
};
