/**
 * Looks at a data file without holding up this thread for longer than a moment: walking the pages of a large store
 * takes seconds, in which a signal would not be heard.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { compiledFile } from '../../platform/compiled.ts';
import { type DataFileState, inspectDataFile } from './data-file.ts';

/** Walking so much takes about as long as starting a thread. */
const SMALL_BYTES = 32 * 1024 * 1024;

/** @param smallBytes what is not larger is looked at right here. */
export const inspectAside = async (
  path: string,
  smallBytes = SMALL_BYTES,
): Promise<DataFileState> => {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= smallBytes) return inspectDataFile(path);
  const thread = new Worker(compiledFile(import.meta.url, './inspect-thread.js'), {
    workerData: path,
    execArgv: [], // as for the writing thread
  });
  const [state] = (await once(thread, 'message')) as [DataFileState];
  return state;
};
