/**
 * What a journal stands on: tables that show committed state, and a writer that takes batches. Two of
 * them exist: LMDB with a writing thread, and maps in memory.
 */
import type { ChangeMark } from '../../session/ports/journal.ts';
import type { GroupRefusal } from './apply-batch.ts';
import type { Key, Table } from './keys.ts';

export interface Range {
  /** The lower end, inclusive; no record has it as its key when the range is reversed. */
  readonly start: Key;
  /** The upper end, exclusive, also when reversed. */
  readonly end: Key;
  readonly limit: number;
  readonly reverse?: boolean;
}

export interface StoredRecord {
  readonly key: Key;
  readonly value: Buffer;
}

/** Committed state only. */
export interface ReadTables {
  get(table: Table, key: Key): Buffer | undefined;
  /** What `see` makes of a value where it stands; undefined if there is none. The bytes of both are valid during the call. */
  visit<T>(table: Table, key: Key, see: (value: Buffer, key: Buffer) => T): T | undefined;
  /** A page of records in order; copies. */
  range(table: Table, range: Range): StoredRecord[];
  /** The same without their values, which may be large. */
  keysIn(table: Table, range: Range): Key[];
  /** Prefixes of sessions whose latest changes are shown and not noted in the list of changes yet. */
  notNoted(): Iterable<Key>;
}

/** The fate of the oldest batches that were handed over, settled by one transaction. */
export interface GroupOutcome {
  readonly batches: number;
  readonly refusals: readonly GroupRefusal[];
  /** Buffers of the batches, to be used again. */
  readonly buffers: readonly ArrayBuffer[];
}

export interface PurgeStep {
  /** Sessions whose last record went. */
  readonly purged: number;
  readonly bytes: number;
  readonly left: boolean;
}

export interface WriterEvents {
  settled(outcome: GroupOutcome): void;
  /** The writer is finished: a transaction failed and its outcome is unknown. */
  failed(error: Error): void;
}

export interface Writer {
  /** Told before the first batch. */
  listen(events: WriterEvents): void;
  /** Batches are settled in order; those that wait together share a transaction. The buffer is given away. */
  write(batch: ArrayBuffer): void;
  /** Removes up to `records` records of a deleted session in one transaction; `undefined`: of tombstones, if no session waits. */
  purge(records: number, nowMs: number, next: Key | undefined): Promise<PurgeStep>;
  /** Of the list of changes, a part of what stands before this mark goes. */
  forgetChanges(mark: ChangeMark): void;
}

export interface StoreIdentity {
  readonly storeId: string;
  readonly formatVersion: number;
  readonly epoch: number;
  /** Drawn at each opening. */
  readonly owner: string;
}

export interface Store extends StoreIdentity {
  readonly kind: 'lmdb' | 'memory';
  readonly path: string | null;
  readonly tables: ReadTables;
  readonly writer: Writer;
  /** Bytes that are committed and have not taken their room in the file yet. */
  readonly waitingBytes: number;
  fileBytes(): number | null;
  /** Waits for what was handed over, then lets go of everything. */
  close(): Promise<void>;
}

/**
 * Format of the whole store. Older ones are taken over as they are, and are of this format from then on;
 * a newer one is refused at open. 2: forks refer to entries of others, which a version that knows
 * nothing of it would purge. 3: commits may stand in the log, where one that knows nothing of it would
 * not look. 4: each change of a batch names its fence. 5: definitions stand among the sessions, and
 * what is due may be theirs; turns may be yet to begin: one that knows nothing of it would forget them. 6: archives stand
 * there too, and sessions may be kept in one alone, and so does when the next backup is due.
 */
export const FORMAT_VERSION = 6;
