/**
 * Live queries: owned here as an interface, implemented in `src/search/live`. A watch tells which sessions meet a condition,
 * and from then on which of them begin to, cease to, or change. Its reader asks for the next changes, and waits for them.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { Filter } from '../../model/criteria.ts';
import type { SessionId, Tenant } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';

export type WatchChange =
  | {
      /** `present`: it met the condition when the watch began. */
      readonly type: 'present' | 'entered' | 'changed';
      readonly sessionId: SessionId;
      readonly row: CatalogRow;
    }
  | {
      readonly type: 'left';
      readonly sessionId: SessionId;
      /** As it is now; undefined: it was deleted. */
      readonly row: CatalogRow | undefined;
    };

export const RESYNC_REASONS = ['behind', 'unknown'] as const;
/** `behind`: more waited than is kept for a reader. `unknown`: no such watch, or not any more. */
export type ResyncReason = (typeof RESYNC_REASONS)[number];

export type WatchBatch =
  | {
      readonly kind: 'changes';
      /** Of these changes; what the next request names as `after`. */
      readonly n: number;
      readonly changes: readonly WatchChange[];
      /** Sessions that are yet to be told as `present`. */
      readonly presentLeft: number;
    }
  /** Changes are missing: the watch is over, and another one begins with what is present then. */
  | { readonly kind: 'resync'; readonly why: ResyncReason };

export interface WatchOpened {
  readonly watchId: string;
  /** Sessions that will be told as `present`. */
  readonly present: number;
}

export interface NextChanges {
  /** Number of the last changes that the reader has; 0: none. */
  readonly after: number;
  readonly limit: number;
  /** How long to wait for a change; then the answer has none. */
  readonly waitMs: number;
}

export interface Watches {
  /**
   * Rejects `too_large` when more sessions are present than a watch tells, `mailbox_full` when there are too many watches.
   * @param withPresent whether what is present is told, or only what changes from now on.
   */
  open(tenant: Tenant, filter: Filter, withPresent: boolean): Promise<WatchOpened>;
  next(tenant: Tenant, watchId: string, wanted: NextChanges): Promise<WatchBatch>;
  /** Does nothing when it is not there. */
  close(tenant: Tenant, watchId: string): void;
  readonly stats: WatchStats;
}

export interface WatchStats {
  readonly watches: number;
  /** Changes that their readers have yet to fetch. */
  readonly waiting: number;
  /** Since the start: changes of sessions, and how often a watch was asked about one. */
  readonly changes: number;
  readonly asked: number;
}

export const watchesName = nameOf<Watches>('watches');
