/** How long a store waits for its server: every wait has an end, and one timer serves them all. */
import type { Clock } from '../../../otp/clock.ts';
import { Deadlines, type Due } from '../../../otp/deadlines.ts';

export class CallDeadlines {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  #waiting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
  }

  /** When a call that begins now has to end, on the monotonic clock. */
  dueIn(ms: number): number {
    return this.#clock.monotonic() + ms;
  }

  isOver(dueMs: number): boolean {
    return this.#clock.monotonic() >= dueMs;
  }

  /** The promise, or at `dueMs` the error; what the promise says later is nobody's business any more. */
  limit<T>(promise: Promise<T>, dueMs: number, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const due: Due = {
        bucket: undefined,
        before: undefined,
        after: undefined,
        expire: () => {
          this.#waiting -= 1;
          reject(late());
        },
      };
      const settle = () => {
        if (due.bucket === undefined) return; // expired
        this.#deadlines.remove(due);
        this.#waiting -= 1;
      };
      this.#waiting += 1;
      this.#deadlines.add(due, dueMs);
      promise.then(
        (value) => {
          settle();
          resolve(value);
        },
        (error: unknown) => {
          settle();
          reject(error);
        },
      );
    });
  }

  /** Lets the program end, if nobody waits. */
  rest(): void {
    if (this.#waiting === 0) this.#deadlines.disarm();
  }
}
