/**
 * The floor's store: bare LMDB with the same tables, keys and sync as the journal's, group commit by
 * lmdb's own `transaction(callback)`. Of the simple ways that we tried (awaited puts, `transaction`,
 * `transactionSync` on this thread or on another) it is the fastest.
 */
import { type Database, open, type RootDatabase } from 'lmdb';
import { bytesOf, type FloorRecord, type TableName } from './floor-records.ts';

const RAW = { keyEncoding: 'binary', encoding: 'binary' } as const;
const MAP_BYTES = 16 * 1024 ** 3;

export class FloorStore {
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #tables: Readonly<Record<TableName, Database<Buffer, Buffer>>>;
  readonly #values = new Map<number, Buffer>();
  commits = 0;
  records = 0;
  bytesWritten = 0;

  constructor(dir: string) {
    this.#root = open<Buffer, Buffer>({
      ...RAW,
      path: dir,
      noSubdir: false,
      maxDbs: 4,
      mapSize: MAP_BYTES,
      overlappingSync: false,
    });
    const table = (name: string) => this.#root.openDB<Buffer, Buffer>({ ...RAW, name });
    this.#tables = { sessions: table('sessions'), rows: table('rows'), audit: table('audit') };
  }

  /** Transactions since the store was made. */
  get transactions(): number {
    const { lastTxnId } = this.#root.getStats() as { lastTxnId?: number };
    return lastTxnId ?? Number.NaN;
  }

  /** Resolves when all of it is on disk. */
  async commit(session: string, seq: number, records: readonly FloorRecord[]): Promise<void> {
    this.commits++;
    this.records += records.length;
    this.bytesWritten += bytesOf(records);
    await this.#root.transaction(() => {
      for (const { table, suffix, bytes } of records)
        void this.#tables[table].put(
          Buffer.from(`default\0${session}\0${suffix(seq)}`, 'latin1'),
          this.#value(bytes),
        );
    });
  }

  close(): Promise<void> {
    return this.#root.close();
  }

  #value(bytes: number): Buffer {
    const found = this.#values.get(bytes) ?? Buffer.alloc(bytes, 'value ');
    this.#values.set(bytes, found);
    return found;
  }
}
