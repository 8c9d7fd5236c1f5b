/** What the work on archives stands on: the same for all of it. */
import type { Head } from '../model/head.ts';
import type { SessionKey } from '../model/ids.ts';
import type { Clock } from '../otp/clock.ts';
import type { Place, Progress } from '../session/ports/archives.ts';
import type { inThread } from './archive-worker.ts';
import type { PlaceOwner } from './place-owner.ts';
import type { ArchiveRecords, KnownArchive } from './records.ts';
import type { Target } from './targets/target.ts';

/** What is done to sessions. Each rejects with an error whose code is in the table. */
export interface ArchivedSessions {
  head(key: SessionKey): Promise<Head | undefined>;
  /** Its export, page by page. */
  exported(key: SessionKey): AsyncIterable<string>;
  /** Notes in the session what became of its archive. */
  note(key: SessionKey, input: SessionNote): Promise<void>;
  /** Its id may be had again, also where a tombstone keeps it. */
  release(key: SessionKey, by: string): Promise<void>;
  /** Lines of an export, the first of them being number `fromLine`. */
  take(key: SessionKey, fromLine: number, lines: readonly Buffer[], first: Buffer): Promise<void>;
}

export interface SessionNote {
  readonly now: 'archived' | 'restored' | 'unarchived';
  readonly archiveId: string;
  readonly by: string;
  readonly ifVersion?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface Ground {
  readonly clock: Clock;
  readonly records: ArchiveRecords;
  readonly sessions: ArchivedSessions;
  /**
   * Throws `invalid_settings` for a place that cannot be reached as the settings are. @param onBytes told of bytes that go to
   * another machine, or come from there.
   */
  readonly target: (place: Place, onBytes?: (bytes: number) => void) => Target;
  readonly thread: typeof inThread;
  /** Where it really is. Rejects with `forbidden` for a folder that is neither archived nor brought back to. */
  readonly mustBeAllowed: (folder: string, own: string) => Promise<string>;
  /** A folder for what is on its way; whatever is in there may go. */
  readonly staging: string;
  /** The directory that we make for a session. */
  readonly workspaceOf: (key: SessionKey) => string;
  /** Removes it, with all that is in there. */
  readonly removeWorkspace: (key: SessionKey) => Promise<void>;
  /** Whether directories that we made go once they are archived. */
  readonly cleansUp: boolean;
  /** How long archives are kept; 0: for ever. */
  readonly retentionMs: number;
  /** Only one at a time puts objects, or removes them: what is found there by one must not go by another. */
  readonly objects: Lock;
  /** Rejects with `invalid_settings` before anything is put at a place of another store, or removed there. */
  readonly mustBeOurs: (target: Target, signal: AbortSignal) => Promise<void>;
  /** From here on the place is ours. */
  readonly takeOver: PlaceOwner['takeOver'];
  readonly progress: (archive: KnownArchive, progress: Progress) => void;
}

/** One after the other. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
