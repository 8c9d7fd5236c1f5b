/**
 * The slow half of a delete: the records of a session whose head is gone already, removed a few at a
 * time. What is left to do stands in the store, so a purge that was killed goes on where it was.
 *
 * A broken record here must end neither the journal nor the purge: what it counts is not counted, and
 * a tombstone that cannot be read goes when its expiry says so.
 */

import { untilOf, type WriteTables } from './apply-batch.ts';
import { readValue } from './codec.ts';
import * as keys from './keys.ts';
import { SESSIONS, UPKEEP } from './keys.ts';
import type { PurgeStep, StoredRecord } from './store.ts';

const bytesOf = (key: keys.Key): Buffer => Buffer.from(key, 'latin1');

/** Removes up to `records` records, in the transaction that it is called in. */
export const purgeSome = (tables: WriteTables, records: number, nowMs: number): PurgeStep => {
  const [first, second] = tables.range(UPKEEP, {
    start: keys.purgesPrefix,
    end: keys.after(keys.purgesPrefix),
    limit: 2,
  });
  if (first === undefined) return removeTombstones(tables, records, nowMs);
  const prefix = keys.ofPurgeKey(first.key);
  const found = tables.range(SESSIONS, { start: prefix, end: keys.after(prefix), limit: records });
  let bytes = 0;
  for (const { key, value } of found) {
    bytes += key.length + value.length;
    tables.remove(SESSIONS, bytesOf(key));
  }
  if (found.length === records) return { purged: 0, bytes, left: true };
  tables.remove(UPKEEP, bytesOf(first.key));
  return { purged: 1, bytes: bytes + freedBy(first), left: second !== undefined };
};

/** Tombstones whose time is over. One that was renewed since has an expiry of its own, and stays. */
const removeTombstones = (tables: WriteTables, records: number, nowMs: number): PurgeStep => {
  const expired = tables.range(UPKEEP, {
    start: keys.expiriesPrefix,
    end: keys.expiryKey('', nowMs + 1),
    limit: records,
  });
  let bytes = 0;
  for (const { key, value } of expired) {
    bytes += key.length + value.length;
    const tombstone = keys.tombstoneKey(keys.ofExpiryKey(key));
    const stored = tables.get(UPKEEP, bytesOf(tombstone));
    if (stored !== undefined && (untilOf(tombstone, stored) ?? 0) <= nowMs) {
      bytes += tombstone.length + stored.length;
      tables.remove(UPKEEP, bytesOf(tombstone));
    }
    tables.remove(UPKEEP, bytesOf(key));
  }
  return { purged: 0, bytes, left: expired.length === records };
};

/** Bytes that the delete itself freed. */
const freedBy = ({ key, value }: StoredRecord): number => {
  try {
    return (readValue(key, value) as { freed: number }).freed;
  } catch {
    return 0;
  }
};
