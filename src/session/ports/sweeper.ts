/** Cleaning up by age: owned here as an interface, implemented by the cleaner in `src/housekeeping`. */

import type { Filter } from '../../model/criteria.ts';
import type { Tenant } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';

export interface SweepOrder {
  readonly filter: Filter;
  /** Days since the later of last update and import; absent = the configured age. */
  readonly maxAgeDays?: number | undefined;
  readonly dryRun: boolean;
  /** The requester, for the audit. */
  readonly by: string;
}

export interface CleanupReport {
  readonly count: number;
  /** What deleting them has freed, with sessions that others deleted meanwhile; with `dryRun`, null. */
  readonly bytes: number | null;
  readonly sessions: readonly {
    readonly sessionId: string;
    readonly updatedAt: string;
    readonly title?: string;
  }[];
  readonly dryRun: boolean;
}

export interface Sweeper {
  /** Rejects `unavailable` while another sweep runs too long before it. */
  sweep(tenant: Tenant, order: SweepOrder): Promise<CleanupReport>;
}

export const sweeperName = nameOf<Sweeper>('cleaner');
