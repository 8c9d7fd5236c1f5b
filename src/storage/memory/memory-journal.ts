/** The journal in memory: for tests and scratch. What it keeps is gone with it. */
import type { Clock } from '../../otp/clock.ts';
import { systemClock } from '../../otp/system-clock.ts';
import { type JournalOptions, StoredJournal } from '../journal/stored-journal.ts';
import { SyncGate } from '../lmdb/sync-gate.ts';
import { MemoryStore } from './memory-store.ts';

export interface MemoryJournalOptions extends Omit<JournalOptions, 'clock' | 'space'> {
  readonly clock?: Clock;
  /** Holds commits back, as a slow disk does. */
  readonly gate?: SyncGate;
  /** A store whose content is taken over under the next epoch, as when a process starts again. */
  readonly store?: MemoryStore;
}

export const memoryJournal = (options: MemoryJournalOptions = {}): StoredJournal => {
  const { clock = systemClock, gate = new SyncGate(), store, ...rest } = options;
  return new StoredJournal(new MemoryStore(gate, store), { ...rest, clock });
};
