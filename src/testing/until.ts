/** Waiting for what is going to be true, on whichever clock: a virtual one is moved on, a real one is waited for. */
import { type Clock, pause } from '../otp/clock.ts';
import type { VirtualClock } from '../otp/virtual-clock.ts';

const WITHIN_MS = 5_000;
/** Between two looks on a real clock. */
const LOOK_MS = 2;

/** Resolves when it holds. Rejects when it does not within `withinMs` (default 5,000) of that clock's time. */
export async function until(
  clock: Clock,
  isTrue: () => boolean,
  withinMs: number = WITHIN_MS,
): Promise<void> {
  const came = isVirtual(clock)
    ? await clock.until(isTrue, withinMs)
    : await lookAgain(clock, isTrue, withinMs);
  if (!came) throw new Error(`still not true after ${withinMs} ms: ${isTrue}`);
}

async function lookAgain(clock: Clock, isTrue: () => boolean, withinMs: number): Promise<boolean> {
  const untilMs = clock.monotonic() + withinMs;
  while (!isTrue()) {
    if (clock.monotonic() >= untilMs) return false;
    await pause(clock, LOOK_MS);
  }
  return true;
}

const isVirtual = (clock: Clock): clock is VirtualClock => 'until' in clock && 'advance' in clock;
