/** The journal on LMDB without the tree, for programs and tests; the daemon's is in `journal-server.ts`. */
import type { Clock } from '../../otp/clock.ts';
import { systemClock } from '../../otp/system-clock.ts';
import { LmdbStore } from '../lmdb/lmdb-store.ts';
import type { SyncGate } from '../lmdb/sync-gate.ts';
import { type JournalOptions, StoredJournal } from './stored-journal.ts';

export interface LmdbJournalOptions extends Omit<JournalOptions, 'clock'> {
  /** The store's directory; made if it is missing. */
  readonly dir: string;
  readonly clock?: Clock;
  /** For tests: holds commits back. */
  readonly gate?: SyncGate;
}

export interface OpenJournal {
  readonly journal: StoredJournal;
  readonly store: LmdbStore;
  /** Waits for commits under way, then lets go of the store. */
  close(): Promise<void>;
}

export const openLmdbJournal = async (options: LmdbJournalOptions): Promise<OpenJournal> => {
  const { dir, gate, clock = systemClock, ...rest } = options;
  const store = await LmdbStore.open({ dir, gate, nowMs: clock.now() });
  const journal = new StoredJournal(store, { ...rest, clock });
  const close = async () => {
    await journal.idle();
    journal.fence('the journal is closed');
    await store.close();
  };
  return { journal, store, close };
};
