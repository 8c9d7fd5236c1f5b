/**
 * The checks that make a durable figure one: commits came with syncs, syncs reached the disk, and
 * nothing durable was faster than the disk.
 */
import { number } from './figures.ts';
import type { Sheet } from './sheet.ts';

export interface SyncFacts {
  readonly who: string;
  readonly commits: number;
  /** Groups of commits that were synced: to LMDB, or to our commit log. */
  readonly syncs: number;
  /** Cache flushes of the disk in the same time; undefined where nobody counts them. */
  readonly flushes: number | undefined;
  /** Most commits that one group can hold here: as many as were in flight. */
  readonly maxGroup: number;
}

/** Every group was synced: the disk was flushed for each, and no commit went without one. */
export const checkSyncs = (sheet: Sheet, facts: SyncFacts): void => {
  const { who, commits, syncs, flushes, maxGroup } = facts;
  sheet.check(
    `${who}: no commit without a sync`,
    commits > 0 && syncs * maxGroup >= commits,
    `${number(commits)} commits in ${number(syncs)} synced groups (${(commits / syncs).toFixed(1)} each)`,
  );
  sheet.check(
    `${who}: the disk was flushed for each group`,
    flushes === undefined || flushes >= syncs,
    flushes === undefined
      ? 'flushes are not counted here'
      : `${number(flushes)} flushes of the disk`,
  );
};

/** Where flushes are not counted: two commits one after another take at least two syncs of the same disk. */
export const checkLatency = (sheet: Sheet, who: string, p50Ms: number, leastMs: number): void =>
  sheet.check(
    `${who}: one alone takes at least the time of its syncs`,
    p50Ms >= leastMs,
    `${number(p50Ms)} ms, syncs ${number(leastMs)} ms`,
  );
