/** Which runs of a schedule begin, which never will, and when it is due again. */
import { describe, expect, test } from 'vitest';
import { planRuns } from '../../../src/session/tasks/plan-runs.ts';
import type { StoredSchedule } from '../../../src/session/tasks/records.ts';

const MINUTE_MS = 60_000;
const schedule = (more: Partial<StoredSchedule> = {}): StoredSchedule => ({
  task: 't',
  when: { kind: 'every', seconds: 60, fromMs: 0 },
  ...{ isPaused: false, runs: 0, skipped: 0, createdAtMs: 0, updatedAtMs: 0 },
  ...more,
});
const plan = (more: Partial<StoredSchedule>, dueMinute: number, nowMinute: number) => {
  const found = planRuns(schedule(more), dueMinute * MINUTE_MS, nowMinute * MINUTE_MS);
  return {
    runs: found.runs.map((ms) => ms / MINUTE_MS),
    missed: found.missed,
    next: found.nextMs === undefined ? undefined : found.nextMs / MINUTE_MS,
  };
};

describe('a schedule that is on time', () => {
  test.each(['skip', 'once', 'catchUp'] as const)('has its run with %s', (misfire) => {
    expect(plan({ misfire }, 5, 5)).toEqual({ runs: [5], missed: 0, next: 6 });
    expect(plan({ misfire }, 5, 5.9)).toEqual({ runs: [5], missed: 0, next: 6 });
  });

  test('that is for one moment is not due again', () => {
    const when = { kind: 'at', atMs: 5 * MINUTE_MS } as const;
    expect(plan({ when }, 5, 5)).toEqual({ runs: [5], missed: 0, next: undefined });
    expect(plan({ when, misfire: 'skip' }, 5, 7)).toEqual({ runs: [], missed: 1, next: undefined });
    expect(plan({ when }, 5, 700)).toEqual({ runs: [5], missed: 0, next: undefined });
  });
});

describe('a schedule that was away', () => {
  test.each([
    ['skip', { misfire: 'skip' }, { runs: [9], missed: 4 }],
    ['once', {}, { runs: [9], missed: 4 }],
    ['catchUp', { misfire: 'catchUp' }, { runs: [5, 6, 7, 8, 9], missed: 0 }],
    ['catchUp of two', { misfire: 'catchUp', catchUp: 2 }, { runs: [8, 9], missed: 3 }],
  ] as const)('makes up for it as it says: %s', (_, more, found) => {
    expect(plan(more, 5, 9.5)).toEqual({ ...found, next: 10 });
  });

  test('skips also the last moment when that is more than a minute ago', () => {
    const when = { kind: 'every', seconds: 600, fromMs: 0 } as const;
    expect(plan({ when, misfire: 'skip' }, 10, 21.5)).toEqual({ runs: [], missed: 2, next: 30 });
    expect(plan({ when, misfire: 'skip' }, 10, 21)).toEqual({ runs: [20], missed: 1, next: 30 });
  });

  test('for a year counts no more than it looks at', () => {
    expect(plan({ misfire: 'catchUp', catchUp: 100 }, 0, 525_600).missed).toBe(100);
  });
});
