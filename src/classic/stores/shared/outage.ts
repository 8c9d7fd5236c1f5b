/**
 * A server that cannot be reached, or does not answer in time: `unavailable`, with `details.outcome`, which says
 * what is known of the change: `none`, nothing of it is stored; `unknown`, read again to see. Either stays as it is:
 * a change that nobody waits for any more is never carried out later.
 */
import { StorageError } from '../../../model/errors.ts';

export type Outcome = 'none' | 'unknown';

export const outage = (why: string, outcome: Outcome, cause?: unknown): StorageError =>
  new StorageError(
    outcome === 'none' ? why : `${why}; whether the change is stored shows when it is read again`,
    { details: { outcome }, ...(cause === undefined ? {} : { cause }) },
    'unavailable',
  );
