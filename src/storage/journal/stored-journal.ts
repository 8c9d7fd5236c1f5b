/**
 * The journal over a store: lets changes into the queue, and settles their promises when the writer
 * says that they are on disk.
 *
 * 1. A promise resolves after its transaction was synced; subscribers hear of it in the same tick, before.
 * 2. Nothing that may fail is left for the transaction: a change that cannot be stored is refused here.
 * 3. The first failed transaction, or one that takes too long, is the last: whoever waits and whoever
 *    comes later gets `storage_failed`, and the store is touched no more.
 */

import { NO_TALLY, type Tally, type TallyChange, type TallyName } from '../../model/budget.ts';
import { codeOf, GreenroomError, StorageError } from '../../model/errors.ts';
import type { SessionKey, Tenant } from '../../model/ids.ts';
import { crashpoint } from '../../platform/crashpoint.ts';
import type {
  ChangeMark,
  DefinitionChange,
  Fence,
  Journal,
  JournalInfo,
  JournalStats,
  JournalUpkeep,
  SessionChange,
  SessionWrite,
} from '../../session/ports/journal.ts';
import { hasChangesBefore } from '../records/changes.ts';
import { CommitQueue, type QueueOptions } from '../records/commit-queue.ts';
import { type Key, ofRowKey } from '../records/keys.ts';
import { PURGE_BATCH_RECORDS } from '../records/limits.ts';
import { nextPurge } from '../records/purge.ts';
import type { GroupOutcome, Store } from '../records/store.ts';
import { JournalReads } from './journal-reads.ts';
import { Tallies } from './tallies.ts';

/** How much room there is; asked before changes that add. */
export interface Space {
  readonly freeBytes: number | null;
  /** Whether a change of so many bytes must be refused, when others of so many bytes have yet to take their room. */
  isLow(bytes: number, waitingBytes: number): boolean;
}

export interface JournalOptions extends QueueOptions {
  readonly space?: Space;
  /**
   * Removes what a deleted session left outside of the store; never rejects. Asked before its last record goes, again
   * after a crash, so it is done at least once; no session has the id meanwhile.
   */
  readonly removeFolders?: (key: SessionKey) => Promise<void>;
  /** Told once, when the journal has stopped for good: the process should end. */
  readonly onFatal?: (error: Error) => void;
  /** Told of a subscriber that throws: it is the subscriber's bug and stops nobody else. */
  readonly onListenerError?: (error: unknown) => void;
  /** Told of a broken record that a scan passed over; its `code` is `corrupt_record`, `details.key` names it. */
  readonly onCorrupt?: (error: Error) => void;
}

const hasTallies = (change: SessionChange | DefinitionChange): change is SessionChange =>
  change.kind !== 'define' && change.tallies !== undefined;

type Purged = Awaited<ReturnType<JournalUpkeep['purge']>>;
type Listener = (committed: readonly SessionChange[]) => void;

export class StoredJournal extends JournalReads implements Journal, JournalUpkeep {
  readonly #store: Store;
  readonly #owner: Fence;
  readonly #options: JournalOptions;
  readonly #queue: CommitQueue;
  readonly #tallies = new Tallies((tenant, name) => super.tally(tenant, name));
  readonly #listeners = new Set<Listener>();
  readonly #onIdle: (() => void)[] = [];
  #purging: Promise<unknown> = Promise.resolve();
  #stopped: Error | null = null;
  #audits = 0;
  #counters = { commits: 0, syncs: 0, recordsWritten: 0, bytesWritten: 0, failedCommits: 0 };

  constructor(store: Store, options: JournalOptions) {
    super(store.tables, options.clock);
    this.#store = store;
    this.#owner = { owner: store.owner, epoch: store.epoch };
    this.#options = options;
    this.#queue = new CommitQueue(store.writer, this, options, (error) => this.#fail(error));
    store.writer.listen({
      settled: (outcome) => this.#settle(outcome),
      failed: (error) => this.#fail(error),
    });
  }

  owner(): Fence {
    return this.#owner;
  }

  nextAudit(): number {
    this.#audits += 1;
    return this.#audits;
  }

  override tally(tenant: Tenant, name: TallyName): Tally {
    return this.#tallies.corrected(tenant, name) ?? super.tally(tenant, name);
  }

  tallyWith(tenant: Tenant, change: TallyChange): Tally {
    return this.#tallies.with(tenant, change);
  }

  pastTallies(tenant: Tenant, name: TallyName): readonly Key[] {
    return this.tally(tenant, name) === NO_TALLY ? this.tallyKeysBefore(tenant, name) : [];
  }

  commit(change: SessionChange): Promise<void> {
    return this.#add(change);
  }

  define(change: DefinitionChange): Promise<void> {
    return this.#add(change);
  }

  #add(change: SessionChange | DefinitionChange): Promise<void> {
    return new Promise((resolve, reject) => {
      try {
        this.mustBeOpen();
        this.#mustHaveSpace(change);
        this.#queue.add({ change, resolve, reject });
        if (hasTallies(change)) this.#tallies.took(change);
      } catch (error) {
        this.#countFailures([error]);
        reject(error as Error);
      }
    });
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  stats(): JournalStats {
    return {
      ...this.#counters,
      ...this.records.counts(),
      waiting: this.#queue.size,
    };
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

  /** One at a time: else one could remove folders of a session whose id another has freed meanwhile. */
  purge(limit: number): Promise<Purged> {
    const purging = this.#purging.then(() => this.#purge(limit));
    this.#purging = purging.catch(() => undefined);
    return purging;
  }

  async #purge(limit: number): Promise<Purged> {
    const total = { purged: 0, bytes: 0, left: true };
    let cleared: Key | undefined;
    while (total.left && total.purged < limit) {
      this.mustBeOpen();
      const next = nextPurge(this.#store.tables);
      if (next !== undefined && next !== cleared) {
        await this.#options.removeFolders?.(ofRowKey(next));
        crashpoint('purge.folders');
        cleared = next;
        this.mustBeOpen();
      }
      const nowMs = this.#options.clock.now();
      const step = await this.#store.writer.purge(PURGE_BATCH_RECORDS, nowMs, next);
      total.purged += step.purged;
      total.bytes += step.bytes;
      total.left = step.left;
    }
    return total;
  }

  forgetChanges(mark: ChangeMark): void {
    this.mustBeOpen();
    if (hasChangesBefore(this.#store.tables, mark)) this.#store.writer.forgetChanges(mark);
  }

  /** Refuses everything from now on with `unavailable`; what was handed over still gets its answer. */
  fence(why: string): void {
    if (this.#stopped !== null) return;
    this.#stopped = new GreenroomError('unavailable', why);
    for (const { reject } of this.#queue.dropUnsent()) reject(this.#stopped);
    this.#afterSettling();
  }

  /** Stops for good, for a reason that the writer cannot know: the store is not to be trusted any more. */
  failFor(cause: Error): void {
    this.#fail(cause);
  }

  /** Whether it was fenced or has failed. */
  get hasStopped(): boolean {
    return this.#stopped !== null;
  }

  /** Resolves when nothing waits any more, settled or failed. */
  idle(): Promise<void> {
    if (this.#queue.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  protected override mustBeOpen(): void {
    if (this.#stopped !== null) throw this.#stopped;
  }

  protected override onCorrupt(error: Error): void {
    this.#options.onCorrupt?.(error);
  }

  #readOnlyBecause(): JournalInfo['readOnlyBecause'] {
    if (this.#stopped instanceof StorageError) return 'storage_failed';
    return this.#isLow(0) ? 'disk_low' : null;
  }

  /** Deletes pass: they are what makes room. */
  #mustHaveSpace(change: SessionChange | DefinitionChange): void {
    const adds =
      change.kind === 'define'
        ? change.now !== undefined
        : change.kind === 'write' && !isDrop(change);
    const bytes = change.kind === 'write' ? bodyBytes(change) : 0;
    if (adds && this.#isLow(bytes))
      throw new GreenroomError('disk_low', 'free space is below the watermark: nothing is added');
  }

  #isLow(bytes: number): boolean {
    const { space } = this.#options;
    return space?.isLow(bytes, this.#queue.bytes + this.#store.waitingBytes) === true;
  }

  #settle(outcome: GroupOutcome): void {
    if (this.#stopped instanceof StorageError) return;
    const { committed, refused, bytes, records } = this.#queue.settle(outcome);
    this.#counters.commits += committed.length;
    this.#countFailures(refused.values());
    this.#counters.syncs += committed.length > 0 ? 1 : 0;
    this.#counters.bytesWritten += bytes;
    this.#counters.recordsWritten += records;
    for (const { change } of committed) if (hasTallies(change)) this.#tallies.committed(change);
    for (const { change } of refused.keys()) if (hasTallies(change)) this.#tallies.refused(change);
    this.#tell(committed.flatMap(({ change }) => (change.kind === 'define' ? [] : [change])));
    for (const { resolve } of committed) resolve();
    for (const [{ reject }, error] of refused) reject(error);
    this.#afterSettling();
  }

  /** A refusal is no failure: its caller asked for what cannot be, or computes it anew. A broken record is one. */
  #countFailures(errors: Iterable<unknown>): void {
    for (const error of errors)
      if (codeOf(error) === 'corrupt_record') this.#counters.failedCommits += 1;
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
    if (this.#queue.size > 0) return;
    if (this.#stopped !== null) this.#queue.stopTimer();
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #fail(cause: Error): void {
    if (this.#stopped instanceof StorageError) return;
    const error = new StorageError(`the journal stopped: ${cause.message}`, { cause });
    this.#stopped = error;
    const lost = this.#queue.dropAll();
    this.#counters.failedCommits += lost.length;
    for (const { reject } of lost) reject(error);
    this.#afterSettling();
    this.#options.onFatal?.(error);
  }
}

const isDrop = ({ drops = [], appends }: SessionWrite): boolean =>
  drops.length > 0 && appends.length === 0;

/** About what a change adds: bodies are what makes changes big. */
const bodyBytes = (change: SessionWrite): number => {
  let bytes = 0;
  for (const { entries } of change.appends)
    for (const entry of entries) if (entry.kind !== 'view') bytes += entry.body.length;
  for (const { body } of change.prompts ?? []) bytes += body?.length ?? 0;
  return bytes;
};
