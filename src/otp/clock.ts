/**
 * Time as the runtime sees it. Everything that waits, ages or retries asks a `Clock` that was handed to the
 * `System`, never the platform: so a test owns time (`virtualClock`) and a daemon uses the real one (`systemClock`).
 */

/** Something that will happen unless it is cancelled. Cancelling twice, or too late, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch, UTC: for records and reports. May jump. */
  now(): number;
  /** Milliseconds, fractional, never going back: for deadlines and windows. */
  monotonic(): number;
  /** Runs `fn` once, `ms` milliseconds from now or a little later. */
  setTimeout(fn: () => void, ms: number): Timer;
  /** Runs `fn` after timers and sockets had their turn: how a busy run queue yields. */
  defer(fn: () => void): void;
}

/** Resolves `ms` milliseconds from now or a little later: the wait between two looks at something that sends no notice of a change. */
export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms));
