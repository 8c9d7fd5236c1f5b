/** Fills a heap, drops nine tenths of it here and there, and tells its size before and after a collection. */
import { runInNewContext } from 'node:vm';
import { garbageCollector } from '../dist/src/platform/garbage.js';

const collect = garbageCollector();
let all = Array.from({ length: 400_000 }, (_, at) => ({ at, name: `${at}`, list: [at] }));
globalThis.kept = all.filter(({ at }) => at % 10 === 0);
all = undefined;
const before = process.memoryUsage().heapTotal;
collect();
const after = process.memoryUsage().heapTotal;
process.stdout.write(
  JSON.stringify({ isExposed: runInNewContext('typeof gc') !== 'undefined', before, after }),
);
