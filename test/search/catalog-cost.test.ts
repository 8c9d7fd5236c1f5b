/** What the catalog may weigh. What a search looks at: `looks.test.ts`; how long it takes: `bench/search.ts`. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
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
