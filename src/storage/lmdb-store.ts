/**
 * The store on LMDB: a directory with LMDB's files, `store.json` beside them, and the lock. Opening it
 * takes the lock, looks at the file, opens it for reading here and for writing in its own thread.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbTables } from './lmdb-tables.ts';
import { LmdbWriter } from './lmdb-writer.ts';
import { mustKnowFormat, readMeta } from './meta.ts';
import type { Store, StoreIdentity } from './store.ts';
import { SyncGate } from './sync-gate.ts';

/** LMDB's data file in the store's directory. */
export const DATA_FILE = 'data.mdb';

export interface LmdbOptions {
  readonly dir: string;
  /** For tests: holds commits back. */
  readonly gate?: SyncGate;
}

export class LmdbStore implements Store {
  readonly kind = 'lmdb';
  readonly path: string;
  readonly storeId: string;
  readonly formatVersion: number;
  readonly epoch: number;
  readonly tables: LmdbTables;
  readonly writer: LmdbWriter;

  private constructor(
    path: string,
    tables: LmdbTables,
    writer: LmdbWriter,
    identity: StoreIdentity,
  ) {
    this.path = path;
    this.tables = tables;
    this.writer = writer;
    this.storeId = identity.storeId;
    this.formatVersion = identity.formatVersion;
    this.epoch = identity.epoch;
  }

  static async open({ dir, gate = new SyncGate() }: LmdbOptions): Promise<LmdbStore> {
    mkdirSync(dir, { recursive: true });
    const tables = new LmdbTables(dir);
    const found = readMeta(tables);
    if (found !== undefined) mustKnowFormat(found);
    const writer = new LmdbWriter(dir, randomUUID(), gate);
    const identity = await writer.opened();
    tables.refresh();
    return new LmdbStore(dir, tables, writer, identity);
  }

  fileBytes(): number {
    return statSync(join(this.path, DATA_FILE)).size;
  }

  async close(): Promise<void> {
    await this.writer.close();
    await this.tables.close();
  }
}
