/**
 * The changes that wait for their transaction: encoded at once into the open batch, handed to the
 * writer in batches, settled in order.
 *
 * 1. It is bounded, in changes and bytes; beyond, the sender is told when to try again (P6).
 * 2. A batch that is not settled in time is reported once: its outcome is unknown. Time in which this
 *    thread itself stood still is not held against the writer: its answer may only wait to be read.
 */

import { GreenroomError } from '../../model/errors.ts';
import type { Clock, Timer } from '../../otp/clock.ts';
import type { DefinitionChange, SessionChange } from '../../session/ports/journal.ts';
import { Batch } from './batch.ts';
import { type Author, encodeChange } from './encode-change.ts';
import * as limits from './limits.ts';
import { refusalError } from './refusal-error.ts';
import type { GroupOutcome, Writer } from './store.ts';

export interface QueueOptions {
  readonly clock: Clock;
  /** Longest wait of a commit in milliseconds; default 10,000. */
  readonly commitTimeoutMs?: number;
  /** Most changes that wait; default 20,000. */
  readonly maxWaitingChanges?: number;
  /** Most bytes that wait; default 256 MiB. */
  readonly maxWaitingBytes?: number;
}

export interface Waiting {
  readonly change: SessionChange | DefinitionChange;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What one transaction settled. */
export interface Settled {
  readonly committed: readonly Waiting[];
  readonly refused: ReadonlyMap<Waiting, Error>;
  readonly bytes: number;
  readonly records: number;
}

/** Changes that were handed to the writer as one batch. */
interface SentBatch {
  readonly waiting: readonly Waiting[];
  readonly bytes: number;
  readonly records: number;
  readonly sentMs: number;
}

/** Buffers kept for the next batches: as many as are under way in a busy time. Those that grew are not kept. */
const MAX_SPARE = 4;

export class CommitQueue {
  readonly #writer: Writer;
  readonly #author: Author;
  readonly #options: QueueOptions;
  readonly #onLate: (error: Error) => void;
  readonly #spare: ArrayBuffer[] = [];
  readonly #sent: SentBatch[] = [];
  #batch = new Batch();
  #open: Waiting[] = [];
  #sentChanges = 0;
  #sentBytes = 0;
  #lastGroup = 0;
  #lastTookMs = 0;
  #isScheduled = false;
  #timer: Timer | undefined;

  constructor(
    writer: Writer,
    author: Author,
    options: QueueOptions,
    onLate: (error: Error) => void,
  ) {
    this.#writer = writer;
    this.#author = author;
    this.#options = options;
    this.#onLate = onLate;
  }

  /** Changes that wait. */
  get size(): number {
    return this.#open.length + this.#sentChanges;
  }

  /** Bytes of the changes that wait. */
  get bytes(): number {
    return this.#sentBytes + this.#batch.byteLength;
  }

  /** Throws, and takes nothing, for a change that cannot be stored, or when the queue is full. */
  add(waiting: Waiting): void {
    this.#mustHaveRoom();
    encodeChange(this.#batch, waiting.change, this.#author);
    this.#open.push(waiting);
    this.#schedule();
  }

  /** Takes out what a transaction settled. */
  settle({ batches, refusals, buffers }: GroupOutcome): Settled {
    const settled = this.#sent.splice(0, batches);
    const refused = new Map<Waiting, Error>();
    for (const refusal of refusals) {
      const waiting = settled[refusal.batch]?.waiting[refusal.at];
      if (waiting !== undefined) refused.set(waiting, refusalError(waiting.change, refusal));
    }
    const all = settled.flatMap(({ waiting }) => waiting);
    const committed = refused.size === 0 ? all : all.filter((waiting) => !refused.has(waiting));
    const bytes = settled.reduce((sum, batch) => sum + batch.bytes, 0);
    const records = settled.reduce((sum, batch) => sum + batch.records, 0);
    this.#sentChanges -= all.length;
    this.#sentBytes -= bytes;
    this.#lastGroup = committed.length;
    const { clock } = this.#options;
    this.#lastTookMs = clock.monotonic() - (settled.at(-1)?.sentMs ?? clock.monotonic());
    for (const buffer of buffers)
      if (this.#spare.length < MAX_SPARE && buffer.byteLength === limits.BATCH_BYTES)
        this.#spare.push(buffer);
    return { committed, refused, bytes, records };
  }

  /** Takes out what was not handed over yet. */
  dropUnsent(): readonly Waiting[] {
    const unsent = this.#open;
    this.#open = [];
    this.#batch = new Batch();
    return unsent;
  }

  /** Takes out everything, and waits for nothing any more. */
  dropAll(): readonly Waiting[] {
    this.#timer?.cancel();
    const sent = this.#sent.splice(0).flatMap(({ waiting }) => waiting);
    this.#sentChanges = 0;
    this.#sentBytes = 0;
    return [...sent, ...this.dropUnsent()];
  }

  /** To be called when nothing will come any more. */
  stopTimer(): void {
    this.#timer?.cancel();
  }

  #mustHaveRoom(): void {
    const {
      maxWaitingChanges = limits.MAX_WAITING_CHANGES,
      maxWaitingBytes = limits.MAX_WAITING_BYTES,
    } = this.#options;
    if (this.size < maxWaitingChanges && this.bytes < maxWaitingBytes) return;
    throw new GreenroomError('unavailable', 'too many commits wait for the disk', {
      retryAfterMs: limits.QUEUE_RETRY_AFTER_MS,
    });
  }

  /**
   * With nobody under way a change goes out at the end of this tick's promises, or at once when it
   * has some company, so that the writer works while this thread encodes the others (on a slow disk
   * larger groups gain more). Else there is no hurry: the writer takes whatever is there when it is done.
   */
  #schedule(): void {
    const isIdle = this.#sent.length === 0;
    const isEager = isIdle && this.#lastTookMs < limits.SLOW_SYNC_MS;
    if (isEager && this.#open.length >= limits.EAGER_CHANGES) this.#send();
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
    if (this.#open.length === 0) return;
    const { clock } = this.#options;
    const { byteLength: bytes, records } = this.#batch;
    this.#sent.push({ waiting: this.#open, bytes, records, sentMs: clock.monotonic() });
    this.#sentChanges += this.#open.length;
    this.#sentBytes += bytes;
    this.#writer.write(this.#batch.seal(clock.now()));
    this.#open = [];
    this.#batch = new Batch(this.#spare.pop());
    this.#watch();
  }

  /**
   * One timer for all: it looks at the oldest batch, and comes back when that one's time is up. It is
   * left running between commits: setting one for each would cost as much as encoding it.
   */
  #watch(): void {
    const oldest = this.#sent[0];
    if (this.#timer !== undefined || oldest === undefined) return;
    const { clock, commitTimeoutMs = limits.COMMIT_TIMEOUT_MS } = this.#options;
    const leftMs = oldest.sentMs + commitTimeoutMs - clock.monotonic();
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined;
        const late = this.#sent[0];
        const overdueMs =
          late === undefined ? -1 : clock.monotonic() - late.sentMs - commitTimeoutMs;
        if (late === undefined || overdueMs < 0) this.#watch();
        else this.#lookAgain(late, overdueMs);
      },
      Math.max(1, leftMs),
    );
  }

  /**
   * Timers run before the port's messages: the answer may stand in the port, so it is judged only after
   * the port had its turn. A timer that comes far too late says that the loop, or the whole process with
   * the writer in it, was held up: then the writer gets a grace.
   */
  #lookAgain(late: SentBatch, overdueMs: number): void {
    const { clock } = this.#options;
    if (overdueMs < limits.HELD_UP_MS) {
      this.#timer = deferred(clock, () => {
        this.#timer = undefined;
        if (this.#sent[0] === late) this.#onLate(new Error('a commit did not come back in time'));
        else this.#watch();
      });
      return;
    }
    const dueMs = clock.monotonic() + limits.HELD_UP_GRACE_MS;
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#sent[0] === late) this.#lookAgain(late, clock.monotonic() - dueMs);
      else this.#watch();
    }, limits.HELD_UP_GRACE_MS);
  }
}

/** What `clock.defer` runs, but for those who cancel it. */
const deferred = (clock: Clock, fn: () => void): Timer => {
  let isCancelled = false;
  clock.defer(() => {
    if (!isCancelled) fn();
  });
  return {
    cancel: () => {
      isCancelled = true;
    },
  };
};
