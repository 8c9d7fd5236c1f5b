/** The ledger, with a budget of restarts that it cannot use up: sessions that need no money must not end with it. */
import { ledgerServer } from '../src/budgets/ledger-server.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import type { Parts } from './parts.ts';

export const money = ({
  config,
  budgets,
  sessions,
  feed,
}: Pick<Parts, 'config' | 'budgets' | 'sessions' | 'feed'>) =>
  supervisor({
    id: 'money',
    strategy: 'one_for_one',
    restartGapMs: 1_000, // a ledger that crashes would be back at once,
    maxRestarts: 10, // so this is more than the gap lets happen
    maxSeconds: 1,
    children: [
      ledgerServer({
        book: budgets,
        dir: config.store === 'memory:' ? undefined : config.dataDir,
        commitsAreIn: () => sessions.commitsAreIn(),
        goOn: (key, budget) => sessions.budgetChanged(key, budget),
        announce: (tenant, notice) => feed.announce(tenant, { ...notice }),
      }), // says whether a model call may be paid
    ],
  });
