/** Where the truth is: the journal, then what is derived from it. */
import { supervisor } from '../src/otp/supervisor.ts';
import { catalogServer } from '../src/search/catalog/catalog-server.ts';
import { journal } from './journal.ts';
import { live } from './live.ts';
import type { Parts } from './parts.ts';
import { snapshotOf } from './snapshot.ts';
import { text } from './text.ts';

export const storage = (parts: Pick<Parts, 'config' | 'log' | 'testHooks' | 'onFatal'>) =>
  supervisor({
    id: 'storage',
    strategy: 'rest_for_one', // the commits of a restarted journal would not reach an old catalog
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      journal(parts), // owns the store
      catalogServer({ snapshot: snapshotOf(parts), notices: parts.log }), // from its snapshot and the journal's rows, fed by its commits
      live(), // who is told when the catalog's answers change
      text(parts), // the words of all sessions, behind the commits
    ],
  });
