/** What a Greenroom measures of itself while it runs: it outlives the actor that serves it, which may be restarted. */
import type { Clock } from '../otp/clock.ts';
import { Counting } from './counting.ts';
import { LoopDelay } from './loop-delay.ts';
import type { Family } from './text-format.ts';

export class Metrics {
  readonly #counting = new Counting();
  readonly #loopDelay: LoopDelay;

  constructor(clock: Clock) {
    this.#loopDelay = new LoopDelay(clock);
  }

  /** From now on it counts. @param onError a bug met an event of telemetry. */
  start(onError: (error: unknown) => void): void {
    this.#counting.start(onError);
  }

  families(): readonly Family[] {
    return [...this.#counting.families(), this.#loopDelay.family()];
  }

  stop(): void {
    this.#counting.stop();
    this.#loopDelay.stop();
  }
}
