/** What a contract test stands on: a fresh journal of the kind under test, a clock and a gate of its own. */
import { afterEach, beforeEach } from 'vitest';
import { type VirtualClock, virtualClock } from '../../src/otp/virtual-clock.ts';
import type { JournalOptions, StoredJournal } from '../../src/storage/journal/stored-journal.ts';
import { SyncGate } from '../../src/storage/lmdb/sync-gate.ts';
import { NOW } from './sessions.ts';

export interface Opened {
  readonly journal: StoredJournal;
  close(): Promise<void>;
}

export type OpenJournal = (
  options: JournalOptions & { readonly gate: SyncGate },
) => Promise<Opened>;

export class Ground {
  readonly clock: VirtualClock = virtualClock(NOW);
  readonly gate = new SyncGate();
  readonly #open: OpenJournal;
  readonly #opened: Opened[] = [];

  constructor(open: OpenJournal) {
    this.#open = open;
  }

  async journal(options: Partial<JournalOptions> = {}): Promise<StoredJournal> {
    const opened = await this.#open({ clock: this.clock, gate: this.gate, ...options });
    this.#opened.push(opened);
    return opened.journal;
  }

  async leave(): Promise<void> {
    this.gate.release();
    for (const opened of this.#opened) await opened.close();
  }
}

/** A new ground for each test of the file or block. */
export const eachOnGround = (open: OpenJournal): (() => Ground) => {
  let ground: Ground;
  beforeEach(() => {
    ground = new Ground(open);
  });
  afterEach(() => ground.leave());
  return () => ground;
};
