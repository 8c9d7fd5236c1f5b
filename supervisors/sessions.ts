/** All live sessions, started on demand, each with a restart budget of its own. */
import { registry } from '../src/otp/registry.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { liveName } from '../src/session/actor/live-names.ts';
import type { Parts } from './parts.ts';
import { rewake } from './recovery.ts';
import { sessionSupervisor } from './session.ts';

export const sessions = (parts: Parts) =>
  supervisor({
    id: 'sessions',
    strategy: 'rest_for_one', // a session that nobody can find must not go on writing
    maxRestarts: 3,
    maxSeconds: 5,
    children: [
      registry({ id: 'registry', name: liveName }), // who is live
      sessionSupervisor(parts), // starts them, restarts them, parks the sick
      rewake(parts), // after a crash of these two, those with unfinished turns
    ],
  });
