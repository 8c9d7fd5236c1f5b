/**
 * Long work on a tools thread. Files are used by calls that block: that is many times cheaper than asking other threads, and
 * nothing else is on the thread. But it must go on hearing: of a cancel, of its time that is up, of the pool that asks whether
 * it hangs.
 */
import type { Clock } from '../../otp/clock.ts';
import { systemClock } from '../../otp/system-clock.ts';

/** How long a thread works without listening, in milliseconds; far less than what the pool takes for a hang. */
const DEAF_MS = 50;

export class Pauses {
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  #sinceMs: number;

  constructor(signal: AbortSignal, clock: Clock = systemClock) {
    this.#signal = signal;
    this.#clock = clock;
    this.#sinceMs = clock.monotonic();
  }

  /** To be awaited between two pieces of work, each of them short. Throws once the signal is aborted. */
  async look(): Promise<void> {
    if (this.#clock.monotonic() - this.#sinceMs >= DEAF_MS) {
      await new Promise<void>((resolve) => this.#clock.defer(resolve));
      this.#sinceMs = this.#clock.monotonic();
    }
    this.#signal.throwIfAborted();
  }
}
