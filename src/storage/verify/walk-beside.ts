/** A walk over the pages of a store that is in use, by a process beside it. */
import { programFile } from '../../platform/compiled.ts';
import { runChild } from '../files/child.ts';
import type { DataFileState } from '../files/data-file.ts';

/** Pages that are freed meanwhile are not used again, so the file grows by what so long a time writes. */
export const WALK_BESIDE_MS = 60_000;
/** For its process to start and to end, on a busy machine. */
const MARGIN_MS = 600_000;

/** Rejects when its process does not end well, as one that a damaged page has crashed, or when it is aborted. */
export const walkBeside = async (
  dir: string,
  signal: AbortSignal,
  maxMs = WALK_BESIDE_MS,
): Promise<DataFileState> => {
  const script = programFile('storage/verify/walk-child');
  const { out, failure } = await runChild(script, [dir, `${maxMs}`], maxMs + MARGIN_MS, signal);
  if (failure !== null) throw new Error(`the walk over its pages ended with ${failure}`);
  return JSON.parse(out) as DataFileState;
};
