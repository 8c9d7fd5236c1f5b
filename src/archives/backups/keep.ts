/** Which backups go by their number and their age. Pure. */
import type { BackupId } from './layout.ts';

/** Kept is what either says; 0: it says nothing. Where neither says anything, all are. */
export interface Keep {
  readonly last: number;
  readonly days: number;
}

const DAY_MS = 24 * 3_600_000;

/** @param backups of one store. The newest is always kept. */
export const goingOf = (
  backups: readonly BackupId[],
  { last, days }: Keep,
  nowMs: number,
): readonly BackupId[] => {
  if (last === 0 && days === 0) return [];
  const newestFirst = backups.toSorted((one, other) => other.madeAtMs - one.madeAtMs);
  return newestFirst.filter(
    ({ madeAtMs }, at) => at >= Math.max(1, last) && nowMs - madeAtMs >= days * DAY_MS,
  );
};
