/** The sessions of one tenant for a program in the same process: the same requests, replies and errors as on the bus. */
import type { z } from 'zod';
import { SESSION_VERBS, SESSIONS_VERBS, type SessionsApi, TurnRequest } from './api.ts';
import type { SessionsDoor } from './door.ts';
import { wireEvent } from './event.ts';
import { EventQueue } from './event-queue.ts';
import { sessionKey, type Tenant } from './ids.ts';
import { checked, wrongValueOf } from './parse.ts';

export const embeddedApi = (door: SessionsDoor, tenant: Tenant): SessionsApi => ({
  session: async (sessionId, verb, request) => {
    const key = sessionKey(tenant, sessionId);
    const parsed = checked(SESSION_VERBS[verb], request, wrongValueOf(verb));
    return door.session(key, verb, parsed as Parsed<typeof SESSION_VERBS, typeof verb>);
  },
  sessions: async (verb, request) => {
    const parsed = checked(SESSIONS_VERBS[verb], request, wrongValueOf(verb));
    return door.sessions(tenant, verb, parsed as Parsed<typeof SESSIONS_VERBS, typeof verb>);
  },
  turn: (sessionId, request) => turn(door, tenant, sessionId, request),
});

/** What the schema of a verb gives; the compiler does not follow the verb through the look-up. */
type Parsed<Verbs extends Record<string, z.ZodType>, V extends keyof Verbs> = z.output<Verbs[V]>;

async function* turn(door: SessionsDoor, tenant: Tenant, sessionId: string, request: unknown) {
  const key = sessionKey(tenant, sessionId);
  const parsed = checked(TurnRequest, request);
  const queue = new EventQueue();
  door
    .turn(key, undefined, parsed, (publication) => queue.push(wireEvent(publication.event)))
    .catch((error: unknown) => queue.fail(error));
  yield* queue.read();
}
