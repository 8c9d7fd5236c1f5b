/**
 * The real clock with a knob: it runs as time does, and `skip` takes it forward at once, firing what
 * falls due. For whole systems, whose disks and sockets keep real time but whose timers need not.
 * Skip in a quiet moment only: what is under way has then taken that long.
 */
import type { Clock, Timer } from '../../src/otp/clock.ts';
import { systemClock } from '../../src/otp/system-clock.ts';

export interface SkippingClock extends Clock {
  skip(ms: number): void;
}

export const skippingClock = (): SkippingClock => {
  const pending = new Set<SkippingTimer>();
  let skippedMs = 0;
  const monotonic = () => systemClock.monotonic() + skippedMs;
  return {
    now: () => Math.round(systemClock.now() + skippedMs),
    monotonic,
    defer: (fn) => systemClock.defer(fn),
    setTimeout: (fn, ms) => new SkippingTimer(fn, monotonic() + ms, monotonic, pending),
    skip: (ms) => {
      skippedMs += ms;
      for (const timer of pending) timer.arm();
    },
  };
};

class SkippingTimer implements Timer {
  readonly #fn: () => void;
  readonly #dueMs: number;
  readonly #monotonic: () => number;
  readonly #pending: Set<SkippingTimer>;
  #timer: Timer | undefined;

  constructor(fn: () => void, dueMs: number, monotonic: () => number, pending: Set<SkippingTimer>) {
    this.#fn = fn;
    this.#dueMs = dueMs;
    this.#monotonic = monotonic;
    this.#pending = pending;
    pending.add(this);
    this.arm();
  }

  /** Sets the real timer by what is left now. */
  arm(): void {
    this.#timer?.cancel();
    this.#timer = systemClock.setTimeout(
      () => {
        this.#pending.delete(this);
        this.#fn();
      },
      Math.max(0, this.#dueMs - this.#monotonic()),
    );
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#pending.delete(this);
  }
}
