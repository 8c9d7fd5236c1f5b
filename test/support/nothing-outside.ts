/**
 * Holds the tests of the project `fast` to their promise: whichever of them starts a process or a thread, listens or
 * connects fails.
 */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import workerThreads from 'node:worker_threads';
import { afterAll } from 'vitest';
import { endFile } from './file-end.ts';

afterAll(endFile);

const refuse = (what: string) => () => {
  throw new Error(`a test of the project "fast" ${what}: it belongs to another (vitest.config.ts)`);
};

const startsProcess = refuse('starts a process');
for (const name of [
  'spawn',
  'spawnSync',
  'fork',
  'exec',
  'execSync',
  'execFile',
  'execFileSync',
] as const)
  Object.defineProperty(childProcess, name, { value: startsProcess });
Object.defineProperty(workerThreads, 'Worker', {
  value: class {
    constructor() {
      refuse('starts a thread')();
    }
  },
});
Object.defineProperty(net.Server.prototype, 'listen', { value: refuse('listens') });
Object.defineProperty(net.Socket.prototype, 'connect', { value: refuse('connects') });
syncBuiltinESMExports();
