/**
 * The writing thread: the only code that changes the store. It waits for batches, puts all that wait
 * into one transaction, and answers when that is on disk.
 *
 * It blocks while it waits and while LMDB syncs, which is why it is a thread: the journal's own thread
 * pays only for handing a buffer over (a tenth of what the puts themselves would cost it).
 */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { applyBatch, type Epochs } from './apply-batch.ts';
import { batchLength } from './batch.ts';
import { MAX_GROUP_BYTES } from './limits.ts';
import { LmdbTables } from './lmdb-tables.ts';
import { type Claim, ownerEpoch, takeOver } from './meta.ts';
import { purgeSome } from './purge.ts';
import type { GroupOutcome, PurgeStep, StoreIdentity } from './store.ts';
import { passGate } from './sync-gate.ts';

export interface WriterArgs {
  readonly dir: string;
  /** Id for a store that has none yet. */
  readonly newStoreId: string;
  /** Counts messages to the thread; it waits on it. */
  readonly posted: Int32Array;
  readonly gate: Int32Array;
}

export type ToWriter =
  | { readonly kind: 'batch'; readonly bytes: ArrayBuffer }
  | { readonly kind: 'purge'; readonly records: number; readonly nowMs: number }
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'ready'; readonly identity: StoreIdentity }
  | { readonly kind: 'settled'; readonly outcome: GroupOutcome }
  | ({ readonly kind: 'purged' } & PurgeStep)
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: Error };

const NOTHING_PURGED: PurgeStep = { purged: 0, bytes: 0, left: false };

class WriterThread {
  readonly #args: WriterArgs;
  readonly #port: MessagePort;
  readonly #tables: LmdbTables;
  readonly #claim: Claim;
  #seen = 0;

  constructor(args: WriterArgs, port: MessagePort) {
    this.#args = args;
    this.#port = port;
    this.#tables = new LmdbTables(args.dir);
    this.#claim = this.#tables.transaction(() => takeOver(this.#tables, args.newStoreId));
    this.#tell({ kind: 'ready', identity: this.#claim.identity });
  }

  /** Until it is told to close, or a transaction fails. */
  run(): void {
    for (;;) {
      Atomics.wait(this.#args.posted, 0, this.#seen);
      this.#seen = Atomics.load(this.#args.posted, 0);
      for (let next = this.#take(); next !== undefined; ) {
        if (next.kind === 'close') return;
        next = next.kind === 'purge' ? this.#purge(next) : this.#writeGroup(next.bytes);
      }
    }
  }

  async close(): Promise<void> {
    await this.#tables.close();
    this.#tell({ kind: 'closed' });
  }

  /** Writes this batch and those behind it in one transaction. Returns the message that comes after. */
  #writeGroup(first: ArrayBuffer): ToWriter | undefined {
    const group = [first];
    let bytes = batchLength(first);
    let next = this.#take();
    for (; next?.kind === 'batch' && bytes < MAX_GROUP_BYTES; next = this.#take()) {
      group.push(next.bytes);
      bytes += batchLength(next.bytes);
    }
    const refusals = this.#transaction(() => {
      const epochs = this.#epochs();
      return group.flatMap((batch, at) =>
        applyBatch(this.#tables, batch, epochs).map((refusal) => ({ ...refusal, batch: at })),
      );
    });
    const outcome: GroupOutcome = { batches: group.length, refusals, buffers: group };
    this.#tell({ kind: 'settled', outcome }, group);
    return next;
  }

  #epochs(): Epochs {
    return { ours: this.#claim.identity.epoch, owner: ownerEpoch(this.#tables, this.#claim) };
  }

  #purge({ records, nowMs }: { records: number; nowMs: number }): ToWriter | undefined {
    const step = this.#transaction(() => {
      const { ours, owner } = this.#epochs();
      return ours === owner ? purgeSome(this.#tables, records, nowMs) : NOTHING_PURGED;
    });
    this.#tell({ kind: 'purged', ...step });
    return this.#take();
  }

  #transaction<T>(work: () => T): T {
    return this.#tables.transaction(() => {
      const result = work();
      passGate(this.#args.gate);
      return result;
    });
  }

  #take(): ToWriter | undefined {
    return (receiveMessageOnPort(this.#port) as { message: ToWriter } | undefined)?.message;
  }

  #tell(message: FromWriter, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

const { args, port } = workerData as { args: WriterArgs; port: MessagePort };
if (parentPort !== null) {
  try {
    const writer = new WriterThread(args, port);
    writer.run();
    await writer.close();
  } catch (error) {
    // The outcome of the transaction is unknown: LMDB is not touched again, not even to close it.
    port.postMessage({ kind: 'failed', error: error as Error } satisfies FromWriter);
  }
  port.close();
}
