/**
 * A clock that stands still until a test moves it. It owns its pending timers, ordered by due time and then by
 * the order in which they were set, so the same program gives the same order every time.
 *
 * Invariant: time stands while any process has something to do. One turn of the event loop runs every continuation that is
 * ready, and those that follow from it; what was deferred is counted, and waited for.
 */
import type { Clock, Timer } from './clock.ts';

interface Pending {
  readonly dueMs: number;
  readonly fn: () => void;
}

export interface VirtualClock extends Clock {
  /** Moves time forward, firing what falls due on the way; after each timer the actors get to work until they rest. */
  advance(ms: number): Promise<void>;
  /** Moves time forward like that until it holds, `withinMs` at most. False when it does not hold by then. */
  until(isTrue: () => boolean, withinMs: number): Promise<boolean>;
  /** Lets the actors work until they rest, without moving time. */
  settle(): Promise<void>;
  /** Moves time forward at once and fires nothing: what a handler that blocks the loop does to all others. */
  jump(ms: number): void;
  /** How many timers are pending. */
  readonly timers: number;
}

/** Where time stands first, unless a test says otherwise. */
const START_MS = Date.UTC(2025, 0, 1);

/**
 * A clock for tests. `startMs` is the epoch time at which it stands first; `lateMs` says of each timer by how much it
 * is late, as real ones are.
 */
export function virtualClock(startMs = START_MS, lateMs: () => number = () => 0): VirtualClock {
  /** In the order in which they were set. */
  const pending = new Set<Pending>();
  let elapsedMs = 0;
  let deferred = 0;

  const settle = async () => {
    do await turnOfTheLoop();
    while (deferred > 0);
  };
  const firstDueBy = (untilMs: number): Pending | undefined => {
    let first: Pending | undefined;
    for (const timer of pending)
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs))
        first = timer;
    return first;
  };
  const until = async (isTrue: () => boolean, withinMs: number): Promise<boolean> => {
    const untilMs = elapsedMs + withinMs;
    await settle();
    while (!isTrue()) {
      const timer = firstDueBy(untilMs);
      elapsedMs = Math.max(elapsedMs, timer?.dueMs ?? untilMs);
      if (timer === undefined) return false;
      pending.delete(timer);
      timer.fn();
      await settle();
    }
    return true;
  };

  return {
    now: () => startMs + elapsedMs,
    monotonic: () => elapsedMs,
    setTimeout: (fn, ms): Timer => {
      const timer = { dueMs: elapsedMs + Math.max(0, ms) + lateMs(), fn };
      pending.add(timer);
      return { cancel: () => void pending.delete(timer) };
    },
    defer: (fn) => {
      deferred++;
      void turnOfTheLoop().then(() => {
        deferred--;
        fn();
      });
    },
    settle,
    jump: (ms) => {
      elapsedMs += ms;
    },
    until,
    advance: async (ms) => void (await until(() => false, ms)),
    get timers() {
      return pending.size;
    },
  };
}

/** Everything that is ready runs before it is over, microtasks of microtasks too. */
// biome-ignore lint/plugin: it takes no time: this is how a clock that stands learns that all are at rest
const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
