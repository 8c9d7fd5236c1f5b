/**
 * The slow half of a delete: the records of a session whose head is gone already, removed a few at a
 * time. What is left to do stands in the store, so a purge that was killed goes on where it was.
 *
 * A broken record here must end neither the journal nor the purge: what it counts is not counted, and
 * a tombstone that cannot be read goes when its expiry says so.
 *
 * Entries that forks refer to stay: the deleted session is `kept` then, and purged again when one lets go. What else
 * goes and stays is said in `purgeable.ts`.
 */

import { untilOf, type WriteTables } from './apply-batch.ts';
import { packValue, readValue, record } from './frame.ts';
import * as keys from './keys.ts';
import { SESSIONS, UPKEEP } from './keys.ts';
import { PURGE_BATCH_BYTES } from './limits.ts';
import { companionOf, purgeable, referredThrough } from './purgeable.ts';
import type { PurgeStep, StoredRecord } from './store.ts';

const bytesOf = (key: keys.Key): Buffer => Buffer.from(key, 'latin1');

const purges = (limit: number) => ({
  start: keys.purgesPrefix,
  end: keys.after(keys.purgesPrefix),
  limit,
});

/** The prefix of the deleted session that is purged next; undefined: there is no such session. */
export const nextPurge = (tables: Pick<WriteTables, 'range'>): keys.Key | undefined => {
  const [first] = tables.range(UPKEEP, purges(1));
  return first === undefined ? undefined : keys.ofPurgeKey(first.key);
};

/**
 * Removes up to `records` records, in the transaction that it is called in.
 *
 * @param next what `nextPurge` gave: only this session goes, for what it had outside of the store was seen to.
 */
export const purgeSome = (
  tables: WriteTables,
  records: number,
  nowMs: number,
  next: keys.Key | undefined,
): PurgeStep => {
  const waiting = tables.range(UPKEEP, purges(2));
  if (waiting.length === 0) return removeTombstones(tables, records, nowMs);
  const stored = next === undefined ? undefined : tables.get(UPKEEP, bytesOf(keys.purgeKey(next)));
  if (next === undefined || stored === undefined) return { purged: 0, bytes: 0, left: true };
  const first = { key: keys.purgeKey(next), value: Buffer.from(stored) };
  const prefix = next;
  const keptThrough = referredThrough(tables, prefix);
  const found = purgeable(tables, prefix, { start: prefix, keptThrough, limit: records });
  let bytes = 0;
  let removed = 0;
  for (const key of found) {
    if (bytes >= PURGE_BATCH_BYTES) break;
    const companion = companionOf(tables, prefix, key);
    bytes += key.length + lengthOf(tables, key) + (companion?.bytes ?? 0);
    tables.remove(SESSIONS, bytesOf(key));
    if (companion !== undefined) tables.remove(companion.table, bytesOf(companion.key));
    removed += 1;
  }
  if (found.length === records || removed < found.length) return { purged: 0, bytes, left: true };
  tables.remove(UPKEEP, bytesOf(first.key));
  if (keptThrough > 0) keep(tables, prefix, keptThrough);
  return {
    purged: keptThrough > 0 ? 0 : 1,
    bytes: bytes + freedBy(first),
    left: waiting.length > 1,
  };
};

/** Of its value, which is not copied for it. */
const lengthOf = (tables: WriteTables, key: keys.Key): number =>
  tables.peek(SESSIONS, bytesOf(key), Infinity)?.length ?? 0;

/** The last fork to let go of it asks for the purge again. */
const keep = (tables: WriteTables, prefix: keys.Key, throughSeq: number): void => {
  const key = keys.keptKey(prefix);
  tables.put(UPKEEP, bytesOf(key), record(key, packValue, { throughSeq }));
};

/** Tombstones whose time is over. One that was renewed since has an expiry of its own, and stays. */
const removeTombstones = (tables: WriteTables, records: number, nowMs: number): PurgeStep => {
  const expired = tables.range(UPKEEP, {
    start: keys.duesPrefix('tombstone'),
    end: keys.dueKey('tombstone', '', nowMs + 1),
    limit: records,
  });
  let bytes = 0;
  for (const { key, value } of expired) {
    bytes += key.length + value.length;
    const tombstone = keys.tombstoneKey(keys.ofDueKey('tombstone', key).prefix);
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
