/**
 * The run queue: which process works next, for how long, and when the event loop gets its turn. It owns nothing
 * but the order of processes that have something to do.
 *
 * Invariants: (1) a process is in the queue at most once (its own `scheduled` flag); (2) no process handles more than
 * `SLICE` messages while another one waits; (3) after `BURST` messages, or `BURST_MS`, timers and sockets run.
 */
import type { Clock } from './clock.ts';
import { Ring } from './ring.ts';

/** Something that can be given the processor. Answers how many messages it handled. */
export interface Runnable {
  readonly id: number;
  scheduled: boolean;
  readonly hasWork: boolean;
  run(budget: number): number;
}

/** Decides which process works next. The system's own is fair; a simulator's is as unfair as its seed says. */
export interface RunQueue {
  /** Sets the `scheduled` flag, and does nothing where it is set. */
  enqueue(runnable: Runnable): void;
}

/** Messages of one process before the next one has its turn. */
const SLICE = 32;
/** Messages of all processes before microtasks (continuations of callers) have theirs. */
const TURN = 128;
/** Messages of all processes before timers and sockets have theirs. */
const BURST = 1_024;
/** The same in time, for handlers that take long. */
const BURST_MS = 5;
/** Messages between two looks at the clock. */
const LOOK = 64;

const RESOLVED = Promise.resolve();

export class Scheduler implements RunQueue {
  readonly #clock: Clock;
  readonly #queue = new Ring<Runnable>();
  #armed = false;
  #handled = 0;
  #burstStartMs = 0;
  #lookAt = LOOK;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  enqueue(runnable: Runnable): void {
    if (runnable.scheduled) return;
    runnable.scheduled = true;
    this.#queue.push(runnable);
    if (!this.#armed) this.#arm();
  }

  #arm(): void {
    this.#armed = true;
    if (this.#handled >= BURST) this.#clock.defer(this.#newBurst);
    else void RESOLVED.then(this.#turn);
  }

  /** Ends the burst if it has taken too long. */
  #look(): void {
    this.#lookAt = this.#handled + LOOK;
    if (this.#clock.monotonic() - this.#burstStartMs > BURST_MS) this.#handled = BURST;
  }

  readonly #newBurst = (): void => {
    this.#handled = 0;
    this.#lookAt = LOOK;
    this.#burstStartMs = this.#clock.monotonic();
    this.#turn();
  };

  readonly #turn = (): void => {
    let left = TURN;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      left -= 1 + next.run(SLICE);
      if (next.hasWork) this.#queue.push(next);
      else next.scheduled = false;
      if (left <= 0) break;
    }
    this.#handled += TURN - left;
    if (this.#handled >= this.#lookAt) this.#look();
    if (this.#queue.size > 0) this.#arm();
    else this.#armed = false;
  };
}
