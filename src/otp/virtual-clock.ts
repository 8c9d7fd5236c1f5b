/**
 * A clock that stands still until a test moves it. It owns its pending timers, ordered by due time and then by
 * the order in which they were set, so the same program gives the same order every time.
 */
import type { Clock, Timer } from './clock.ts';

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly fn: () => void;
}

export interface VirtualClock extends Clock {
  /** Moves time forward, firing what falls due on the way; after each timer the actors get to work until they rest. */
  advance(ms: number): Promise<void>;
  /** Lets the actors work until they rest, without moving time. */
  settle(): Promise<void>;
  /** Moves time forward at once and fires nothing: what a handler that blocks the loop does to everybody. */
  jump(ms: number): void;
  /** How many timers are pending. */
  readonly timers: number;
}

/** Turns of the event loop that `settle` gives; each runs all microtasks and one burst of the run queue. */
const SETTLE_TURNS = 4;

/** A clock for tests. `startMs` is the epoch time at which it stands first. */
export function virtualClock(startMs = Date.UTC(2025, 0, 1)): VirtualClock {
  const pending = new Set<Pending>();
  let elapsedMs = 0;
  let order = 0;

  const settle = async () => {
    for (let turn = 0; turn < SETTLE_TURNS; turn++) await new Promise((r) => setImmediate(r));
  };
  const firstDueBy = (untilMs: number): Pending | undefined => {
    let first: Pending | undefined;
    for (const timer of pending)
      if (timer.dueMs <= untilMs && precedes(timer, first)) first = timer;
    return first;
  };

  return {
    now: () => startMs + elapsedMs,
    monotonic: () => elapsedMs,
    setTimeout: (fn, ms): Timer => {
      const timer = { dueMs: elapsedMs + Math.max(0, ms), order: order++, fn };
      pending.add(timer);
      return { cancel: () => void pending.delete(timer) };
    },
    defer: (fn) => void setImmediate(fn),
    settle,
    jump: (ms) => {
      elapsedMs += ms;
    },
    advance: async (ms) => {
      const untilMs = elapsedMs + ms;
      await settle();
      for (let timer = firstDueBy(untilMs); timer; timer = firstDueBy(untilMs)) {
        pending.delete(timer);
        elapsedMs = Math.max(elapsedMs, timer.dueMs);
        timer.fn();
        await settle();
      }
      elapsedMs = Math.max(elapsedMs, untilMs);
    },
    get timers() {
      return pending.size;
    },
  };
}

const precedes = (a: Pending, b: Pending | undefined): boolean =>
  b === undefined || a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
