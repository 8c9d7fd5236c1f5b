/**
 * What a purge takes of a deleted session, and would take of one that stands: the one place that says so, for the purge
 * and for whoever asks beforehand how much it would free.
 *
 * A response that counted in the session counts nowhere then, and the audit of what its tools did goes with it. That of its
 * life stays, and so do entries that forks refer to.
 */
import type { AuditRecord } from '../../session/ports/journal.ts';
import { readOwner, readValue } from './frame.ts';
import * as keys from './keys.ts';
import { AUDIT, SESSIONS, type Table, UPKEEP } from './keys.ts';
import type { ReadTables } from './store.ts';

/** Tables as a transaction or a reader has them. */
export type Looked = Pick<ReadTables, 'range' | 'keysIn'> & {
  get(table: Table, key: keys.Key): Buffer | undefined;
};

/** A record that goes because another one does. */
export interface Companion {
  readonly table: Table;
  readonly key: keys.Key;
  readonly bytes: number;
}

/** Last entry that a fork still refers to; 0: there is no such entry. */
export const referredThrough = (tables: Pick<Looked, 'range'>, prefix: keys.Key): number => {
  const start = keys.referencesPrefix(prefix);
  const [farthest] = tables.range(UPKEEP, {
    ...{ start, end: keys.after(start) },
    ...{ limit: 1, reverse: true },
  });
  return farthest === undefined ? 0 : keys.ofReferenceKey(farthest.key).throughSeq;
};

/** The keys of everything from `start` on but the entries through `keptThrough`, a few at a time. */
export const purgeable = (
  tables: Pick<Looked, 'keysIn'>,
  prefix: keys.Key,
  { start, keptThrough, limit }: { start: keys.Key; keptThrough: number; limit: number },
): readonly keys.Key[] => {
  const end = keys.after(prefix);
  if (keptThrough === 0) return tables.keysIn(SESSIONS, { start, end, limit });
  const kept = keys.entryKey(prefix, '', 1);
  const before = start < kept ? tables.keysIn(SESSIONS, { start, end: kept, limit }) : [];
  if (before.length === limit) return before;
  const behind = keys.laterOf(start, keys.entryKey(prefix, '', keptThrough + 1));
  return [
    ...before,
    ...tables.keysIn(SESSIONS, { start: behind, end, limit: limit - before.length }),
  ];
};

/** What goes with a record of the session that stands elsewhere. */
export const companionOf = (
  tables: Pick<Looked, 'get'>,
  prefix: keys.Key,
  key: keys.Key,
): Companion | undefined => owned(tables, prefix, key) ?? audited(tables, prefix, key);

const owned = (
  tables: Pick<Looked, 'get'>,
  prefix: keys.Key,
  key: keys.Key,
): Companion | undefined => {
  const ownerKey = keys.ownerKeyOf(prefix, key);
  const stored = ownerKey === undefined ? undefined : tables.get(UPKEEP, ownerKey);
  if (ownerKey === undefined || stored === undefined) return undefined;
  if (ownerIn(ownerKey, stored) !== keys.ofRowKey(prefix).sessionId) return undefined;
  return { table: UPKEEP, key: ownerKey, bytes: ownerKey.length + stored.length };
};

/** A record that cannot be read may be of the session's life: it stays. */
const audited = (
  tables: Pick<Looked, 'get'>,
  prefix: keys.Key,
  key: keys.Key,
): Companion | undefined => {
  if (keys.kindOf(prefix, key).kind !== 'audited') return undefined;
  const auditKey = keys.ofAuditedKey(prefix, key);
  const stored = tables.get(AUDIT, auditKey);
  if (stored === undefined || !isOfTools(auditKey, stored)) return undefined;
  return { table: AUDIT, key: auditKey, bytes: auditKey.length + stored.length };
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
