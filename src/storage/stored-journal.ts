/**
 * The journal over a store. It owns the changes that wait: encodes each at once, hands batches to the
 * writer, and settles their promises when the writer says that they are on disk.
 *
 * 1. A promise resolves after its transaction was synced; subscribers hear of it in the same tick, before.
 * 2. Nothing that may fail is left for the transaction: a change that cannot be stored is refused here.
 * 3. The first failed transaction, or one that takes too long, is the last: whoever waits and whoever
 *    comes later gets `storage_failed`, and the store is touched no more.
 */
import type { Clock, Timer } from '../otp/clock.ts';
import { GreenroomError, StorageError } from '../session/errors.ts';
import type {
  Journal,
  JournalInfo,
  JournalStats,
  JournalUpkeep,
  SessionChange,
  SessionWrite,
} from '../session/journal.ts';
import { Batch } from './batch.ts';
import { encodeChange } from './encode-change.ts';
import { JournalReads } from './journal-reads.ts';
import * as limits from './limits.ts';
import { refusalError } from './refusal-error.ts';
import type { GroupOutcome, Store } from './store.ts';

/** How much room there is; asked before changes that add. */
export interface Space {
  readonly freeBytes: number | null;
  /** Whether a change of so many bytes must be refused. */
  isLow(bytes: number): boolean;
}

export interface JournalOptions {
  readonly clock: Clock;
  readonly space?: Space;
  /** Longest wait of a commit in milliseconds, then its outcome is unknown; default 10,000. */
  readonly commitTimeoutMs?: number;
  readonly maxWaitingChanges?: number;
  readonly maxWaitingBytes?: number;
  /** Told once, when the journal has stopped for good: the process should end. */
  readonly onFatal?: (error: Error) => void;
  /** Told of a subscriber that throws: it is the subscriber's bug and stops nobody else. */
  readonly onListenerError?: (error: unknown) => void;
}

/** Buffers kept for the next batches. */
const MAX_SPARE = 4;

interface Waiting {
  readonly change: SessionChange;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Changes that were handed to the writer as one batch. */
interface SentBatch {
  readonly waiting: readonly Waiting[];
  readonly bytes: number;
  readonly records: number;
  readonly deadlineMs: number;
}

type Listener = (committed: readonly SessionChange[]) => void;

export class StoredJournal extends JournalReads implements Journal, JournalUpkeep {
  readonly #store: Store;
  readonly #options: JournalOptions;
  readonly #listeners = new Set<Listener>();
  #batch = new Batch();
  #outbox: Waiting[] = [];
  /** Buffers of settled batches: making new ones for each would keep the garbage collector busy. */
  readonly #spare: ArrayBuffer[] = [];
  readonly #sent: SentBatch[] = [];
  #sentChanges = 0;
  #sentBytes = 0;
  #isScheduled = false;
  #timer: Timer | undefined;
  #stopped: Error | null = null;
  #audits = 0;
  #lastGroup = 0;
  #counters = { commits: 0, syncs: 0, recordsWritten: 0, bytesWritten: 0, failedCommits: 0 };
  #onIdle: (() => void)[] = [];

  constructor(store: Store, options: JournalOptions) {
    super(store.tables, options.clock);
    this.#store = store;
    this.#options = options;
    store.writer.listen({
      settled: (outcome) => this.#settle(outcome),
      failed: (error) => this.#fail(error),
    });
  }

  get epoch(): number {
    return this.#store.epoch;
  }

  nextAudit(): number {
    this.#audits += 1;
    return this.#audits;
  }

  commit(change: SessionChange): Promise<void> {
    return new Promise((resolve, reject) => {
      try {
        this.#admit(change);
      } catch (error) {
        this.#counters.failedCommits += 1;
        reject(error as Error);
        return;
      }
      this.#outbox.push({ change, resolve, reject });
      this.#schedule();
    });
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  stats(): JournalStats {
    return { ...this.#counters, reads: this.reads, waiting: this.#waiting };
  }

  info(): JournalInfo {
    const { kind, storeId, formatVersion, epoch, path } = this.#store;
    return {
      ...{ kind, storeId, formatVersion, epoch, path },
      readOnlyBecause: this.#readOnlyBecause(),
      freeBytes: this.#options.space?.freeBytes ?? null,
      fileBytes: this.#store.fileBytes(),
    };
  }

  async purge(limit: number): Promise<{ purged: number; bytes: number; left: boolean }> {
    const total = { purged: 0, bytes: 0, left: true };
    while (total.left && total.purged < limit) {
      this.mustRead();
      const step = await this.#store.writer.purge(
        limits.PURGE_BATCH_RECORDS,
        this.#options.clock.now(),
      );
      total.purged += step.purged;
      total.bytes += step.bytes;
      total.left = step.left;
    }
    return total;
  }

  /** Refuses everything from now on with `unavailable`; what was handed over still gets its answer. */
  fence(why: string): void {
    if (this.#stopped !== null) return;
    this.#stopped = new GreenroomError('unavailable', why);
    const unsent = this.#outbox;
    this.#outbox = [];
    this.#batch = new Batch();
    for (const { reject } of unsent) reject(this.#stopped);
    this.#afterSettling();
  }

  /** Whether it was fenced or has failed. */
  get hasStopped(): boolean {
    return this.#stopped !== null;
  }

  /** Resolves when nothing waits any more, settled or failed. */
  idle(): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  protected override mustRead(): void {
    if (this.#stopped !== null) throw this.#stopped;
  }

  get #waiting(): number {
    return this.#outbox.length + this.#sentChanges;
  }

  #readOnlyBecause(): JournalInfo['readOnlyBecause'] {
    if (this.#stopped instanceof StorageError) return 'storage_failed';
    return this.#options.space?.isLow(0) === true ? 'disk_low' : null;
  }

  // ── on the way in ──────────────────────────────────────────────────────────────────────────────

  #admit(change: SessionChange): void {
    if (this.#stopped !== null) throw this.#stopped;
    this.#mustHaveRoom();
    if (change.kind === 'write' && this.#options.space?.isLow(bodyBytes(change)) === true)
      throw new GreenroomError('disk_low', 'free space is below the watermark: nothing is added');
    encodeChange(this.#batch, change, this);
  }

  #mustHaveRoom(): void {
    const { maxWaitingChanges, maxWaitingBytes } = this.#options;
    const changes = maxWaitingChanges ?? limits.MAX_WAITING_CHANGES;
    const bytes = maxWaitingBytes ?? limits.MAX_WAITING_BYTES;
    if (this.#waiting < changes && this.#sentBytes + this.#batch.byteLength < bytes) return;
    throw new GreenroomError('unavailable', 'too many commits wait for the disk', {
      retryAfterMs: limits.QUEUE_RETRY_AFTER_MS,
    });
  }

  /**
   * With nobody under way a change goes out at the end of this tick's promises, or at once when it
   * has some company, so that the writer works while this thread encodes the others. Else there is
   * no hurry: the writer takes whatever is there when it is done.
   */
  #schedule(): void {
    const isIdle = this.#sent.length === 0;
    if (isIdle && this.#outbox.length >= limits.EAGER_CHANGES) this.#send();
    else if (this.#batch.byteLength >= limits.FULL_BATCH_BYTES) this.#send();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const send = () => {
      this.#isScheduled = false;
      this.#send();
    };
    if (isIdle && this.#lastGroup <= 1) queueMicrotask(send);
    else this.#options.clock.defer(send);
  }

  #send(): void {
    if (this.#outbox.length === 0) return;
    const { byteLength: bytes, records } = this.#batch;
    const { clock, commitTimeoutMs = limits.COMMIT_TIMEOUT_MS } = this.#options;
    const deadlineMs = clock.monotonic() + commitTimeoutMs;
    this.#sent.push({ waiting: this.#outbox, bytes, records, deadlineMs });
    this.#sentChanges += this.#outbox.length;
    this.#sentBytes += bytes;
    this.#store.writer.write(this.#batch.seal(clock.now()));
    this.#outbox = [];
    this.#batch = new Batch(this.#spare.pop());
    this.#watch();
  }

  // ── on the way out ─────────────────────────────────────────────────────────────────────────────

  #settle(outcome: GroupOutcome): void {
    if (this.#stopped instanceof StorageError) return;
    const settled = this.#sent.splice(0, outcome.batches);
    const refused = new Map<Waiting, Error>();
    for (const refusal of outcome.refusals) {
      const waiting = settled[refusal.batch]?.waiting[refusal.at];
      if (waiting !== undefined) refused.set(waiting, refusalError(waiting.change, refusal));
    }
    const all = settled.flatMap(({ waiting }) => waiting);
    const committed = refused.size === 0 ? all : all.filter((waiting) => !refused.has(waiting));
    this.#count(settled, committed.length, refused.size);
    this.#keep(outcome.buffers);
    this.#store.tables.refresh();
    this.#tell(committed.map(({ change }) => change));
    for (const { resolve } of committed) resolve();
    for (const [{ reject }, error] of refused) reject(error);
    this.#afterSettling();
  }

  #count(settled: readonly SentBatch[], committed: number, refused: number): void {
    this.#lastGroup = committed;
    const counters = this.#counters;
    counters.commits += committed;
    counters.failedCommits += refused;
    if (committed > 0) counters.syncs += 1;
    for (const { bytes, records, waiting } of settled) {
      counters.recordsWritten += records;
      counters.bytesWritten += bytes;
      this.#sentChanges -= waiting.length;
      this.#sentBytes -= bytes;
    }
  }

  #keep(buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers)
      if (this.#spare.length < MAX_SPARE && buffer.byteLength <= limits.FULL_BATCH_BYTES)
        this.#spare.push(buffer);
  }

  #tell(committed: readonly SessionChange[]): void {
    if (committed.length === 0) return;
    for (const listener of this.#listeners) {
      try {
        listener(committed);
      } catch (error) {
        this.#options.onListenerError?.(error);
      }
    }
  }

  #afterSettling(): void {
    if (this.#waiting > 0) return;
    if (this.#stopped !== null) this.#timer?.cancel();
    const tell = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of tell) resolve();
  }

  // ── what goes wrong ────────────────────────────────────────────────────────────────────────────

  /**
   * One timer for all: it looks at the oldest batch, and comes back when that one's time is up. It is
   * left running between commits: setting one for each would cost as much as encoding it.
   */
  #watch(): void {
    const oldest = this.#sent[0];
    if (this.#timer !== undefined || oldest === undefined) return;
    const { clock } = this.#options;
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined;
        const late = this.#sent[0];
        if (late !== undefined && late.deadlineMs <= clock.monotonic())
          this.#fail(new Error('a commit did not come back in time'));
        else this.#watch();
      },
      Math.max(1, oldest.deadlineMs - clock.monotonic()),
    );
  }

  #fail(cause: Error): void {
    if (this.#stopped instanceof StorageError) return;
    const error = new StorageError(`the journal stopped: ${cause.message}`, { cause });
    this.#stopped = error;
    const lost = [...this.#sent.splice(0).flatMap(({ waiting }) => waiting), ...this.#outbox];
    this.#outbox = [];
    this.#sentChanges = 0;
    this.#counters.failedCommits += lost.length;
    for (const { reject } of lost) reject(error);
    this.#afterSettling();
    this.#options.onFatal?.(error);
  }
}

/** About what a change adds: bodies are what makes changes big. */
const bodyBytes = (change: SessionWrite): number => {
  let bytes = 0;
  for (const { entries } of change.appends)
    for (const entry of entries) if (entry.kind !== 'view') bytes += entry.body.length;
  return bytes;
};
