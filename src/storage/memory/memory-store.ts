/**
 * The store in memory, for tests and scratch: the same records and the same batches as on disk, in
 * maps. A batch is applied when its "sync" is done, so reads see committed state only.
 */
import { randomUUID } from 'node:crypto';
import { SyncGate } from '../lmdb/sync-gate.ts';
import { applyGroup, type WriteTables } from '../records/apply-batch.ts';
import { type Key, TABLES, type Table, UPKEEP, upkeepOf } from '../records/keys.ts';
import { type Claim, ownerNow, takeOver } from '../records/meta.ts';
import { purgeSome } from '../records/purge.ts';
import type {
  PurgeStep,
  Range,
  ReadTables,
  Store,
  StoredRecord,
  Writer,
  WriterEvents,
} from '../records/store.ts';

class MemoryTables implements ReadTables, WriteTables {
  readonly #tables = TABLES.map(() => new Map<Key, Buffer>());
  /** Keys of the due index, in order: it is looked at twice a second, whatever else there is. */
  readonly #dues: Key[] = [];

  get(table: Table, key: Key | Uint8Array): Buffer | undefined {
    return this.#table(table).get(asKey(key));
  }

  visit<T>(table: Table, key: Key, see: (value: Buffer, key: Buffer) => T): T | undefined {
    const value = this.get(table, key);
    return value === undefined ? undefined : see(value, Buffer.from(key, 'latin1'));
  }

  peek(table: Table, key: Uint8Array, length: number): Buffer | undefined {
    return this.get(table, key)?.subarray(0, length);
  }

  /** Sorts what it finds: good enough for the sizes of tests. Of the due index it reads what is asked for alone. */
  range(table: Table, range: Range): StoredRecord[] {
    const { start, end, limit, reverse = false } = range;
    if (isDue(table, start) && !reverse) return this.#rangeOfDues(range);
    const found: StoredRecord[] = [];
    for (const [key, value] of this.#table(table))
      if (key >= start && key < end) found.push({ key, value });
    found.sort((a, b) => (a.key < b.key ? -1 : 1));
    if (reverse) found.reverse();
    return found.slice(0, limit);
  }

  keysIn(table: Table, range: Range): Key[] {
    return this.range(table, range).map(({ key }) => key);
  }

  notNoted(): Iterable<Key> {
    return [];
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    const name = asKey(key);
    const records = this.#table(table);
    if (isDue(table, name) && !records.has(name))
      this.#dues.splice(placeIn(this.#dues, name), 0, name);
    records.set(name, Buffer.from(value));
  }

  remove(table: Table, key: Uint8Array): void {
    const name = asKey(key);
    if (this.#table(table).delete(name) && isDue(table, name))
      this.#dues.splice(placeIn(this.#dues, name), 1);
  }

  #rangeOfDues({ start, end, limit }: Range): StoredRecord[] {
    const found: StoredRecord[] = [];
    for (let at = placeIn(this.#dues, start); found.length < limit; at += 1) {
      const key = this.#dues[at];
      const value = key === undefined || key >= end ? undefined : this.get(UPKEEP, key);
      if (key === undefined || value === undefined) return found;
      found.push({ key, value });
    }
    return found;
  }

  #table(table: Table): Map<Key, Buffer> {
    const found = this.#tables[table];
    if (found === undefined) throw new Error(`no table ${table}`);
    return found;
  }
}

const asKey = (key: Key | Uint8Array): Key =>
  typeof key === 'string' ? key : Buffer.from(key).toString('latin1');

const isDue = (table: Table, key: Key): boolean => table === UPKEEP && upkeepOf(key) === 'due';

/** Where the key is, or belongs, among keys in order. */
const placeIn = (keys: readonly Key[], key: Key): number => {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
};

class MemoryWriter implements Writer {
  readonly #tables: MemoryTables;
  readonly #claim: Claim;
  readonly #gate: SyncGate;
  #events: WriterEvents | undefined;
  #waiting: ArrayBuffer[] = [];
  #isScheduled = false;

  constructor(tables: MemoryTables, claim: Claim, gate: SyncGate) {
    this.#tables = tables;
    this.#claim = claim;
    this.#gate = gate;
    gate.onRelease(() => this.#schedule());
  }

  listen(events: WriterEvents): void {
    this.#events = events;
  }

  write(batch: ArrayBuffer): void {
    this.#waiting.push(batch);
    this.#schedule();
  }

  /** It keeps no such list: it ends with its process. */
  forgetChanges(): void {}

  purge(records: number, nowMs: number, next: Key | undefined): Promise<PurgeStep> {
    return Promise.resolve(purgeSome(this.#tables, records, nowMs, next));
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.#gate.isHeld) this.#sync();
    });
  }

  #sync(): void {
    const buffers = this.#waiting;
    this.#waiting = [];
    const group = buffers.map((buffer) => Buffer.from(buffer));
    const refusals = applyGroup(this.#tables, group, ownerNow(this.#tables, this.#claim));
    if (buffers.length > 0) this.#events?.settled({ batches: buffers.length, refusals, buffers });
  }
}

export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly path = null;
  readonly waitingBytes = 0;
  readonly storeId: string;
  readonly formatVersion: number;
  readonly epoch: number;
  readonly owner: string;
  readonly tables: MemoryTables;
  readonly writer: MemoryWriter;

  /** @param before a store whose content is taken over, as when a journal is opened again. */
  constructor(gate: SyncGate = new SyncGate(), before?: MemoryStore) {
    this.tables = before?.tables ?? new MemoryTables();
    // biome-ignore lint/plugin: the store's id must be the only one in the world
    const claim = takeOver(this.tables, randomUUID());
    const { identity } = claim;
    this.storeId = identity.storeId;
    this.formatVersion = identity.formatVersion;
    this.epoch = identity.epoch;
    this.owner = identity.owner;
    this.writer = new MemoryWriter(this.tables, claim, gate);
  }

  fileBytes(): null {
    return null;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
