/** A thread that gives way does so alone: the others of its process keep their share. */

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

const THREAD = `
  import { readFileSync } from 'node:fs';
  import { parentPort, workerData } from 'node:worker_threads';
  const { giveWay } = await import(workerData);
  giveWay();
  const [, after = ''] = /\\) (.*)$/s.exec(readFileSync('/proc/thread-self/stat', 'utf8')) ?? [];
  parentPort.postMessage(Number(after.split(' ')[16]));
`;

test.skipIf(!existsSync('/proc/thread-self'))('only the thread that asks for it', async () => {
  const before = getPriority();
  const module = new URL('../../dist/src/platform/give-way.js', import.meta.url).href;
  const source = new URL(`data:text/javascript,${encodeURIComponent(THREAD)}`);
  const worker = new Worker(source, { workerData: module });
  const [niceness] = await once(worker, 'message');
  await worker.terminate();
  expect(niceness).toBe(10);
  expect(getPriority()).toBe(before);
});
