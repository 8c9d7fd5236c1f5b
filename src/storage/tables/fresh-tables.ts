/**
 * The tables as readers see them: LMDB's, and over them what was committed since its last checkpoint,
 * which stands in the commit log. It owns a copy of the batches that were settled since, in buffers that it uses again.
 *
 * A commit pays for the copy of its bytes. They are looked into only when somebody reads, and once: first
 * whose changes they are, then, for a session that is read, what these put.
 */
import { BodyRun } from '../../session/memory/bodies.ts';
import { PUT } from '../records/batch.ts';
import {
  batchLength,
  changesOf,
  type EncodedChange,
  operationAt,
} from '../records/batch-reader.ts';
import {
  AUDIT,
  type Key,
  prefixOf,
  SESSIONS,
  TABLES,
  type Table,
  UPKEEP,
} from '../records/keys.ts';
import { LOG_MAX_BYTES } from '../records/limits.ts';
import type { Range, ReadTables, StoredRecord } from '../records/store.ts';
import type { LmdbTables } from './lmdb-tables.ts';

/** Of each buffer of the copy; there are at most as many as the log may need. */
const COPY_BYTES = 256 * 1024;

/** A settled batch in the copy, and which of its changes were refused. */
interface Unread {
  readonly batch: Buffer;
  readonly refused: ReadonlySet<number>;
}

/** Changes of one session; what they put is laid out by key when it is asked for. */
class Changes {
  readonly #records = TABLES.map(() => new Map<Key, Buffer>());
  #unread: EncodedChange[] = [];

  add(change: EncodedChange): void {
    this.#unread.push(change);
  }

  /** The newest records in a table. */
  in(table: Table): ReadonlyMap<Key, Buffer> {
    for (const change of this.#unread)
      eachPut(change, (of, key, value) => this.#records[of]?.set(key.toString('latin1'), value));
    this.#unread = [];
    return this.#records[table] ?? NONE;
  }
}

const NONE: ReadonlyMap<Key, Buffer> = new Map();

export class FreshTables implements ReadTables {
  readonly #under: LmdbTables;
  /** By the prefix of their session. */
  readonly #sessions = new Map<Key, Changes>();
  /** Records that do not stand under their session's prefix. */
  readonly #others = new Map<Table, Map<Key, Buffer>>();
  readonly #copies = new BodyRun(COPY_BYTES, LOG_MAX_BYTES / COPY_BYTES);
  #bytes = 0;
  #unread: Unread[] = [];

  constructor(under: LmdbTables) {
    this.#under = under;
  }

  get waitingBytes(): number {
    return this.#bytes;
  }

  get(table: Table, key: Key): Buffer | undefined {
    const fresh = this.#fresh(table, key);
    return fresh === undefined ? this.#under.get(table, key) : Buffer.from(fresh);
  }

  visit<T>(table: Table, key: Key, see: (value: Buffer, key: Buffer) => T): T | undefined {
    const fresh = this.#fresh(table, key);
    return fresh === undefined
      ? this.#under.visit(table, key, see)
      : see(fresh, Buffer.from(key, 'latin1'));
  }

  range(table: Table, range: Range): StoredRecord[] {
    const under = this.#under.range(table, range);
    if (this.#bytes === 0) return under;
    this.#read();
    const fresh = this.#within(table, range);
    if (fresh.size === 0) return under;
    const records = new Map(under.map((record) => [record.key, record]));
    for (const [key, value] of fresh) records.set(key, { key, value: Buffer.from(value) });
    const sorted = [...records.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    if (range.reverse === true) sorted.reverse();
    return sorted.slice(0, range.limit);
  }

  keysIn(table: Table, range: Range): Key[] {
    const under = this.#under.keysIn(table, range);
    if (this.#bytes === 0) return under;
    this.#read();
    const fresh = this.#within(table, range);
    if (fresh.size === 0) return under;
    const sorted = [...new Set([...under, ...fresh.keys()])].sort((a, b) => (a < b ? -1 : 1));
    if (range.reverse === true) sorted.reverse();
    return sorted.slice(0, range.limit);
  }

  notNoted(): Iterable<Key> {
    this.#read();
    return this.#sessions.keys();
  }

  /** Shows what a plain batch put, but for the changes that were refused. */
  add(batch: Buffer, refused: ReadonlySet<number>): void {
    const length = batchLength(batch);
    const copy = this.#copies.place(batch.subarray(0, length));
    this.#unread.push({ batch: Buffer.from(copy.buffer, copy.byteOffset, length), refused });
    this.#bytes += length;
  }

  /** All of it is in LMDB now. */
  clear(): void {
    this.#sessions.clear();
    this.#others.clear();
    this.#unread = [];
    this.#bytes = 0;
    this.#copies.reset();
    this.refresh();
  }

  /** Something else than a batch changed LMDB: reads see it from here on. LMDB by itself shows an older state for a while. */
  refresh(): void {
    this.#under.refresh();
  }

  #fresh(table: Table, key: Key): Buffer | undefined {
    if (this.#bytes === 0) return undefined;
    this.#read();
    return isOfSession(table)
      ? this.#sessions.get(prefixOf(key))?.in(table).get(key)
      : this.#others.get(table)?.get(key);
  }

  #within(table: Table, range: Range): ReadonlyMap<Key, Buffer> {
    const found = new Map<Key, Buffer>();
    for (const records of this.#near(table, range.start))
      for (const [key, value] of records) if (isWithin(range, key)) found.set(key, value);
    return found;
  }

  /** A range of `SESSIONS` lies within one session, or is of all. */
  #near(table: Table, start: Key): Iterable<ReadonlyMap<Key, Buffer>> {
    if (!isOfSession(table)) return [this.#others.get(table) ?? NONE];
    const prefix = prefixOf(start);
    if (table === SESSIONS && prefix !== '') return [this.#sessions.get(prefix)?.in(table) ?? NONE];
    return [...this.#sessions.values()].map((changes) => changes.in(table));
  }

  #read(): void {
    for (const { batch, refused } of this.#unread) {
      let position = 0;
      for (const change of changesOf(batch)) {
        if (!refused.has(position)) this.#show(change);
        position += 1;
      }
    }
    this.#unread = [];
  }

  #show(change: EncodedChange): void {
    const changes = this.#sessions.get(change.prefix) ?? new Changes();
    this.#sessions.set(change.prefix, changes);
    changes.add(change);
    eachPut(change, (table, key, value) => {
      if (isOfSession(table)) return;
      const records = this.#others.get(table) ?? new Map<Key, Buffer>();
      this.#others.set(table, records.set(key.toString('latin1'), value));
    });
  }
}

const isWithin = ({ start, end, reverse = false }: Range, key: Key): boolean =>
  key < end && (reverse ? key > start : key >= start);

/** Whether a table's keys begin with their session's prefix. */
const isOfSession = (table: Table): boolean => table !== AUDIT && table !== UPKEEP;

const eachPut = (
  { bytes, operationsAt }: EncodedChange,
  see: (table: Table, key: Buffer, value: Buffer) => void,
): void => {
  for (let at = operationsAt; at < bytes.length; ) {
    const { what, table, key, value, next } = operationAt(bytes, at);
    if (what === PUT) see(table, key, value);
    at = next;
  }
};
