/** Cleans a classic store up at intervals; the first time one interval after the start, never at once. */

import { GreenroomError } from '../model/errors.ts';
import type { Clock, Timer } from '../otp/clock.ts';
import type { ClassicStore } from './classic-store.ts';

const HOUR_MS = 3_600_000;
const DEFAULT_HOURS = 24;

export interface PeriodicCleanup {
  /** Default 24. */
  readonly everyHours?: number | undefined;
  /** Age in days; default 30. */
  readonly maxAgeDays?: number | undefined;
  /** Called after each cleanup, with the number of deleted sessions. */
  readonly onCleaned?: ((deleted: number) => void) | undefined;
  /** Called when a cleanup failed; the next one tries again. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Throws `invalid_settings`: a wrong interval would clean without a pause, a wrong age never. */
export const checkedCleanup = (cleanup: PeriodicCleanup): PeriodicCleanup => {
  const { everyHours = DEFAULT_HOURS, maxAgeDays = 0 } = cleanup;
  if (!(everyHours > 0 && Number.isFinite(everyHours)))
    throw new GreenroomError('invalid_settings', `everyHours is above 0, not ${everyHours}`);
  if (!(maxAgeDays >= 0))
    throw new GreenroomError('invalid_settings', `maxAgeDays is 0 or more, not ${maxAgeDays}`);
  return cleanup;
};

/** Gives what ends it: resolves when no cleanup is under way any more. */
export const cleanPeriodically = (
  store: Pick<ClassicStore, 'cleanupOldSessions'>,
  { everyHours = DEFAULT_HOURS, maxAgeDays, onCleaned, onError }: PeriodicCleanup,
  clock: Clock,
): (() => Promise<void>) => {
  let isOver = false;
  let underWay: Promise<void> = Promise.resolve();
  let timer: Timer | undefined;
  const wait = () => {
    if (!isOver) timer = clock.setTimeout(clean, everyHours * HOUR_MS);
  };
  const clean = () => {
    underWay = store.cleanupOldSessions({ maxAgeDays }).then(onCleaned, onError).then(wait, wait);
  };
  wait();
  return async () => {
    isOver = true;
    timer?.cancel();
    await underWay;
  };
};
