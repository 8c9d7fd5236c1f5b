/**
 * Which thread takes a step: the ready one with the fewest, and behind full threads a bounded queue,
 * first come, first served (P6).
 */
import { GreenroomError } from '../model/errors.ts';
import type { ModelThread, PoolStep } from './model-thread.ts';

export interface DispatchLimits {
  /** Steps that one thread runs side by side; default 256. */
  readonly maxStepsPerThread: number;
  /** Steps that wait for a thread; default 10,000. */
  readonly maxWaiting: number;
}

/** What a sender that overflows the queue is told to wait, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

export class Dispatch {
  readonly threads = new Map<number, ModelThread>();
  /** In order of arrival. */
  readonly #waiting = new Map<number, PoolStep>();
  readonly #limits: DispatchLimits;

  constructor(limits: DispatchLimits) {
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Throws `unavailable` when too many wait. */
  add(pooled: PoolStep): void {
    const thread = this.#waiting.size === 0 ? this.#leastLoaded() : undefined;
    if (thread !== undefined) return thread.start(pooled);
    if (this.#waiting.size >= this.#limits.maxWaiting) {
      throw new GreenroomError('unavailable', 'too many model steps wait for a thread', {
        retryAfterMs: RETRY_AFTER_MS,
        details: { waiting: this.#waiting.size },
      });
    }
    this.#waiting.set(pooled.id, pooled);
  }

  /** The outcome still comes: from the thread, or at once for a step that waits. */
  cancel(id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) {
      this.#waiting.delete(id);
      return waiting.sink.outcome({ type: 'cancelled', partialText: '' });
    }
    for (const thread of this.threads.values()) if (thread.steps.has(id)) thread.cancel(id);
  }

  /** Gives a thread that has room what waits. */
  fill(thread: ModelThread): void {
    for (const [id, pooled] of this.#waiting) {
      if (!this.#hasRoom(thread)) return;
      this.#waiting.delete(id);
      thread.start(pooled);
    }
  }

  #leastLoaded(): ModelThread | undefined {
    let best: ModelThread | undefined;
    for (const thread of this.threads.values()) {
      if (!this.#hasRoom(thread)) continue;
      if (best === undefined || thread.steps.size < best.steps.size) best = thread;
    }
    return best;
  }

  #hasRoom(thread: ModelThread): boolean {
    return thread.state === 'ready' && thread.steps.size < this.#limits.maxStepsPerThread;
  }
}
