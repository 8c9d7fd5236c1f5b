/** Where the truth is. The journal, then what is derived from it. */
import { genServer, protocol } from '../src/otp/gen-server.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { catalogServer } from '../src/search/catalog-server.ts';
import { journalName } from '../src/session/journal.ts';
import { memoryJournal } from '../src/storage/memory-journal.ts';
import type { Parts } from './parts.ts';

const Temp = genServer(protocol({ calls: {} }), {
  init: (parts: Parts, self) => {
    const j = memoryJournal({
      clock: self.system.clock,
      ...(parts.seams.syncGate ? { gate: parts.seams.syncGate } : {}),
    });
    self.register(journalName, j);
    return j;
  },
  handleCall: {},
});

export const storage = (parts: Parts) =>
  supervisor({
    id: 'storage',
    strategy: 'one_for_one',
    maxRestarts: 3,
    maxSeconds: 5,
    children: [Temp.childSpec(parts, { id: 'journal' }), catalogServer()],
  });
