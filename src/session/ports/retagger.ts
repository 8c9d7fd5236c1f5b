/** Changing the tags of many sessions: owned here as an interface, implemented in `src/housekeeping`. */

import type { Filter } from '../../model/criteria.ts';
import type { Tenant } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';
import type { Retag } from '../../tags/retag.ts';

export interface RetagOrder {
  readonly filter: Filter;
  readonly retag: Retag;
  /** The criteria as they were asked for, `q` among them: for whoever looks at it later. */
  readonly criteria: Readonly<Record<string, unknown>>;
  readonly by: string;
}

export const JOB_STATES = ['waiting', 'running', 'done', 'stopped', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** How far one such change has come. */
export interface RetagJob {
  readonly jobId: string;
  readonly state: JobState;
  readonly askedAt: string;
  /** Who asked for it. */
  readonly by: string;
  readonly change: Retag;
  readonly criteria: Readonly<Record<string, unknown>>;
  /** Sessions that it had to look at when it began; null while it waits. */
  readonly matched: number | null;
  readonly changed: number;
  /** Sessions that had more tags than one takes, or could not be changed. */
  readonly failed: number;
  /** Why it failed, or the first failure of a session. */
  readonly error?: { readonly code: string; readonly message: string };
}

export interface Retagger {
  /** Rejects `unavailable` while too many wait. */
  start(tenant: Tenant, order: RetagOrder): Promise<RetagJob>;
  /** Resolves with the job when it is over, or as it is when the time is over; undefined: it is not known (any more). */
  ended(tenant: Tenant, jobId: string, timeoutMs: number): Promise<RetagJob | undefined>;
  /** The latest first. */
  list(tenant: Tenant): Promise<readonly RetagJob[]>;
  /** It ends behind the sessions that are being changed; undefined: it is not known. */
  stop(tenant: Tenant, jobId: string): Promise<RetagJob | undefined>;
}

export const retaggerName = nameOf<Retagger>('retagger');
