/** Lets so many bytes pass in a second, over all that goes on: who comes too early waits. */
import { type Clock, pause } from '../otp/clock.ts';

/** @param bytesPerSecond 0: no limit. */
export const paced = (
  clock: Clock,
  bytesPerSecond: number,
): ((bytes: number) => Promise<void>) | undefined => {
  if (bytesPerSecond === 0) return undefined;
  let freeAtMs = clock.monotonic();
  return async (bytes) => {
    const nowMs = clock.monotonic();
    const beginsMs = Math.max(nowMs, freeAtMs);
    freeAtMs = beginsMs + (bytes / bytesPerSecond) * 1_000;
    if (beginsMs > nowMs) await pause(clock, beginsMs - nowMs);
  };
};
