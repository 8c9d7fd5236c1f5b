/**
 * The slow half of a delete: the records of a session whose head is gone already, removed a few at a
 * time. What is left to do stands in the store, so a purge that was killed goes on where it was.
 *
 * A broken record here must end neither the journal nor the purge: what it counts is not counted, and
 * a tombstone that cannot be read goes when its expiry says so.
 *
 * Entries that forks refer to stay: the deleted session is `kept` then, and purged again when one lets go.
 * The audit of what its tools did goes with it; that of its life stays.
 */

import type { AuditRecord } from '../../session/ports/journal.ts';
import { untilOf, type WriteTables } from './apply-batch.ts';
import { packValue, readOwner, readValue, record } from './frame.ts';
import * as keys from './keys.ts';
import { AUDIT, SESSIONS, UPKEEP } from './keys.ts';
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
  const found = purgeable(tables, prefix, keptThrough, records);
  let bytes = 0;
  for (const { key, value } of found) {
    bytes += key.length + value.length;
    tables.remove(SESSIONS, bytesOf(key));
    bytes += disown(tables, prefix, key) + removeAudit(tables, prefix, key);
  }
  if (found.length === records) return { purged: 0, bytes, left: true };
  tables.remove(UPKEEP, bytesOf(first.key));
  if (keptThrough > 0) keep(tables, prefix, keptThrough);
  return {
    purged: keptThrough > 0 ? 0 : 1,
    bytes: bytes + freedBy(first),
    left: waiting.length > 1,
  };
};

/** A response that counted in the session counts nowhere now: the next that brings it has it. Returns the bytes freed. */
const disown = (tables: WriteTables, prefix: keys.Key, key: keys.Key): number => {
  const ownerKey = keys.ownerKeyOf(prefix, key);
  const stored = ownerKey === undefined ? undefined : tables.get(UPKEEP, bytesOf(ownerKey));
  if (ownerKey === undefined || stored === undefined) return 0;
  if (ownerIn(ownerKey, stored) !== keys.ofRowKey(prefix).sessionId) return 0;
  tables.remove(UPKEEP, bytesOf(ownerKey));
  return ownerKey.length + stored.length;
};

/** What tools did and were allowed goes with the session. A record that cannot be read may be of its life: it stays. */
const removeAudit = (tables: WriteTables, prefix: keys.Key, key: keys.Key): number => {
  if (keys.kindOf(prefix, key).kind !== 'audited') return 0;
  const auditKey = keys.ofAuditedKey(prefix, key);
  const stored = tables.get(AUDIT, bytesOf(auditKey));
  if (stored === undefined || !isOfTools(auditKey, stored)) return 0;
  const freed = auditKey.length + stored.length;
  tables.remove(AUDIT, bytesOf(auditKey));
  return freed;
};

const isOfTools = (key: keys.Key, stored: Buffer): boolean => {
  try {
    const { kind = 'lifecycle' } = readValue(key, stored) as Partial<AuditRecord>;
    return kind !== 'lifecycle';
  } catch {
    return false;
  }
};

const ownerIn = (key: keys.Key, stored: Buffer): string | undefined => {
  try {
    return readOwner(key, stored).sessionId;
  } catch {
    return undefined;
  }
};

/** Last entry that a fork still refers to; 0: none. */
const referredThrough = (tables: WriteTables, prefix: keys.Key): number => {
  const start = keys.referencesPrefix(prefix);
  const [farthest] = tables.range(UPKEEP, {
    ...{ start, end: keys.after(start) },
    ...{ limit: 1, reverse: true },
  });
  return farthest === undefined ? 0 : keys.ofReferenceKey(farthest.key).throughSeq;
};

/** Everything but the entries that forks refer to, a few records at a time. */
const purgeable = (
  tables: WriteTables,
  prefix: keys.Key,
  keptThrough: number,
  limit: number,
): readonly StoredRecord[] => {
  const end = keys.after(prefix);
  if (keptThrough === 0) return tables.range(SESSIONS, { start: prefix, end, limit });
  const kept = keys.entryKey(prefix, '', 1);
  const before = tables.range(SESSIONS, { start: prefix, end: kept, limit });
  if (before.length === limit) return before;
  const start = keys.entryKey(prefix, '', keptThrough + 1);
  return [...before, ...tables.range(SESSIONS, { start, end, limit: limit - before.length })];
};

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
