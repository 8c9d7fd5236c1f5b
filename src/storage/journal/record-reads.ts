/**
 * What every read of the journal goes through: whether the store may be touched, what is counted, and lists that go
 * on behind a broken record.
 */
import type { Clock } from '../../otp/clock.ts';
import { corruptRecord } from '../records/frame.ts';
import * as keys from '../records/keys.ts';
import { ROWS, SESSIONS, type Table } from '../records/keys.ts';
import type { Range, ReadTables, StoredRecord } from '../records/store.ts';

/** Whose reads they are. */
export interface ReadOwner {
  /** Throws when the store must not be touched any more. */
  mustBeOpen(): void;
  /** Told of a broken record that was passed over. */
  onCorrupt(error: Error): void;
}

export class RecordReads {
  readonly tables: ReadTables;
  readonly clock: Clock;
  reads = 0;
  entriesRead = 0;
  readBuffers = 0;
  duesRead = 0;
  readonly #owner: ReadOwner;

  constructor(tables: ReadTables, clock: Clock, owner: ReadOwner) {
    this.tables = tables;
    this.clock = clock;
    this.#owner = owner;
  }

  counts() {
    const { reads, entriesRead, readBuffers, duesRead } = this;
    return { reads, entriesRead, readBuffers, duesRead };
  }

  begin(): void {
    this.#owner.mustBeOpen();
    this.reads += 1;
  }

  /** A head that is gone while its row stands was lost by the disk, not deleted by us. */
  head(prefix: keys.Key): Buffer | undefined {
    const key = keys.headKey(prefix);
    const bytes = this.tables.get(SESSIONS, key);
    if (bytes === undefined && this.tables.get(ROWS, keys.rowKey(prefix)) !== undefined)
      throw corruptRecord(key, 'is missing');
    return bytes;
  }

  /**
   * So many records of a list, as far as they can be read: one that cannot costs itself, is told of, and the list
   * goes on behind it. Fewer than `limit` means that there are no more.
   */
  page<T>(
    table: Table,
    { limit, reverse = false, ...range }: Range,
    read: (record: StoredRecord) => T,
  ): T[] {
    const page: T[] = [];
    let { start, end } = range;
    for (;;) {
      const wanted = limit - page.length;
      const records = this.tables.range(table, { start, end, limit: wanted, reverse });
      for (const record of records) page.push(...this.#readable(record, read));
      const last = records.at(-1);
      if (last === undefined || records.length < wanted || page.length === limit) return page;
      if (reverse) end = last.key;
      else start = `${last.key}\0`;
    }
  }

  #readable<T>(record: StoredRecord, read: (record: StoredRecord) => T): readonly T[] {
    try {
      return [read(record)];
    } catch (error) {
      this.#owner.onCorrupt(error as Error);
      return [];
    }
  }
}

export const toCursor = (key: keys.Key): string => Buffer.from(key, 'latin1').toString('base64url');
export const fromCursor = (cursor: string): keys.Key =>
  Buffer.from(cursor, 'base64url').toString('latin1');
