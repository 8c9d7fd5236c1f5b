/** Which snapshots of a series are kept: all new ones, fewer the older they are, and never more than a few hundred. */
import { describe, expect, it } from 'vitest';
import { DROPPED_AT_ONCE, droppedWith, NEWEST_KEPT } from '../../src/model/metrics.ts';

/** What is left of the first `last` snapshots, oldest first; each drop must find what it drops. */
const keptOf = (last: number, drops = droppedWith): number[] => {
  const kept = new Set<number>();
  for (let number = 1; number <= last; number += 1) {
    kept.add(number);
    for (const dropped of drops(number))
      if (!kept.delete(dropped)) throw new Error(`${dropped} goes twice`);
  }
  return [...kept];
};

describe('the series of a session', () => {
  it('keeps all of the newest', () => {
    for (const last of [1, 63, 64, 65, 95, 96, 1_000, 4_097]) {
      const kept = new Set(keptOf(last));
      for (let back = 0; back < Math.min(last, NEWEST_KEPT); back += 1)
        expect(kept.has(last - back), `${back} before ${last}`).toBe(true);
    }
  });

  it.each([[1_000], [10_000], [200_000]])('of %i keeps a few hundred at most', (last) => {
    const doublings = Math.ceil(Math.log2(last / NEWEST_KEPT));
    expect(keptOf(last).length).toBeLessThanOrEqual(
      NEWEST_KEPT + (NEWEST_KEPT / 2) * doublings + DROPPED_AT_ONCE,
    );
  });

  it('has no gap that is wide beside its age', () => {
    const last = 50_000;
    const kept = keptOf(last);
    const gaps = kept.slice(1).map((number, at) => {
      const before = kept[at] ?? 0;
      return { age: last - before, gap: number - before };
    });
    expect(gaps.filter(({ age, gap }) => gap > Math.max(1, (4 * age) / NEWEST_KEPT))).toEqual([]);
    expect(kept[0]).toBeLessThanOrEqual(last / 2);
  });

  it('would grow for ever if it dropped every second one of its newest alone', () => {
    const once = (number: number) => droppedWith(number).filter((dropped) => dropped % 2 === 1);
    expect(keptOf(10_000, once).length).toBeGreaterThan(4_000);
  });
});
