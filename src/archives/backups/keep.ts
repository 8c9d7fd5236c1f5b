/** Which backups go by their number and their age. Pure. */
import type { BackupId } from './layout.ts';

/** Kept is what either says; 0: it says nothing. Where neither says anything, all are. */
export interface Keep {
  readonly last: number;
  readonly days: number;
}

const DAY_MS = 24 * 3_600_000;

/**
 * @param backups of one store. The newest is always kept. Those that the clock says are yet to come (it was wrong when they
 *   were made, or is wrong now) are kept and not counted: else they would have each new one go.
 */
export const goingOf = (
  backups: readonly BackupId[],
  { last, days }: Keep,
  nowMs: number,
): readonly BackupId[] => {
  if (last === 0 && days === 0) return [];
  const past = backups.filter(({ madeAtMs }) => madeAtMs <= nowMs);
  return newestFirst(past, nowMs).filter(
    ({ madeAtMs }, at) => at >= Math.max(1, last) && nowMs - madeAtMs >= days * DAY_MS,
  );
};

/** Those that say they were made in the future come last: which of them is the newest is not known. */
export const newestFirst = (backups: readonly BackupId[], nowMs: number): readonly BackupId[] =>
  backups.toSorted((one, other) => {
    const isLate = Number(one.madeAtMs > nowMs) - Number(other.madeAtMs > nowMs);
    return isLate === 0 ? other.madeAtMs - one.madeAtMs : isLate;
  });
