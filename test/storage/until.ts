/** Waits until something holds; fails the test when it does not come to pass. */
import { vi } from 'vitest';

const PATIENCE_MS = 20_000;
const INTERVAL_MS = 2;

export const until = (isTrue: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!isTrue()) throw new Error(`still not: ${isTrue.toString()}`);
    },
    { timeout: PATIENCE_MS, interval: INTERVAL_MS },
  );
