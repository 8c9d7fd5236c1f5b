/** The journal in memory as an actor: for trying things out. What it keeps is gone with it. */
import type { ChildSpec } from '../../otp/child-spec.ts';
import { genServer, protocol } from '../../otp/gen-server.ts';
import { journalName } from '../../session/ports/journal.ts';
import { type MemoryJournalOptions, memoryJournal } from './memory-journal.ts';

const MemoryJournalServer = genServer(protocol({ calls: {} }), {
  init: (options: MemoryJournalOptions, self) => {
    const journal = memoryJournal({ ...options, clock: self.system.clock });
    self.own(() => journal.fence('the journal restarts'));
    self.register(journalName, journal);
    return journal;
  },
  handleCall: {},
  redact: (journal) => ({ ...journal.info(), ...journal.stats() }),
});

export const memoryJournalServer = (options: MemoryJournalOptions = {}): ChildSpec =>
  MemoryJournalServer.childSpec(options, { id: 'journal' });
