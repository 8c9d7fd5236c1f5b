/** Waits until something holds; fails the test when it does not come to pass. */
import { systemClock } from '../../src/otp/system-clock.ts';
import { until as untilOn } from '../../src/testing/until.ts';

const PATIENCE_MS = 20_000;

export const until = (isTrue: () => boolean): Promise<void> =>
  untilOn(systemClock, isTrue, PATIENCE_MS);
