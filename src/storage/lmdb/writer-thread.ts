/**
 * The writing thread: the only code that changes the store. It waits for batches, applies all that wait
 * inside an open transaction, appends them to the commit log as one group, and answers when the log is on
 * disk. The transaction itself is committed when nobody wants anything for a moment, or after some time:
 * that is the checkpoint, and makes the log void.
 *
 * It blocks while it waits and while the disk syncs, which is why it is a thread: the journal's own thread
 * pays only for handing a buffer over (a tenth of what the puts themselves would cost it). It must not be stopped while
 * it stands in LMDB (`writer-presence.ts`): wherever it has waited it looks whether it has to leave.
 */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { systemClock } from '../../otp/system-clock.ts';
import { CommitLog } from '../log/commit-log.ts';
import { newGeneration, putMark, takeIn } from '../log/log-mark.ts';
import { readLog } from '../log/log-reader.ts';
import { applyGroup, type Owner } from '../records/apply-batch.ts';
import { batchLength, isPlain } from '../records/batch-reader.ts';
import { ChangeList } from '../records/changes.ts';
import type { Key } from '../records/keys.ts';
import { CHECKPOINT_IDLE_MS, CHECKPOINT_MS, MAX_GROUP_BYTES } from '../records/limits.ts';
import { type Claim, ownerNow, ownerOf, takeOver } from '../records/meta.ts';
import { purgeSome } from '../records/purge.ts';
import type { GroupOutcome, PurgeStep, StoreIdentity } from '../records/store.ts';
import { LmdbTables } from '../tables/lmdb-tables.ts';
import { passGate } from './sync-gate.ts';
import { WriterPresence } from './writer-presence.ts';

export interface WriterArgs {
  readonly dir: string;
  /** Id for a store that has none yet. */
  readonly newStoreId: string;
  /** Counts messages to the thread; it waits on it. */
  readonly posted: Int32Array;
  readonly gate: Int32Array;
  /** Flags of the `WriterPresence`. */
  readonly presence: Int32Array;
}

/** What a step of a purge removes, see `purgeSome`. */
interface Purge {
  readonly records: number;
  readonly nowMs: number;
  readonly next: Key | undefined;
}

export type ToWriter =
  | { readonly kind: 'batch'; readonly bytes: ArrayBuffer }
  | ({ readonly kind: 'purge' } & Purge)
  /** Of the list of changes, what stands before this mark. */
  | { readonly kind: 'forget'; readonly epoch: number; readonly count: number }
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'ready'; readonly identity: StoreIdentity }
  /** On disk: in the log alone, or in the tables with all that was logged before. */
  | { readonly kind: 'settled'; readonly outcome: GroupOutcome; readonly where: 'log' | 'tables' }
  /** All that was logged is in the tables. */
  | { readonly kind: 'checkpoint' }
  | ({ readonly kind: 'purged' } & PurgeStep)
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: Error };

const NOTHING_PURGED: PurgeStep = { purged: 0, bytes: 0, left: false };

/** Batches that waited together. */
interface Group {
  readonly buffers: readonly ArrayBuffer[];
  readonly batches: readonly Buffer[];
  readonly bytes: number;
  /** What came behind them and is no batch. */
  readonly next: ToWriter | undefined;
}

class WriterThread {
  readonly #args: WriterArgs;
  readonly #port: MessagePort;
  readonly #presence: WriterPresence;
  readonly #tables: LmdbTables;
  readonly #claim: Claim;
  readonly #changes: ChangeList;
  /** Undefined where there was no room for one: then each group waits for a transaction of its own. */
  readonly #log: CommitLog | undefined;

  constructor(args: WriterArgs, port: MessagePort, presence: WriterPresence) {
    this.#args = args;
    this.#port = port;
    this.#presence = presence;
    this.#tables = new LmdbTables(args.dir);
    const { claim, log, changes } = this.#tables.transaction(() => this.#begin());
    this.#claim = claim;
    this.#changes = changes;
    this.#log = log;
    this.#tell({ kind: 'ready', identity: claim.identity });
  }

  /** Until it is told to close, or a transaction fails. */
  run(): void {
    for (let next = this.#wait(); next?.kind !== 'close'; next ??= this.#wait()) {
      if (next?.kind === 'batch') next = this.#writeGroups(next.bytes);
      else if (next?.kind === 'purge') next = this.#purge(next);
      else if (next?.kind === 'forget') next = this.#forget(next);
    }
  }

  async close(): Promise<void> {
    this.#tables.transaction(() => this.#void(this.#owner(), false));
    this.#log?.close();
    await this.#tables.close();
    this.#tell({ kind: 'closed' });
  }

  /** Takes in what was logged before us, then takes over. */
  #begin(): {
    readonly claim: Claim;
    readonly log: CommitLog | undefined;
    readonly changes: ChangeList;
  } {
    const { dir, newStoreId } = this.#args;
    const changed = new Set<Key>();
    takeIn(this.#tables, readLog(dir), changed);
    const claim = takeOver(this.#tables, newStoreId);
    const changes = new ChangeList(this.#tables, claim.identity.epoch);
    changes.note(changed);
    const generation = newGeneration();
    const log = CommitLog.open(dir, generation);
    putMark(this.#tables, { generation, inUse: log !== undefined });
    return { claim, log, changes };
  }

  /** This batch and those that come behind it, group after group, up to the next checkpoint. Returns the message that comes then. */
  #writeGroups(first: ArrayBuffer): ToWriter | undefined {
    const dueMs = systemClock.monotonic() + CHECKPOINT_MS;
    let next: ToWriter | undefined = { kind: 'batch', bytes: first };
    let unlogged: GroupOutcome | undefined;
    let checkpointMs = 0;
    const changed = new Set<Key>();
    const generation = this.#tables.transaction(() => {
      const owner = this.#owner();
      while (next?.kind === 'batch') {
        const group = this.#gather(next.bytes);
        const outcome = this.#apply(group, owner, changed);
        next = group.next;
        if (!this.#isLogged(group, owner)) {
          unlogged = outcome; // durable with the transaction, then
          break;
        }
        this.#tell({ kind: 'settled', outcome, where: 'log' }, group.buffers);
        const leftMs = dueMs - systemClock.monotonic();
        if (leftMs > 0) next ??= this.#wait(Math.min(leftMs, CHECKPOINT_IDLE_MS));
      }
      this.#presence.mustStay();
      if (changed.size > 0 && this.#isOurs(owner)) this.#changes.note(changed);
      checkpointMs = systemClock.monotonic();
      return this.#void(owner, true);
    });
    this.#log?.begin(generation, systemClock.monotonic() - checkpointMs);
    if (unlogged === undefined) this.#tell({ kind: 'checkpoint' });
    else this.#tell({ kind: 'settled', outcome: unlogged, where: 'tables' }, unlogged.buffers);
    return next;
  }

  /** This batch and all that wait behind it. */
  #gather(first: ArrayBuffer): Group {
    const buffers = [first];
    const batches = [batchIn(first)];
    let bytes = batches[0]?.length ?? 0;
    let next: ToWriter | undefined;
    while (bytes < MAX_GROUP_BYTES) {
      next = this.#take();
      if (next?.kind !== 'batch') break;
      const batch = batchIn(next.bytes);
      buffers.push(next.bytes);
      batches.push(batch);
      bytes += batch.length;
      next = undefined;
    }
    return { buffers, batches, bytes, next };
  }

  #apply({ batches, buffers }: Group, owner: Owner, changed: Set<Key>): GroupOutcome {
    const refusals = applyGroup(this.#tables, batches, owner, changed);
    this.#passGate();
    return { batches: batches.length, refusals, buffers };
  }

  /**
   * Whether the group is in the log, on disk. Not if it has no room there; nor if it removes something,
   * which readers could not be shown; nor if the store is somebody else's by now, whose log it is then.
   */
  #isLogged({ batches, bytes }: Group, owner: Owner): boolean {
    const log = this.#log;
    if (log === undefined || !this.#isOurs(owner) || !batches.every(isPlain)) return false;
    if (!log.hasRoomFor(bytes)) return false;
    log.append(batches);
    return true;
  }

  /** Makes all that was logged void when the transaction is committed. Returns the next generation. */
  #void(owner: Owner, inUse: boolean): number {
    const generation = newGeneration();
    if (this.#isOurs(owner) && this.#log !== undefined)
      putMark(this.#tables, { generation, inUse });
    return generation;
  }

  #owner(): Owner {
    return ownerNow(this.#tables, this.#claim);
  }

  #isOurs({ epoch, owner }: Owner): boolean {
    const { identity } = this.#claim;
    return epoch === identity.epoch && owner.equals(ownerOf(identity).owner);
  }

  #purge({ records, nowMs, next }: Purge): ToWriter | undefined {
    const step = this.#tables.transaction(() => {
      const done = this.#isOurs(this.#owner())
        ? purgeSome(this.#tables, records, nowMs, next)
        : NOTHING_PURGED;
      this.#passGate();
      return done;
    });
    this.#tell({ kind: 'purged', ...step });
    return this.#take();
  }

  #forget(before: { epoch: number; count: number }): ToWriter | undefined {
    this.#tables.transaction(() => {
      if (this.#isOurs(this.#owner())) this.#changes.forget(before);
    });
    return this.#take();
  }

  #passGate(): void {
    passGate(this.#args.gate);
    this.#presence.mustStay();
  }

  /** The next message; undefined if none comes for so long. */
  #wait(ms = Number.POSITIVE_INFINITY): ToWriter | undefined {
    for (;;) {
      const seen = Atomics.load(this.#args.posted, 0);
      const message = this.#take();
      if (message !== undefined) return message;
      if (Atomics.wait(this.#args.posted, 0, seen, ms) === 'timed-out') return undefined;
    }
  }

  #take(): ToWriter | undefined {
    this.#presence.mustStay();
    return (receiveMessageOnPort(this.#port) as { message: ToWriter } | undefined)?.message;
  }

  #tell(message: FromWriter, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, [...transfer]);
  }
}

const batchIn = (buffer: ArrayBuffer): Buffer => {
  const bytes = Buffer.from(buffer);
  return bytes.subarray(0, batchLength(bytes));
};

const { args, port } = workerData as { args: WriterArgs; port: MessagePort };
if (parentPort !== null) {
  const presence = new WriterPresence(args.presence);
  try {
    await presence.during(async () => {
      const writer = new WriterThread(args, port, presence);
      writer.run();
      await writer.close();
    });
  } catch (error) {
    // The outcome of the transaction is unknown: LMDB is not touched again, not even to close it.
    port.postMessage({ kind: 'failed', error: error as Error } satisfies FromWriter);
  }
  port.close();
}
