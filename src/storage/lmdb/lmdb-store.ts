/**
 * The store on LMDB: a directory with LMDB's files, `store.json` beside them, and the lock. It is read
 * here and written in a thread of its own, or, if this is a thread itself, in a process of its own (`carrier.ts`).
 */
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { GreenroomError, StorageError } from '../../model/errors.ts';
import { noteCleanEnd } from '../files/clean-end.ts';
import { DATA_FILE } from '../files/data-file.ts';
import { mustKnowFormat, readMeta } from '../records/meta.ts';
import type { Store, StoreIdentity } from '../records/store.ts';
import { FreshTables } from '../tables/fresh-tables.ts';
import { LmdbTables } from '../tables/lmdb-tables.ts';
import { keepStoreFile, mustBeSound } from '../verify/store-file.ts';
import type { Carrier } from './carrier.ts';
import { ChildCarrier } from './child-carrier.ts';
import { LmdbWriter } from './lmdb-writer.ts';
import type { SyncGate } from './sync-gate.ts';
import { ThreadCarrier } from './thread-carrier.ts';

export interface LmdbStoreOptions {
  /** The store's directory; made if it is missing. */
  readonly dir: string;
  readonly nowMs: number;
  /** For tests on the main thread: holds commits back. */
  readonly gate?: SyncGate | undefined;
}

interface Parts {
  readonly carrier: Carrier;
  readonly file: LmdbTables;
  readonly tables: FreshTables;
  readonly writer: LmdbWriter;
  readonly isUnfinished: boolean;
}

export class LmdbStore implements Store {
  readonly kind = 'lmdb';
  readonly path: string;
  readonly storeId: string;
  readonly formatVersion: number;
  readonly epoch: number;
  readonly owner: string;
  readonly tables: FreshTables;
  readonly writer: LmdbWriter;
  /** Not all pages were walked before it was opened: that is to be done beside the work (`walk-beside.ts`). */
  readonly isUnfinished: boolean;
  readonly #file: LmdbTables;
  readonly #carrier: Carrier;
  /** Of the data file as it was opened. */
  readonly #inode: number | undefined;

  private constructor(
    path: string,
    identity: StoreIdentity,
    { carrier, file, tables, writer, isUnfinished }: Parts,
  ) {
    this.isUnfinished = isUnfinished;
    this.path = path;
    this.#inode = inodeOf(path);
    this.storeId = identity.storeId;
    this.formatVersion = identity.formatVersion;
    this.epoch = identity.epoch;
    this.owner = identity.owner;
    this.tables = tables;
    this.writer = writer;
    this.#file = file;
    this.#carrier = carrier;
  }

  /**
   * Takes the lock, looks at the file, and begins the next epoch, which is on disk before this resolves.
   * Throws `in_use`, or `storage_failed`: damaged, of another format.
   */
  static async open({ dir, nowMs, gate }: LmdbStoreOptions): Promise<LmdbStore> {
    const carrier = await takeCarrier({ dir, nowMs, gate });
    const opened: { file?: LmdbTables; writer?: LmdbWriter } = {};
    try {
      const { stored: storeFile, isUnfinished = false } = await mustBeSound(dir);
      const file = new LmdbTables(dir);
      opened.file = file;
      const found = readMeta(file);
      if (found !== undefined) mustKnowFormat(found);
      const known = found === undefined ? storeFile : keepStoreFile(dir, storeFile, found);
      const tables = new FreshTables(file);
      // biome-ignore lint/plugin: the store's id must be the only one in the world
      const writer = new LmdbWriter(carrier, storeFile?.storeId ?? randomUUID(), tables);
      opened.writer = writer;
      const identity = await writer.opened();
      keepStoreFile(dir, known, identity);
      tables.clear();
      return new LmdbStore(dir, identity, { carrier, file, tables, writer, isUnfinished });
    } catch (error) {
      const isSound = (await opened.writer?.close()) ?? true;
      if (isSound) await opened.file?.close();
      await carrier.release();
      throw asStorageError(dir, error);
    }
  }

  /** Frees the slots of readers that were killed: they would keep old pages from being used again. */
  checkReaders(): void {
    this.#file.checkReaders();
  }

  get waitingBytes(): number {
    return this.tables.waitingBytes;
  }

  /** False when somebody has taken the data file away, or put another one there: what is written goes nowhere. */
  isInPlace(): boolean {
    return inodeOf(this.path) === this.#inode;
  }

  fileBytes(): number {
    return statSync(join(this.path, DATA_FILE), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The next opening looks at all pages where this could not be noted. */
  #noteCleanEnd(): void {
    try {
      if (this.isInPlace()) noteCleanEnd(this.path);
    } catch {
      // A full disk, a folder that is gone: then it was not closed in order, for all that anyone knows.
    }
  }

  /** After a failure the map and the writer are left alone: LMDB is not touched again. */
  async close(): Promise<void> {
    this.#carrier.announceRelease();
    if (await this.writer.close()) {
      await this.#file.close();
      this.#noteCleanEnd();
    }
    await this.#carrier.release();
  }
}

const inodeOf = (dir: string): number | undefined =>
  statSync(join(dir, DATA_FILE), { throwIfNoEntry: false })?.ino;

const takeCarrier = ({ dir, nowMs, gate }: LmdbStoreOptions): Promise<Carrier> => {
  if (isMainThread) return ThreadCarrier.take({ dir, nowMs, gate });
  if (gate === undefined) return ChildCarrier.take(dir, nowMs);
  throw new GreenroomError('invalid_request', 'a sync gate is for stores of the main thread');
};

/** What LMDB throws has an error number for a code. */
const asStorageError = (dir: string, error: unknown): unknown =>
  error instanceof GreenroomError
    ? error
    : new StorageError(`the store in ${dir} cannot be opened: ${messageOf(error)}`, {
        cause: error,
      });

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
