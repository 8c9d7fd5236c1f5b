/** Sums of what sessions have cost, over pages of them. Pure. */

import type { SessionsReplies } from '../ground/replies.ts';
import type { Bar } from '../parts/bar.ts';

type Group = SessionsReplies['costs']['groups'][number];
type Miss = Group['cacheMisses'][number];

/** Groups of several pages, each value once. */
export const added = (groups: readonly Group[], more: readonly Group[]): readonly Group[] => {
  const sums = new Map<string, Group>();
  for (const group of [...groups, ...more]) {
    const before = sums.get(group.value);
    sums.set(group.value, before === undefined ? group : together(before, group));
  }
  return [...sums.values()];
};

const together = (one: Group, other: Group): Group => ({
  value: one.value,
  sessions: one.sessions + other.sessions,
  turns: one.turns + other.turns,
  costUsd: one.costUsd + other.costUsd,
  unpriced: one.unpriced + other.unpriced,
  cacheMisses: missesOf([...one.cacheMisses, ...other.cacheMisses]),
});

const missesOf = (misses: readonly Miss[]): Miss[] => {
  const sums = new Map<string, Miss>();
  for (const miss of misses) {
    const before = sums.get(miss.type);
    sums.set(
      miss.type,
      before === undefined
        ? miss
        : {
            type: miss.type,
            times: before.times + miss.times,
            missedInputTokens: before.missedInputTokens + miss.missedInputTokens,
            costUsd: before.costUsd + miss.costUsd,
          },
    );
  }
  return [...sums.values()];
};

const DAY_MS = 86_400_000;

/** A bar for each day up to today, also for those without a cost. */
export const days = (groups: readonly Group[], count: number, nowMs: number): readonly Bar[] => {
  const costs = new Map(groups.map(({ value, costUsd }) => [value, costUsd]));
  return Array.from({ length: count }, (_, at) => {
    const label = new Date(nowMs - (count - 1 - at) * DAY_MS).toISOString().slice(0, 10);
    return { label, value: costs.get(label) ?? 0 };
  });
};
