/**
 * Which runs of a schedule are to begin now, which never will, and when it is due again. Pure.
 *
 * A run that is at most a minute late was not missed: that much a restart may take.
 */
import { between, next } from '../../calendar/when.ts';
import type { StoredSchedule } from './records.ts';

const MINUTE_MS = 60_000;
/** Moments that are looked at after a pause: more are not counted. */
const MOST = 200;
const DEFAULT_CATCH_UP = 10;

export interface Plan {
  /** For which moments, oldest first. */
  readonly runs: readonly number[];
  /** Moments that pass without a run, and the last of them. */
  readonly missed: number;
  readonly lastMissedMs: number | undefined;
  /** undefined: never again. */
  readonly nextMs: number | undefined;
}

/** @param dueMs since when it is due. */
export const planRuns = (schedule: StoredSchedule, dueMs: number, nowMs: number): Plan => {
  const { when } = schedule;
  const nextMs = next(when, dueMs);
  const isOne = nextMs === undefined || nextMs > nowMs;
  const due = isOne ? [dueMs] : between(when, dueMs, nowMs, MOST);
  const runs = wanted(schedule, due, nowMs);
  const missed = due.slice(0, due.length - runs.length);
  return {
    runs,
    missed: missed.length,
    lastMissedMs: missed.at(-1),
    nextMs: isOne ? nextMs : next(when, nowMs),
  };
};

/** Always the last ones. */
const wanted = (
  { misfire = 'once', catchUp = DEFAULT_CATCH_UP }: StoredSchedule,
  due: readonly number[],
  nowMs: number,
): readonly number[] => {
  const isOnTime = due.slice(-1).filter((atMs) => nowMs - atMs <= MINUTE_MS);
  switch (misfire) {
    case 'skip':
      return isOnTime;
    case 'once':
      return due.slice(-1);
    case 'catchUp':
      return due.slice(-catchUp);
  }
};
