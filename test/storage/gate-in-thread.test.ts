/** A sync gate holds the writer of its own process: in a thread, where the writer has one of its own, it is refused. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { builtFile } from '../../src/platform/compiled.ts';
import { folders } from './folders.ts';

const folder = folders();

it('a store with a sync gate is refused in a thread, and nothing is left of it', async () => {
  const dir = folder();
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    const open = async () => {
      const { openStore } = await import(workerData.stores);
      const { SyncGate } = await import(workerData.gate);
      await openStore('lmdb:' + workerData.dir, { syncGate: new SyncGate() });
    };
    open().then(
      () => parentPort.postMessage('opened'),
      ({ code, message }) => parentPort.postMessage({ code, message }),
    );`;
  const workerData = {
    dir,
    stores: builtFile('src/stores/index.js'),
    gate: builtFile('src/storage/lmdb/sync-gate.js'),
  };
  const worker = new Worker(program, { eval: true, workerData });
  const answer = await new Promise((heard, failed) => {
    worker.once('message', heard);
    worker.once('error', failed);
  });
  await worker.terminate();
  expect(answer).toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('a sync gate is for stores of the main thread'),
  });
  expect(existsSync(join(dir, 'store', 'data.mdb'))).toBe(false);
});
