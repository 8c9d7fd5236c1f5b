/**
 * How late this thread's timers are: what every request waits for. It measures from the first time that somebody asks,
 * because a timer wakes a process that has nothing to do.
 */
import type { Clock, Timer } from '../otp/clock.ts';
import { SAMPLED } from './declared.ts';
import { Histogram } from './instruments.ts';
import type { Family } from './text-format.ts';

const EVERY_MS = 50;

export class LoopDelay {
  readonly #clock: Clock;
  readonly #histogram = new Histogram(SAMPLED.loopDelay);
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  family(): Family {
    if (this.#timer === undefined) this.#measure();
    return this.#histogram.family();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #measure(): void {
    const dueMs = this.#clock.monotonic() + EVERY_MS;
    this.#timer = this.#clock.setTimeout(() => {
      this.#histogram.observeMs(this.#clock.monotonic() - dueMs);
      this.#measure();
    }, EVERY_MS);
  }
}
