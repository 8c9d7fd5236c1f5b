/**
 * What the catalog costs: bytes per session and microseconds per search, at the sizes given as
 * arguments. Compile the tests to some folder and run this with `node --expose-gc`.
 */

import { systemClock } from '../../src/otp/system-clock.ts';
import { MemoryCatalog } from '../../src/search/catalog.ts';
import { criteriaOf, tenant } from './summary-row.ts';
import { DAY_MS, typicalRow } from './typical-row.ts';

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
