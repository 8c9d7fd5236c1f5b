import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { rowOf } from './summary-row.ts';

export const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2025, 0, 1);

/** A session as an import makes it: one day has 100 sessions, one in a thousand is tagged rare. */
export const typicalRow = (n: number): CatalogRow =>
  rowOf(`0198f3c2-7a10-7000-8000-${String(n).padStart(12, '0')}`, {
    createdAtMs: START_MS + n * (DAY_MS / 100),
    updatedAtMs: START_MS + n * (DAY_MS / 100) + ((n * 7919) % 3_600_000),
    importedAtMs: START_MS + 400 * DAY_MS + n,
    title: `Fix the flaky test number ${n} of the intake`,
    summary: `The retry loop swallowed error ${n}; now it stops and says why, and a test holds the clock still.`,
    tags: [
      `repo:project-${n % 200}`,
      n % 3 === 0 ? 'bug' : 'feature',
      n % 1000 === 0 ? 'rare' : 'imported',
    ],
    messageCount: n % 400,
    numTurns: n % 40,
    costNanoUsd: (n % 997) * 10_000_000,
    model: n % 4 === 0 ? 'claude-opus-4-1' : 'claude-sonnet-4-5',
    workingDirectory: `/home/someone/projects/project-${n % 200}`,
    externalKey: `-home-someone-projects-project-${n % 200}/0198f3c2-7a10-7000-8000-${String(n).padStart(12, '0')}`,
  });
