/** One session: a sick one fails alone (P5). Out of its budget it is parked; the next message wakes it. */

import { keyOf } from '../src/model/ids.ts';
import { dynamicSupervisor } from '../src/otp/dynamic-supervisor.ts';
import { describeReason } from '../src/otp/exit-reason.ts';
import { type SessionRef, sessionSupervisorName } from '../src/session/actor/live-names.ts';
import { SessionServer } from '../src/session/actor/session-server.ts';
import type { Parts } from './parts.ts';

export const sessionSupervisor = ({
  config,
  runtime,
  sessions,
}: Pick<Parts, 'config' | 'runtime' | 'sessions'>) =>
  dynamicSupervisor<string, SessionRef>({
    id: 'supervisor',
    name: sessionSupervisorName,
    maxChildren: config.cacheSessions * 2, // busy sessions may stay a while beyond the cache limit
    maxRestarts: 5, // of one session
    maxSeconds: 60,
    backoff: { firstMs: 10, factor: 2, maxMs: 1_000 },
    child: (key) =>
      SessionServer.childSpec(
        { key: keyOf(key), runtime },
        { id: key, restart: 'transient', shutdownMs: 5_000, mailboxLimit: config.mailbox },
      ),
    onPark: (key, reason) => sessions.park(keyOf(key), describeReason(reason)),
  });
