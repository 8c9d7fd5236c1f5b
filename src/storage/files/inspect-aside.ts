/**
 * Looks at a data file without holding up this thread for longer than a moment: walking the pages of a large store
 * takes seconds, in which a signal would not be heard.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { programFile } from '../../platform/compiled.ts';
import { type DataFileState, inspectDataFile } from './data-file.ts';

/** Longest time that a start waits for the walk: some ten gigabytes of pages. */
const MAX_MS = 60_000;
/** Walking so much takes about as long as starting a thread. */
const SMALL_BYTES = 32 * 1024 * 1024;

/**
 * A file that was closed in order is not walked here if it is large, and another one for a minute at most: `unfinished`
 * says that it is to be walked beside the work.
 * @param smallBytes what is not larger is looked at right here, all of it.
 */
export const inspectAside = async (
  path: string,
  wasClosed: boolean,
  smallBytes = SMALL_BYTES,
): Promise<DataFileState> => {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= smallBytes) return inspectDataFile(path);
  if (wasClosed) return inspectDataFile(path, 0);
  const thread = new Worker(programFile('storage/files/inspect-thread'), {
    workerData: { path, maxMs: MAX_MS },
    execArgv: [], // as for the writing thread
  });
  const [state] = (await once(thread, 'message')) as [DataFileState];
  return state;
};
