/** The threads that a pool lends its tasks to: one task of `serve` for each, as long as the pool wants it. */
import { Piscina } from 'piscina';

export type WorkerThreads = Piscina;

export interface WorkerThreadsOptions {
  /** Compiled module that exports `serve`. */
  readonly workerFile: string;
  readonly minThreads: number;
  readonly maxThreads: number;
  /** How long one stays without a task, in milliseconds; default 0. */
  readonly idleTimeoutMs?: number;
}

/** What a step makes is garbage at once: a small nursery costs no time and saves tens of megabytes a thread. */
const YOUNG_MB = 8;

export const openWorkerThreads = ({
  workerFile,
  idleTimeoutMs = 0,
  ...sizes
}: WorkerThreadsOptions): WorkerThreads =>
  new Piscina({
    filename: workerFile,
    name: 'serve',
    ...sizes,
    idleTimeout: idleTimeoutMs,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled', // the default ones freeze a thread that has nothing but timers and sockets
    recordTiming: false,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    // A thread that is ended while it loads a module by require() takes the process along
    // (v8::Module::IsGraphAsync, Node 20); import() does not. The process's own flags stay with it:
    // a thread refuses many of them, and would not start.
    execArgv: ['--no-experimental-require-module'],
  });
