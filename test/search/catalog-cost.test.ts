/** What the catalog may cost, by counting and weighing; how long it takes is measured by `bench/search.ts`. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { MemoryCatalog } from '../../src/search/catalog.ts';
import { search } from '../../src/search/search.ts';
import { SessionTable } from '../../src/search/session-table.ts';
import { criteriaOf, rowOf, tenant } from './summary-row.ts';
import { typicalRow } from './typical-row.ts';

const heapBytes = (): number => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

test('20,000 sessions take at most 15 MB, and stats() says how much', () => {
  const before = heapBytes();
  const catalog = new MemoryCatalog();
  for (let n = 0; n < 20_000; n++) catalog.put(typicalRow(n));
  const bytes = heapBytes() - before;
  expect(bytes).toBeLessThan(15e6);
  expect(catalog.stats().bytes / bytes).toBeGreaterThan(0.8);
  expect(catalog.stats().bytes / bytes).toBeLessThan(1.2);
});

/** How often a search asks for a row's tags: once for each row that it looks at. */
const looksOf = (table: SessionTable, tag: string, limit: number): number => {
  const firstOf = table.tags.firstOf.bind(table.tags);
  let looks = 0;
  table.tags.firstOf = (slot, keys) => {
    looks += 1;
    return firstOf(slot, keys);
  };
  search(table, criteriaOf({ tags: [tag], limit }));
  return looks;
};

const tableOf = (tagOf: (n: number) => string): SessionTable => {
  const table = new SessionTable(tenant);
  for (let n = 0; n < 5_000; n++) table.put(rowOf(`s${n}`, { updatedAtMs: n, tags: [tagOf(n)] }));
  return table;
};

test('a search for a tag that few have looks at few rows, wherever they stand in the order', () => {
  const table = tableOf((n) => (n < 5 ? 'rare' : 'common'));
  expect(looksOf(table, 'rare', 50)).toBeLessThanOrEqual(10);
});

test('a search for a tag that most have ends with its page', () => {
  const table = tableOf((n) => (n % 2 === 0 ? 'even' : 'odd'));
  expect(looksOf(table, 'odd', 20)).toBeLessThanOrEqual(42);
});

test('a search for ids that begin so looks at those ids, wherever they stand in the order', () => {
  const table = tableOf(() => 'x');
  const idAt = table.idAt.bind(table);
  let looks = 0;
  table.idAt = (slot) => {
    looks += 1;
    return idAt(slot);
  };
  expect(search(table, criteriaOf({ idPrefix: 's123', limit: 50 })).rows).toHaveLength(11);
  expect(looks).toBeLessThan(100);
});
