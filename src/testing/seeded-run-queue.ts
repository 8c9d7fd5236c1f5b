/**
 * A run queue without any fairness: the dice say which process works next, for how many messages, and whether
 * promises or even the event loop have their turn before that. So a few thousand seeds see orders that a fair queue never shows.
 *
 * Invariant: as in the fair one, a process with work gets its turn, and no process works twice at a time.
 */
import type { Clock } from '../otp/clock.ts';
import type { Runnable, RunQueue } from '../otp/scheduler.ts';
import type { Dice } from './dice.ts';
import type { Trace } from './trace.ts';

/** Messages of one process in a row, at most. */
const LONGEST_SLICE = 4;
/** Once in so many times the event loop has its turn. */
const DEFERS_ONCE_IN = 8;
/** Once in so many times the promises have theirs. */
const YIELDS_ONCE_IN = 2;

const RESOLVED = Promise.resolve();

export class SeededRunQueue implements RunQueue {
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #trace: Trace;
  readonly #ready: Runnable[] = [];
  #isArmed = false;

  constructor(clock: Clock, dice: Dice, trace: Trace) {
    this.#clock = clock;
    this.#dice = dice;
    this.#trace = trace;
  }

  enqueue(runnable: Runnable): void {
    if (runnable.scheduled) return;
    runnable.scheduled = true;
    this.#ready.push(runnable);
    if (!this.#isArmed) this.#arm();
  }

  #arm(): void {
    this.#isArmed = true;
    if (this.#dice.once(DEFERS_ONCE_IN)) this.#clock.defer(this.#turn);
    else void RESOLVED.then(this.#turn);
  }

  readonly #turn = (): void => {
    do this.#runOne();
    while (this.#ready.length > 0 && !this.#dice.once(YIELDS_ONCE_IN));
    if (this.#ready.length > 0) this.#arm();
    else this.#isArmed = false;
  };

  #runOne(): void {
    const chosen = this.#dice.int(0, this.#ready.length - 1);
    const runnable = this.#ready[chosen];
    const last = this.#ready.pop();
    if (runnable === undefined || last === undefined) return;
    if (runnable !== last) this.#ready[chosen] = last;
    this.#trace.count(runnable.id, runnable.run(this.#dice.int(1, LONGEST_SLICE)));
    if (runnable.hasWork) this.#ready.push(runnable);
    else runnable.scheduled = false;
  }
}
