/** The thread of `inspectAside`: looks at the data file that it is given, and says what it found. */
import { parentPort, workerData } from 'node:worker_threads';
import { inspectDataFile } from './data-file.ts';

const { path, maxMs } = workerData as { readonly path: string; readonly maxMs: number };
parentPort?.postMessage(inspectDataFile(path, maxMs));
