/** What the server of backups needs of the place and of the store: implemented beside it, given to it by the supervisor. */
import type { BackupFacts, LastBackup, StoreMark, WhichBackups } from '../session/ports/backups.ts';
import type { Progress } from './backups/make-backup.ts';

/** No backup was made: this one has all that is there. */
export interface Unchanged extends Pick<LastBackup, 'backupId' | 'cost' | 'gone' | 'freedBytes'> {
  readonly isUnchanged: true;
}

/** As it is put; when it began and ended is for the server to say. */
export type Made = Omit<LastBackup, 'startedAtMs' | 'endedAtMs'>;

/** Whether a store is as it was. */
export interface StoreChanges {
  /** Undefined: that cannot be said of this store. */
  mark(): StoreMark | undefined;
  /** Whether nothing but the record of backups was committed since; false too where it is not known. */
  isUnchanged(since: StoreMark): boolean;
}

/** What is done at the place. Each rejects with what went wrong there. */
export interface BackupWorks {
  make(signal: AbortSignal, progress: (done: Progress) => void): Promise<Made>;
  /** For a store that is as it was at this backup; undefined: that is not there as it was put. */
  lookAt(backupId: string, signal: AbortSignal): Promise<Unchanged | undefined>;
  verify(
    backupId: string | undefined,
    signal: AbortSignal,
    progress: (done: Progress) => void,
  ): Promise<Readonly<Record<string, unknown>>>;
  remove(backupId: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  list(which: WhichBackups, signal: AbortSignal): Promise<readonly BackupFacts[]>;
}
