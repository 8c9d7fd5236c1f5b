/** How long a request may take, by verb: the api answers within it, and the client waits a little longer. */
import { COMPACT_TIMEOUT_MS } from '../session/compaction.ts';

/** Of a request that names none, in milliseconds. */
export const DEADLINE_MS = 30_000;

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
