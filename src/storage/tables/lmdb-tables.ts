/**
 * The tables in LMDB: one environment, a B-tree per table, our own keys, our own records. The journal's
 * thread opens it to read, the writing thread to write, in one process or in two (`carrier.ts`).
 *
 * 1. `overlappingSync` is off: nobody reads what is not synced, and a failed sync stores nothing. What is
 *    acknowledged before that is in the commit log, see `writer-thread.ts`.
 * 2. What is read is a copy, but for what `visit` and `peek` show for the moment: LMDB puts every value into the
 *    same buffer, so a visit makes none. A visit must not read anything else.
 */
import { writeSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import { addressSpace } from '../../platform/address-space.ts';
import type { WriteTables } from '../records/apply-batch.ts';
import { type Key, TABLES, type Table } from '../records/keys.ts';
import { mapBytesIn } from '../records/limits.ts';
import type { Range, ReadTables, StoredRecord } from '../records/store.ts';

type Bytes = Database<Buffer, Buffer>;

const STDERR = 2;

const RAW = { keyEncoding: 'binary', encoding: 'binary' } as const;

const bytesOf = (key: Key): Buffer => Buffer.from(key, 'latin1');

const boundsOf = ({ start, end, limit, reverse = false }: Range) =>
  reverse
    ? { start: bytesOf(end), exclusiveStart: true, end: bytesOf(start), reverse, limit }
    : { start: bytesOf(start), end: bytesOf(end), limit };

/** Longer than any key that LMDB takes. */
const KEY_BYTES = 4_096;

/**
 * LMDB, when a commit fails, writes why to stderr, and does not end the line. The next line there is the log's, which
 * is to be one JSON object.
 */
const endItsLine = (): void => {
  try {
    writeSync(STDERR, '\n');
  } catch {
    // Nobody reads it: then there is nothing to keep apart.
  }
};

export class LmdbTables implements ReadTables, WriteTables {
  /** The key of the visit under way. */
  readonly #key = Buffer.allocUnsafeSlow(KEY_BYTES);
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #tables: readonly Bytes[];

  /** Opens the environment in `dir`, making what is missing. Look at the file first: LMDB trusts it. */
  constructor(dir: string, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.#root = open<Buffer, Buffer>({
      ...RAW,
      path: dir,
      noSubdir: false,
      maxDbs: TABLES.length + 1,
      mapSize: mapBytesIn(addressSpace()),
      overlappingSync: false,
      readOnly,
    });
    this.#tables = TABLES.map((name) => this.#root.openDB<Buffer, Buffer>({ ...RAW, name }));
  }

  get(table: Table, key: Key | Uint8Array): Buffer | undefined {
    const bytes = typeof key === 'string' ? bytesOf(key) : (key as Buffer);
    return this.#table(table).getBinary(bytes) as Buffer | undefined;
  }

  visit<T>(table: Table, key: Key, see: (value: Buffer, key: Buffer) => T): T | undefined {
    const bytes = this.#key.subarray(0, this.#key.write(key, 'latin1'));
    const value = this.#table(table).getBinaryFast(bytes) as Buffer | undefined;
    return value === undefined ? undefined : see(value.subarray(0, value.length) as Buffer, bytes);
  }

  /** The first `length` bytes of a value, valid until the next call: for what stands at fixed places. */
  peek(table: Table, key: Uint8Array, length: number): Buffer | undefined {
    return this.#table(table)
      .getBinaryFast(key as Buffer)
      ?.subarray(0, length) as Buffer | undefined;
  }

  range(table: Table, range: Range): StoredRecord[] {
    const records: StoredRecord[] = [];
    for (const { key, value } of this.#table(table).getRange(boundsOf(range)))
      records.push({ key: Buffer.from(key).toString('latin1'), value: Buffer.from(value) });
    return records;
  }

  keysIn(table: Table, range: Range): Key[] {
    const found: Key[] = [];
    for (const key of this.#table(table).getKeys(boundsOf(range)))
      found.push(Buffer.from(key).toString('latin1'));
    return found;
  }

  notNoted(): Iterable<Key> {
    return [];
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    // Its type says void; it says whether it was done.
    const done = this.#table(table).putSync(key as Buffer, value as Buffer) as unknown;
    if (done !== true) throw new Error('LMDB refused a put');
  }

  remove(table: Table, key: Uint8Array): void {
    this.#table(table).removeSync(key as Buffer);
  }

  refresh(): void {
    this.#root.resetReadTxn();
  }

  /** Runs `work` in one transaction; returns when it is on disk. If `work` throws, nothing of it stays. */
  transaction<T>(work: () => T): T {
    let result: { readonly value: T } | undefined;
    try {
      this.#root.transactionSync(() => {
        result = { value: work() };
      });
    } catch (error) {
      if (result !== undefined) endItsLine();
      throw error;
    }
    if (result === undefined) throw new Error('LMDB did not run the transaction');
    return result.value;
  }

  /** Copies what is committed now into an empty folder, page by page; others go on writing. */
  copyTo(dir: string): Promise<void> {
    return this.#root.backup(dir, false); // compacting copies are reported to break
  }

  /** Frees the slots of readers that were killed: they would keep old pages from being used again. */
  checkReaders(): number {
    return this.#root.readerCheck();
  }

  close(): Promise<void> {
    return this.#root.close();
  }

  #table(table: Table): Bytes {
    const found = this.#tables[table];
    if (found === undefined) throw new Error(`no table ${table}`);
    return found;
  }
}
