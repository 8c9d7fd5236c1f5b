/**
 * Which thread takes a job: the first ready one that has few and is not busy, else the one with the fewest, and behind full threads a bounded
 * queue, first come, first served (P6).
 */
import { GreenroomError } from '../../model/errors.ts';
import { isBusy } from './pool-size.ts';
import type { PoolThread, ThreadJob } from './pool-thread.ts';
import type { Kinds } from './program.ts';

export interface DispatchLimits {
  /** Jobs that one thread runs side by side; default 256. */
  readonly maxJobsPerThread: number;
  /**
   * Jobs that a thread is given before another one is; default 0, which spreads them evenly. What many jobs say to one thread and
   * hear from it goes together, and to wake a thread costs more than most of what they say.
   */
  readonly fewJobs: number;
  /** Jobs that wait for a thread; default 10,000. */
  readonly maxWaiting: number;
}

/** What a sender that overflows the queue is told to wait, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

export class Dispatch<K extends Kinds> {
  readonly threads = new Map<number, PoolThread<K>>();
  /** In order of arrival. */
  readonly #waiting = new Map<number, ThreadJob<K>>();
  readonly #limits: DispatchLimits;

  constructor(limits: DispatchLimits) {
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** The job that waits longest. */
  get oldest(): number | undefined {
    for (const id of this.#waiting.keys()) return id;
    return undefined;
  }

  isWaiting(id: number): boolean {
    return this.#waiting.has(id);
  }

  /** Throws `unavailable` when too many wait. */
  add(job: ThreadJob<K>): void {
    const thread = this.#waiting.size === 0 ? this.#roomiest() : undefined;
    if (thread !== undefined) return thread.start(job);
    if (this.#waiting.size >= this.#limits.maxWaiting) {
      throw new GreenroomError('unavailable', 'too many steps wait for a thread', {
        retryAfterMs: RETRY_AFTER_MS,
        details: { waiting: this.#waiting.size },
      });
    }
    this.#waiting.set(job.id, job);
  }

  /** Takes a job that waits out of the queue, or tells its thread; true if no outcome will come of it. */
  cancel(id: number): boolean {
    if (this.#waiting.delete(id)) return true;
    for (const thread of this.threads.values()) if (thread.jobs.has(id)) thread.cancel(id);
    return false;
  }

  /** Gives a thread that has room what waits. */
  fill(thread: PoolThread<K>): void {
    for (const [id, job] of this.#waiting) {
      if (!this.#hasRoom(thread)) return;
      this.#waiting.delete(id);
      thread.start(job);
    }
  }

  #roomiest(): PoolThread<K> | undefined {
    let best: PoolThread<K> | undefined;
    for (const thread of this.threads.values()) {
      if (!this.#hasRoom(thread)) continue;
      if (thread.jobs.size < this.#limits.fewJobs && !isBusy(thread.load)) return thread;
      if (best === undefined || thread.jobs.size < best.jobs.size) best = thread;
    }
    return best;
  }

  #hasRoom(thread: PoolThread<K>): boolean {
    return thread.state === 'ready' && thread.jobs.size < this.#limits.maxJobsPerThread;
  }
}
