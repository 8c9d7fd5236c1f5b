/** The running system, from the first thing needed to the last. What comes later cannot live without what comes before. */
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { companions } from './companions.ts';
import { executors } from './executors.ts';
import { gateways } from './gateways.ts';
import { housekeeping } from './housekeeping.ts';
import { money } from './money.ts';
import type { Parts } from './parts.ts';
import { recovery } from './recovery.ts';
import { sessions } from './sessions.ts';
import { storage } from './storage.ts';

export const greenroom = (parts: Parts): ChildSpec =>
  supervisor({
    id: 'greenroom',
    strategy: 'rest_for_one',
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      companions(parts), // programs that we bring along; nothing else needs them to start
      storage(parts), // the truth, before anybody asks for it
      money(parts), // what may be spent, before anybody spends
      sessions(parts), // read the journal, feed the catalog
      executors(parts), // work for sessions
      recovery(parts), // unfinished turns, before new ones come in
      housekeeping(parts), // works on what is stored, through sessions
      gateways(parts), // last: the doors open when all is there to serve
    ],
  });
