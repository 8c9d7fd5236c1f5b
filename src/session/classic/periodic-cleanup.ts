/** Cleans a classic store up at intervals; the first time one interval after the start, never at once. */
import type { Clock, Timer } from '../../otp/clock.ts';
import type { ClassicStore } from './classic-store.ts';

const HOUR_MS = 3_600_000;

export interface PeriodicCleanup {
  /** Default 24. */
  readonly everyHours?: number | undefined;
  /** Default 30. */
  readonly maxAgeDays?: number | undefined;
  /** Told how many sessions went, each time. */
  readonly onCleaned?: ((deleted: number) => void) | undefined;
  /** Told when a cleanup failed; the next one tries again. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Gives what ends it: resolves when no cleanup is under way any more. */
export const cleanPeriodically = (
  store: Pick<ClassicStore, 'cleanupOldSessions'>,
  { everyHours = 24, maxAgeDays, onCleaned, onError }: PeriodicCleanup,
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
