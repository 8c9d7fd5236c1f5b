/**
 * The list of changes: which sessions each transaction of LMDB has changed, in the transaction itself. So whoever knows
 * the store as it was at one of them learns what has changed since, and need not read all of it.
 *
 * 1. A record's key is the epoch of its writer and its number within that, from 0 on without a gap. An opening writes
 *    number 0, with what it took in from the commit log: so a missing number, or an epoch without a 0, tells of changes
 *    that were not noted, by a version that knew nothing of this list for one.
 * 2. A record has a token, drawn by chance: the store that was restored from a backup and went on from there is told
 *    apart from the one that the backup is of.
 * 3. The list has a limit. Beyond it, it is begun anew, and whoever knew an older store has to read all of it.
 */
import { randomInt } from 'node:crypto';
import type { ChangeMark } from '../../session/ports/journal.ts';
import type { WriteTables } from './apply-batch.ts';
import { packValue, readValue, record } from './frame.ts';
import * as keys from './keys.ts';
import { type Key, UPKEEP } from './keys.ts';
import { CHANGES_MAX_BYTES } from './limits.ts';
import type { ReadTables } from './store.ts';

/** Of the list that are read, or removed, in one go. */
const PAGE = 1_000;
const MAX_TOKEN = 2 ** 47;
/** Bytes that a record takes besides the names of its sessions, about. */
const RECORD_BYTES = 48;

interface Stored {
  readonly token: number;
  /** Of the list up to and including this record, as far as it was kept then. */
  readonly bytes: number;
  /** Prefixes of sessions, one behind the other. */
  readonly sessions: string;
}

const all = { start: keys.changesPrefix, end: keys.after(keys.changesPrefix) } as const;

const bytesOf = (key: Key): Buffer => Buffer.from(key, 'latin1');

/** The writer's end of the list: to be used within its transactions. */
export class ChangeList {
  readonly #tables: WriteTables & Pick<ReadTables, 'range'>;
  readonly #epoch: number;
  #count = 0;
  #bytes: number;

  /** @param epoch of the writer, which has noted nothing yet. */
  constructor(tables: WriteTables & Pick<ReadTables, 'range'>, epoch: number) {
    this.#tables = tables;
    this.#epoch = epoch;
    this.#bytes = lastOf(tables)?.stored.bytes ?? 0;
  }

  /** Notes the sessions that this transaction has changed. */
  note(prefixes: ReadonlySet<Key>): void {
    const sessions = [...prefixes].join('');
    if (this.#bytes + sessions.length > CHANGES_MAX_BYTES) this.#beginAnew();
    this.#bytes += sessions.length + RECORD_BYTES;
    const key = keys.changesKey(this.#epoch, this.#count);
    const stored = { token: newToken(), bytes: this.#bytes, sessions } satisfies Stored;
    this.#tables.put(UPKEEP, bytesOf(key), record(key, packValue, stored));
    this.#count += 1;
  }

  /** Removes the oldest ones, a page of them, that stand before this mark. */
  forget({ epoch, count }: Pick<ChangeMark, 'epoch' | 'count'>): void {
    const end = keys.changesKey(epoch, count);
    for (const { key, value } of this.#tables.range(UPKEEP, { ...all, end, limit: PAGE })) {
      this.#bytes = Math.max(0, this.#bytes - RECORD_BYTES - lengthOf(key, value));
      this.#tables.remove(UPKEEP, bytesOf(key));
    }
  }

  /** The numbers go on: a mark of before is found no more. */
  #beginAnew(): void {
    dropChanges(this.#tables);
    this.#bytes = 0;
  }
}

export const hasChangesBefore = (
  tables: Pick<ReadTables, 'range'>,
  { epoch, count }: At,
): boolean => {
  const end = keys.changesKey(epoch, count);
  return tables.range(UPKEEP, { ...all, end, limit: 1 }).length > 0;
};

/** Removes the whole list: nobody can tell any more what has changed. */
export const dropChanges = (tables: WriteTables): void => {
  for (let found = PAGE; found === PAGE; ) {
    const records = tables.range(UPKEEP, { ...all, limit: PAGE });
    for (const { key } of records) tables.remove(UPKEEP, bytesOf(key));
    found = records.length;
  }
};

// biome-ignore lint/plugin: it must be the only one in the world, which dice that can be played again are not
const newToken = (): number => randomInt(1, MAX_TOKEN);

const lengthOf = (key: Key, value: Buffer): number => {
  try {
    return (readValue(key, value) as Stored).sessions.length;
  } catch {
    return 0;
  }
};

const lastOf = (
  tables: Pick<ReadTables, 'range'>,
): { readonly key: Key; readonly stored: Stored } | undefined => {
  const [last] = tables.range(UPKEEP, { ...all, limit: 1, reverse: true });
  if (last === undefined) return undefined;
  try {
    return { key: last.key, stored: readValue(last.key, last.value) as Stored };
  } catch {
    return undefined; // a broken one is no mark, and ends what any mark says
  }
};

/** The end of the list; undefined: there is none yet. */
export const markOf = (tables: Pick<ReadTables, 'range'>): ChangeMark | undefined => {
  const last = lastOf(tables);
  return last && { ...keys.ofChangesKey(last.key), token: last.stored.token };
};

/**
 * The prefixes of the sessions that have changed since this mark; undefined: that cannot be told. Throws nothing for a
 * broken record: then it cannot be told either.
 */
export const changedSince = (
  tables: Pick<ReadTables, 'range'>,
  mark: ChangeMark,
  epochNow: number,
): ReadonlySet<Key> | undefined => {
  const changed = new Set<Key>();
  let start = keys.changesKey(mark.epoch, mark.count);
  let at: Pick<ChangeMark, 'epoch' | 'count'> | undefined;
  try {
    for (;;) {
      const page = tables.range(UPKEEP, { start, end: all.end, limit: PAGE });
      for (const { key, value } of page) {
        const stored = readValue(key, value) as Stored;
        const next = keys.ofChangesKey(key);
        if (at === undefined ? !isAt(mark, next, stored) : !isNext(at, next)) return undefined;
        if (at !== undefined) for (const prefix of prefixesIn(stored)) changed.add(prefix);
        at = next;
        start = `${key}\0`;
      }
      if (page.length < PAGE) break;
    }
  } catch {
    return undefined;
  }
  return at?.epoch === epochNow ? changed : undefined;
};

type At = Pick<ChangeMark, 'epoch' | 'count'>;

const isAt = (mark: ChangeMark, { epoch, count }: At, { token }: Stored): boolean =>
  mark.epoch === epoch && mark.count === count && mark.token === token;

const isNext = (before: At, { epoch, count }: At): boolean =>
  epoch === before.epoch ? count === before.count + 1 : epoch === before.epoch + 1 && count === 0;

const PREFIX = /[^\0]+\0[^\0]+\0/g;
const prefixesIn = ({ sessions }: Stored): readonly Key[] => sessions.match(PREFIX) ?? [];

/** Whether a record of the list says what it should; for those who verify. */
export const isChangesRecord = (value: unknown): boolean => {
  const { token, bytes, sessions } = value as Partial<Stored>;
  return typeof token === 'number' && typeof bytes === 'number' && typeof sessions === 'string';
};
