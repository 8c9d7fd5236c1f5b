/**
 * Carries out a batch inside a transaction: checks of each change first, then its puts, which cannot
 * fail for a reason of their own. A change that fails a check leaves nothing behind; the others go on.
 * A stored record that is broken is such a check too: it costs the change that needs it, not the journal.
 * Runs in the writer's thread on LMDB, and in the memory journal.
 */

import type { Tombstone } from '../../session/ports/journal.ts';
import {
  DELETE,
  EXPECT_ABSENT,
  EXPECT_HEAD,
  EXPECT_RECORD,
  PUT,
  PUT_FREED,
  RELEASE,
  REMOVE,
  REMOVE_ALL,
} from './batch.ts';
import { batchTime, changesOf, type EncodedChange, operationAt } from './batch-reader.ts';
import { epochOf, HEAD_START_BYTES, packValue, readValue, record, versionOf } from './frame.ts';
import * as keys from './keys.ts';
import { SESSIONS, type Table, UPKEEP } from './keys.ts';
import { PURGE_BATCH_RECORDS } from './limits.ts';

/** Tables as a transaction sees them, its own puts included. */
export interface WriteTables {
  /** The value, valid until the next call. */
  get(table: Table, key: keys.Key | Uint8Array): Buffer | undefined;
  /** The first `length` bytes of the value. */
  peek(table: Table, key: Uint8Array, length: number): Buffer | undefined;
  /** The first records from `start` on and before `end`; copies. */
  range(
    table: Table,
    range: {
      readonly start: keys.Key;
      readonly end: keys.Key;
      readonly limit: number;
      readonly reverse?: boolean;
    },
  ): { readonly key: keys.Key; readonly value: Buffer }[];
  /** The same without their values, which may be large. */
  keysIn(table: Table, range: Parameters<WriteTables['range']>[1]): keys.Key[];
  put(table: Table, key: Uint8Array, value: Uint8Array): void;
  remove(table: Table, key: Uint8Array): void;
}

/** Why a change of a batch was left out; `at` counts the batch's changes. */
export type Refusal = { readonly at: number } & (
  | { readonly because: 'version'; readonly version: number }
  | { readonly because: 'epoch'; readonly epoch: number }
  | { readonly because: 'deleted' }
  | { readonly because: 'parent' }
  | { readonly because: 'claimed' }
  | { readonly because: 'corrupt'; readonly key: keys.Key }
  | { readonly because: 'turns'; readonly positions: readonly number[] }
);

/** A refusal of one batch among those of a group. */
export type GroupRefusal = Refusal & { readonly batch: number };

type Reason = Refusal extends infer R ? (R extends { at: number } ? Omit<R, 'at'> : never) : never;

/** Who owns the store by its own record. */
export interface Owner {
  readonly epoch: number;
  /** The fence's `owner`, in latin1. */
  readonly owner: Buffer;
}

/**
 * @param batch as `Batch.seal` made it; its buffer may be longer.
 * @param changed gets the prefixes of the sessions that were changed.
 */
export const applyBatch = (
  tables: WriteTables,
  batch: Buffer,
  owner: Owner,
  changed?: Set<keys.Key>,
): Refusal[] => {
  const nowMs = batchTime(batch);
  const refusals: Refusal[] = [];
  let at = 0;
  for (const change of changesOf(batch)) {
    const reason = check(tables, change, nowMs, owner);
    if (reason === null) {
      carryOut(tables, change);
      changed?.add(change.prefix);
    } else refusals.push({ at, ...reason } as Refusal);
    at += 1;
  }
  return refusals;
};

/** Batches of one group, in order; a refusal says of which it is. */
export const applyGroup = (
  tables: WriteTables,
  group: readonly Buffer[],
  owner: Owner,
  changed?: Set<keys.Key>,
): readonly GroupRefusal[] => {
  const refusals: GroupRefusal[] = [];
  group.forEach((bytes, batch) => {
    for (const refusal of applyBatch(tables, bytes, owner, changed))
      refusals.push({ ...refusal, batch });
  });
  return refusals;
};

const bytesOf = (key: keys.Key): Buffer => Buffer.from(key, 'latin1');

const check = (
  tables: WriteTables,
  change: EncodedChange,
  nowMs: number,
  owner: Owner,
): Reason | null => {
  const head = tables.peek(SESSIONS, change.headKey, HEAD_START_BYTES);
  if (head !== undefined && head.length < HEAD_START_BYTES)
    return { because: 'corrupt', key: change.headKey.toString('latin1') };
  const version = head === undefined ? 0 : versionOf(head);
  const writer = head === undefined ? 0 : epochOf(head);
  const { fence } = change;
  if (!isOf(owner, fence) || writer > (fence?.epoch ?? owner.epoch))
    return { because: 'epoch', epoch: Math.max(owner.epoch, writer) };
  if (version !== change.expectedVersion) return { because: 'version', version };
  if (change.kind === DELETE) return null;
  return (
    (head === undefined ? burial(tables, change.prefix, nowMs) : null) ??
    lostParent(tables, change) ??
    knownTurns(tables, change) ??
    claimedElsewhere(tables, change)
  );
};

/** A change that was logged by a version without fences was its owner's. */
const isOf = (owner: Owner, fence: EncodedChange['fence']): boolean =>
  fence === undefined || (fence.epoch === owner.epoch && fence.owner.equals(owner.owner));

/**
 * While the parent of a fork is there, so are all entries that it wrote or refers to. One that was
 * deleted since the fork was computed may have lost some of them.
 */
const lostParent = (tables: WriteTables, { bytes, operationsAt }: EncodedChange): Reason | null => {
  if (bytes[operationsAt] !== EXPECT_HEAD) return null;
  const { table, key, value } = operationAt(bytes, operationsAt);
  const head = tables.peek(table, key, HEAD_START_BYTES);
  const isThere =
    head !== undefined &&
    head.length === HEAD_START_BYTES &&
    versionOf(head) >= value.readUInt32LE(0);
  return isThere ? null : { because: 'parent' };
};

/** A tombstone stands until its time is over and the session's records are purged, also those that forks refer to. */
const burial = (tables: WriteTables, prefix: keys.Key, nowMs: number): Reason | null => {
  const key = keys.tombstoneKey(prefix);
  if (tables.get(UPKEEP, bytesOf(keys.keptKey(prefix))) !== undefined)
    return { because: 'deleted' };
  const stored = tables.get(UPKEEP, bytesOf(key));
  if (stored === undefined) return null;
  const untilMs = untilOf(key, stored);
  if (untilMs === null) return { because: 'corrupt', key };
  const isPurging = tables.get(UPKEEP, bytesOf(keys.purgeKey(prefix))) !== undefined;
  return untilMs > nowMs || isPurging ? { because: 'deleted' } : null;
};

/** When a tombstone's time is over; null if the record is broken. */
export const untilOf = (key: keys.Key, tombstone: Buffer): number | null => {
  try {
    return (readValue(key, tombstone) as Tombstone).untilMs;
  } catch {
    return null;
  }
};

/** The expectations stand first among the operations. */
const knownTurns = (tables: WriteTables, { bytes, operationsAt }: EncodedChange): Reason | null => {
  const positions: number[] = [];
  const start =
    bytes[operationsAt] === EXPECT_HEAD ? operationAt(bytes, operationsAt).next : operationsAt;
  for (let at = start, position = 0; bytes[at] === EXPECT_ABSENT; position += 1) {
    const { table, key, next } = operationAt(bytes, at);
    if (tables.get(table, key) !== undefined) positions.push(position);
    at = next;
  }
  return positions.length === 0 ? null : { because: 'turns', positions };
};

/** A response that the change claims has another owner than when the change was computed. */
const claimedElsewhere = (
  tables: WriteTables,
  { bytes, operationsAt }: EncodedChange,
): Reason | null => {
  for (let at = operationsAt; EXPECTATIONS.has(bytes[at] ?? PUT); ) {
    const { what, table, key, value, next } = operationAt(bytes, at);
    if (what === EXPECT_RECORD && !isRecord(tables.get(table, key), value))
      return { because: 'claimed' };
    at = next;
  }
  return null;
};

const EXPECTATIONS: ReadonlySet<number> = new Set([EXPECT_HEAD, EXPECT_ABSENT, EXPECT_RECORD]);

const isRecord = (stored: Buffer | undefined, expected: Buffer): boolean =>
  stored === undefined ? expected.length === 0 : stored.equals(expected);

const carryOut = (tables: WriteTables, { bytes, operationsAt }: EncodedChange): void => {
  let freed = 0;
  for (let at = operationsAt; at < bytes.length; ) {
    const { what, table, key, value, next } = operationAt(bytes, at);
    if (what === PUT) tables.put(table, key, value);
    else if (what === REMOVE) {
      freed += key.length + (tables.get(table, key)?.length ?? 0);
      tables.remove(table, key);
    } else if (what === RELEASE) {
      freed += key.length;
      release(tables, key, value.toString('latin1'));
    } else if (what === PUT_FREED)
      tables.put(table, key, record(key.toString('latin1'), packValue, { freed }));
    else if (what === REMOVE_ALL) removeAll(tables, table, key.toString('latin1'));
    at = next;
  }
};

/** A few at a time. */
const removeAll = (tables: WriteTables, table: Table, start: keys.Key): void => {
  const range = { start, end: keys.after(start), limit: PURGE_BATCH_RECORDS };
  for (let found = PURGE_BATCH_RECORDS; found === PURGE_BATCH_RECORDS; ) {
    const each = tables.keysIn(table, range);
    for (const key of each) tables.remove(table, bytesOf(key));
    found = each.length;
  }
};

/** What a deleted session kept for this reference alone is purged now. */
const release = (tables: WriteTables, reference: Uint8Array, purgeKey: keys.Key): void => {
  tables.remove(UPKEEP, reference);
  const kept = bytesOf(keys.keptKey(keys.ofPurgeKey(purgeKey)));
  if (tables.get(UPKEEP, kept) === undefined) return;
  tables.remove(UPKEEP, kept);
  tables.put(UPKEEP, bytesOf(purgeKey), record(purgeKey, packValue, { freed: 0 }));
};
