/** Cleaning up by age: owned here as an interface, implemented by the cleaner in `src/housekeeping`. */

import type { Filter } from '../../model/criteria.ts';
import type { Tenant } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';
import type { TextAnswers } from './text-index.ts';

export interface SweepOrder {
  readonly filter: Filter;
  /** What the text index says of each `text` among the criteria, of a moment when it knew everything. */
  readonly texts?: TextAnswers | undefined;
  /** Days since the later of last update and import; absent = the configured age. */
  readonly maxAgeDays?: number | undefined;
  readonly dryRun: boolean;
  /** The requester, for the audit. */
  readonly by: string;
}

export interface CleanupReport {
  readonly count: number;
  /**
   * What deleting them has freed, with sessions that others deleted meanwhile; with `dryRun`, what it would free, without
   * the entries that forks refer to.
   */
  readonly bytes: number;
  readonly sessions: readonly {
    readonly sessionId: string;
    readonly updatedAt: string;
    readonly title?: string;
  }[];
  readonly dryRun: boolean;
  /** Absent: archives had no part in it. */
  readonly archives?: SweptArchives;
}

export interface SweptArchives {
  /** Ended sessions that are archived first, or with `dryRun` would be: a later sweep deletes them. */
  readonly asked: number;
  /** Of those that were deleted, how many stand in an archive. */
  readonly kept: number;
  /** What their archives take at their places. Bytes that several have are counted for each. */
  readonly storedBytes: number;
  /** What their directories took here, where those were deleted behind the archive. */
  readonly freedBytes: number;
}

/** What one rule did, or would do. */
export interface RetentionReport extends CleanupReport {
  readonly rule: string;
}

export interface Sweeper {
  /** Rejects `unavailable` while another sweep runs too long before it. */
  sweep(tenant: Tenant, order: SweepOrder): Promise<CleanupReport>;
  /** One rule after the other; rejects `invalid_request` for a name that no rule has. */
  retain(
    tenant: Tenant,
    order: { readonly rule: string | undefined; readonly dryRun: boolean; readonly by: string },
  ): Promise<readonly RetentionReport[]>;
}

export const sweeperName = nameOf<Sweeper>('cleaner');
