/**
 * How long a request may take, by verb, whether it comes over the bus or from the same process: it is answered
 * within that, and the client on the bus waits a little longer.
 */
import { REQUEST_TIMEOUT_MS } from '../actor/caller.ts';
import { COMPACT_TIMEOUT_MS } from '../prepare/compaction.ts';

/** Of a request that names none, in milliseconds. */
export const DEADLINE_MS = REQUEST_TIMEOUT_MS;

/** Work that is known to take longer. */
const SLOW: Readonly<Record<string, number>> = {
  import: 120_000,
  'import-session': 120_000,
  compact: COMPACT_TIMEOUT_MS,
  cleanup: 600_000,
};

/** @param usualMs for verbs that are not known to be slow. */
export const deadlineMs = (verb: string, usualMs: number = DEADLINE_MS): number =>
  (Object.hasOwn(SLOW, verb) ? SLOW[verb] : undefined) ?? usualMs;
