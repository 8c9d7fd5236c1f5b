/**
 * Notices a call whose server has fallen silent. Time alone says nothing: a model may think for minutes, and says so by
 * pings that its library keeps to itself; so what counts is whether any byte moves.
 */
import type { Clock, Timer } from '../../otp/clock.ts';

/** However much it says, a call ends after this, in milliseconds. */
export const LONGEST_CALL_MS = 3_600_000;

/** Looks in the time of a silence: so much later than its limit it may be noticed. */
const LOOKS = 4;

export interface SilenceOptions {
  readonly clock: Clock;
  /** Longest silence, in milliseconds. */
  readonly limitMs: number;
  /** Bytes that have moved so far, or any figure that changes with them. */
  readonly moved: () => number;
  /** Called once, with the time that it took. */
  readonly onTooLong: (why: 'silent' | 'endless') => void;
}

export class Silence {
  readonly #options: SilenceOptions;
  readonly #beganMs: number;
  #timer: Timer;
  #lastMoved: number;
  #looks = 0;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#beganMs = options.clock.monotonic();
    this.#lastMoved = options.moved();
    this.#timer = this.#nextLook();
  }

  end(): void {
    this.#timer.cancel();
  }

  #nextLook(): Timer {
    const { clock, limitMs } = this.#options;
    return clock.setTimeout(() => this.#look(), limitMs / LOOKS);
  }

  #look(): void {
    const { clock, moved, onTooLong } = this.#options;
    const now = moved();
    this.#looks = now === this.#lastMoved ? this.#looks + 1 : 0;
    this.#lastMoved = now;
    if (clock.monotonic() - this.#beganMs >= LONGEST_CALL_MS) return onTooLong('endless');
    if (this.#looks >= LOOKS) return onTooLong('silent');
    this.#timer = this.#nextLook();
  }
}
