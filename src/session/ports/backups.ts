/**
 * Backups of the whole store, as verbs see them: what is stored of them here, and who makes them. Owned here, implemented
 * in `src/archives`.
 *
 * 1. Which backups there are stands at their place alone. Here stands when the next one is due, and how the last one went.
 * 2. The record stands in the due index as long as it exists.
 */
import { nameOf } from '../../otp/name.ts';
import type { ChangeMark } from './journal.ts';

/** How the last one went. */
export interface LastBackup {
  readonly backupId: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly sessions: number;
  readonly entries: number;
  /** Of the store's file. */
  readonly bytes: number;
  readonly cost: BackupCost;
  /** Backups that have gone by their number or age. */
  readonly gone: readonly string[];
  readonly freedBytes: number;
}

/** What a provider of a bucket asks money for; of a folder bytes alone. */
export interface BackupCost {
  /** PUT, POST, LIST: the dearer kind. */
  readonly puts: number;
  /** GET and HEAD. */
  readonly gets: number;
  /** They cost nothing. */
  readonly deletes: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** New at the place. */
  readonly storedBytes: number;
  readonly storedObjects: number;
}

/** How the store was when a backup of it was begun, or before. */
export interface StoreMark extends ChangeMark {
  /** The hash of what stands beside the store and goes along. */
  readonly beside: string;
}

/** What is stored: `pending` and `in_progress` until it is made or has failed, also over a restart. */
export interface StoredBackups {
  readonly status: 'idle' | 'pending' | 'in_progress' | 'failed';
  readonly createdAtMs: number;
  /** Who wanted the one that is made, or was made last. */
  readonly by?: string | undefined;
  /** Attempts that failed. */
  readonly tried: number;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  readonly last?: LastBackup | undefined;
  /** Of `last`. */
  readonly mark?: StoreMark | undefined;
  /** When one was due last and none was made, as nothing had changed since `last`; absent: `last` is newer. */
  readonly unchangedAtMs?: number | undefined;
}

/** What is done now, or was done last, since the daemon started. */
export interface BackupWork {
  readonly kind: 'backup' | 'verify' | 'delete';
  readonly status: 'in_progress' | 'completed' | 'failed';
  readonly backupId?: string | undefined;
  readonly by: string;
  readonly startedAtMs: number;
  readonly endedAtMs?: number | undefined;
  /** Of the store's file. */
  readonly bytes?: number | undefined;
  readonly ofBytes?: number | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  readonly result?: Readonly<Record<string, unknown>> | undefined;
}

export interface BackupsState {
  /** As people name it; undefined: none is set. */
  readonly place: string | undefined;
  /** As it is set; undefined: none is made by itself. */
  readonly every: string | undefined;
  readonly keepLast: number;
  readonly keepDays: number;
  readonly record: StoredBackups | undefined;
  readonly nextMs: number | undefined;
  readonly work: BackupWork | undefined;
}

/** One at the place. */
export interface BackupFacts {
  readonly backupId: string;
  readonly madeAtMs: number;
  /** Of this daemon's store. */
  readonly isOurs: boolean;
  /** Absent: its manifest cannot be read. */
  readonly known?:
    | {
        readonly storeId: string;
        readonly sessions: number;
        readonly entries: number;
        readonly bytes: number;
        /** At the place, shared with others. */
        readonly storedBytes: number;
        /** That were put for it. */
        readonly newBytes: number;
        readonly objects: number;
      }
    | undefined;
  readonly fault?: string | undefined;
}

export interface WhichBackups {
  /** At most so many. */
  readonly limit: number;
  /** Whose id begins so. */
  readonly beginning?: string | undefined;
  /** Only this store's. */
  readonly isOurs?: boolean | undefined;
}

/** Each throws or rejects with `invalid_settings` where no place is set, and `invalid_state` while other work is done. */
export interface Backups {
  state(): BackupsState;
  /** Newest first. Of those alone the manifests are read. */
  list(which: WhichBackups): Promise<readonly BackupFacts[]>;
  /** Resolves when it is durable that one will be made. */
  request(by: string): Promise<void>;
  /** Begins; without an id the newest of this store. */
  verify(backupId: string | undefined, by: string): void;
  remove(backupId: string, by: string): void;
  /** Resolves when nothing is at work, or after so long. */
  settled(timeoutMs: number): Promise<void>;
}

export const backupsName = nameOf<Backups>('backups');
