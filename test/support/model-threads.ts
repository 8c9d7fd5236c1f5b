/**
 * Threads that models pools in this process borrow, one after the other and from file to file: most of what a start
 * costs is that a thread loads the SDK. They come when they are wanted.
 */
import { modelWorkerFile } from '../../src/executor/models/models-pool.ts';
import { openWorkerThreads } from '../../src/executor/pool/worker-threads.ts';

export const modelThreads = openWorkerThreads({
  workerFile: modelWorkerFile(),
  ...{ minThreads: 0, maxThreads: 64 },
  idleTimeoutMs: 600_000,
});
