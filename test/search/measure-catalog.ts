/**
 * What the catalog costs: bytes per session and microseconds per search, at the sizes given as
 * arguments. Compile the tests to some folder and run this with `node --expose-gc`.
 */

import { systemClock } from '../../src/otp/system-clock.ts';
import { MemoryCatalog } from '../../src/search/catalog.ts';
import type { SummaryRow } from '../../src/session/summary.ts';
import { criteriaOf, rowOf, tenant } from './summary-row.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2025, 0, 1);

/** A session as an import makes it: one day has 100 sessions, one in a thousand is tagged rare. */
const typicalRow = (n: number): SummaryRow =>
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

const SEARCHES = {
  'newest 50': criteriaOf(),
  'tag rare': criteriaOf({ tags: ['rare'] }),
  'tag bug': criteriaOf({ tags: ['bug'] }),
  'tag bug, by cost': criteriaOf({ tags: ['bug'], sortBy: 'cost' }),
  'any of rare, bug': criteriaOf({ tags: ['rare', 'bug'] }),
  'prefix repo:project-1': criteriaOf({ tagPrefix: 'repo:project-1' }),
  'one day': criteriaOf({ after: '2025-01-05', before: '2025-01-06' }),
  dearest: criteriaOf({ minCostUsd: 9.9 }),
  'directory + model': criteriaOf({
    workingDirectory: '/home/someone/projects/project-7',
    model: 'claude-opus-4-1',
  }),
  'rare in old days': criteriaOf({ tags: ['imported'], before: '2025-01-02' }),
  nothing: criteriaOf({ status: 'parked' }),
  'no match in two broad ones': criteriaOf({ tags: ['bug'], noTags: ['bug'] }),
};

const heapBytes = (): number => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

const microseconds = (runs: number, work: () => void): number => {
  const startMs = systemClock.monotonic();
  for (let run = 0; run < runs; run++) work();
  return ((systemClock.monotonic() - startMs) * 1000) / runs;
};

const measure = (sessions: number): void => {
  const before = heapBytes();
  const catalog = new MemoryCatalog();
  const startMs = systemClock.monotonic();
  for (let n = 0; n < sessions; n++) catalog.put(typicalRow(n));
  const buildMs = systemClock.monotonic() - startMs;
  const bytes = heapBytes() - before;
  console.log(`\n${sessions} sessions, built in ${buildMs.toFixed(0)} ms`);
  console.log(
    `  ${(bytes / sessions).toFixed(0)} B each measured, ${(catalog.stats().bytes / sessions).toFixed(0)} estimated`,
  );
  for (const [name, criteria] of Object.entries(SEARCHES)) {
    const search = () => catalog.search(tenant, criteria);
    microseconds(20, search);
    const { count } = catalog.count(tenant, criteria);
    const countUs = microseconds(5, () => catalog.count(tenant, criteria));
    console.log(
      `  ${name}: ${microseconds(50, search).toFixed(0)} us; count ${count} in ${countUs.toFixed(0)} us`,
    );
  }
  const rows = Array.from({ length: 2_000 }, (_, n) =>
    typicalRow(Math.floor((n * sessions) / 2_000)),
  );
  const putUs = microseconds(1, () => {
    for (const row of rows)
      catalog.put({
        ...row,
        updatedAtMs: row.updatedAtMs + 500 * DAY_MS,
        numTurns: row.numTurns + 1,
        status: 'running',
        openTurns: 1,
      });
  });
  console.log(`  a commit: ${(putUs / rows.length).toFixed(2)} us`);
};

for (const size of process.argv.slice(2)) measure(Number(size));
