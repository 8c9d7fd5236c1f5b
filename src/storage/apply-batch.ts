/**
 * Carries out a batch inside a transaction: checks of each change first, then its puts, which cannot
 * fail for a reason of their own. A change that fails a check leaves nothing behind; the others go on.
 * Runs in the writer's thread on LMDB, and in the memory journal.
 */
import {
  BATCH_HEADER_BYTES,
  CHANGE_HEADER_BYTES,
  DELETE,
  EXPECT_ABSENT,
  OPERATION_HEADER_BYTES,
  PUT,
  PUT_FREED,
  REMOVE,
} from './batch.ts';
import { epochOf, readValue, record, valueParts, versionOf } from './codec.ts';
import * as keys from './keys.ts';
import { SESSIONS, type Table, UPKEEP } from './keys.ts';

/** Tables as a transaction sees them, its own puts included. */
export interface WriteTables {
  /** The value, valid until the next call. */
  get(table: Table, key: Uint8Array): Buffer | undefined;
  put(table: Table, key: Uint8Array, value: Uint8Array): void;
  remove(table: Table, key: Uint8Array): void;
}

/** Why a change of a batch was left out; `at` counts the batch's changes. */
export type Refusal = { readonly at: number } & (
  | { readonly because: 'version'; readonly version: number }
  | { readonly because: 'epoch'; readonly epoch: number }
  | { readonly because: 'deleted' }
  | { readonly because: 'turns'; readonly positions: readonly number[] }
);

type Reason = Refusal extends infer R ? (R extends { at: number } ? Omit<R, 'at'> : never) : never;

/** Who writes, and who owns the store by its own record: the same, unless somebody else opened it since. */
export interface Epochs {
  readonly ours: number;
  readonly owner: number;
}

export const applyBatch = (tables: WriteTables, batch: ArrayBuffer, epochs: Epochs): Refusal[] => {
  const bytes = Buffer.from(batch);
  const nowMs = bytes.readDoubleLE(0);
  const end = bytes.readUInt32LE(8);
  const refusals: Refusal[] = [];
  for (let at = BATCH_HEADER_BYTES, index = 0; at < end; index += 1) {
    const size = bytes.readUInt32LE(at);
    const change = new EncodedChange(bytes.subarray(at, at + size));
    const reason = check(tables, change, nowMs, epochs);
    if (reason === null) carryOut(tables, change);
    else refusals.push({ at: index, ...reason } as Refusal);
    at += size;
  }
  return refusals;
};

class EncodedChange {
  readonly bytes: Buffer;
  readonly expectedVersion: number;
  readonly kind: number;
  readonly prefix: keys.Key;
  readonly operationsAt: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.expectedVersion = bytes.readUInt32LE(4);
    this.kind = bytes.readUInt16LE(8);
    this.operationsAt = CHANGE_HEADER_BYTES + bytes.readUInt16LE(10);
    this.prefix = bytes.toString('latin1', CHANGE_HEADER_BYTES, this.operationsAt);
  }

  /** Visits the operations from `at` on; `visit` returns false to stop. Returns where it stopped. */
  visit(
    from: number,
    visit: (what: number, table: Table, key: Buffer, value: Buffer) => boolean,
  ): number {
    const { bytes } = this;
    let at = from;
    while (at < bytes.length) {
      const keyAt = at + OPERATION_HEADER_BYTES;
      const valueAt = keyAt + bytes.readUInt16LE(at + 2);
      const next = valueAt + bytes.readUInt32LE(at + 4);
      const key = bytes.subarray(keyAt, valueAt);
      if (!visit(bytes[at] ?? 0, bytes[at + 1] as Table, key, bytes.subarray(valueAt, next))) break;
      at = next;
    }
    return at;
  }
}

const bytesOf = (key: keys.Key): Buffer => Buffer.from(key, 'latin1');

const check = (
  tables: WriteTables,
  change: EncodedChange,
  nowMs: number,
  { ours, owner }: Epochs,
): Reason | null => {
  const head = tables.get(SESSIONS, bytesOf(keys.headKey(change.prefix)));
  const version = head === undefined ? 0 : versionOf(head);
  const writer = head === undefined ? 0 : epochOf(head);
  if (owner !== ours || writer > ours) return { because: 'epoch', epoch: Math.max(owner, writer) };
  if (version !== change.expectedVersion) return { because: 'version', version };
  if (change.kind === DELETE) return null;
  if (head === undefined && isBuried(tables, change.prefix, nowMs)) return { because: 'deleted' };
  return knownTurns(tables, change);
};

/** A tombstone stands until its time is over and the session's records are purged. */
const isBuried = (tables: WriteTables, prefix: keys.Key, nowMs: number): boolean => {
  const key = keys.tombstoneKey(prefix);
  const stored = tables.get(UPKEEP, bytesOf(key));
  if (stored === undefined) return false;
  const { untilMs } = readValue(key, stored) as { untilMs: number };
  return untilMs > nowMs || tables.get(UPKEEP, bytesOf(keys.purgeKey(prefix))) !== undefined;
};

const knownTurns = (tables: WriteTables, change: EncodedChange): Reason | null => {
  const positions: number[] = [];
  let position = 0;
  change.visit(change.operationsAt, (what, table, key) => {
    if (what !== EXPECT_ABSENT) return false;
    if (tables.get(table, key) !== undefined) positions.push(position);
    position += 1;
    return true;
  });
  return positions.length === 0 ? null : { because: 'turns', positions };
};

const carryOut = (tables: WriteTables, change: EncodedChange): void => {
  let freed = 0;
  change.visit(change.operationsAt, (what, table, key, value) => {
    if (what === PUT) tables.put(table, key, value);
    else if (what === REMOVE) {
      freed += key.length + (tables.get(table, key)?.length ?? 0);
      tables.remove(table, key);
    } else if (what === PUT_FREED)
      tables.put(table, key, record(key.toString('latin1'), valueParts({ freed })));
    return true;
  });
};
