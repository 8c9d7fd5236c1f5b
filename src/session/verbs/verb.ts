/**
 * A verb is one value: what is declared of it, the schemas of its request and its reply, and its work. The embedded API,
 * the NATS gateway, the client's types and the pages of the reference read it from there.
 *
 * Requests are checked by these schemas at every border and by nothing behind it. Replies are checked where
 * `GREENROOM_CHECK_REPLIES=1` says so, as all tests do; else that costs nothing.
 */
import process from 'node:process';
import type { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { InTurn } from '../../platform/in-turn.ts';
import type { Caller } from '../actor/caller.ts';
import type { Answered, SessionRequest } from '../commits/waiting-changes.ts';
import type { Rules } from '../machine/rules.ts';
import type { Slabs } from '../memory/slabs.ts';
import { type Journal, type JournalUpkeep, journalName } from '../ports/journal.ts';
import type { TurnPlaces } from '../runtime/turn-places.ts';
import type { PermissionGround } from '../tools/judge.ts';
import type { ShownSessions } from './shown-session.ts';
import {
  DAEMON,
  type DaemonVerb,
  type Declared,
  SESSION,
  SESSIONS,
  type SessionsVerb,
  type SessionVerb,
} from './verb-facts.ts';

/** What its work stands on, the same for all requests. */
export interface Ground {
  readonly caller: Caller;
  readonly rules: Rules;
  readonly slabs: Slabs;
  readonly permissions: PermissionGround;
  readonly places: Pick<TurnPlaces, 'waiting'>;
  /** Where sessions work that name no directory. Absolute. */
  readonly workspaces: string;
  /** Changes that depend on one another, by tenant. */
  readonly inTurn: InTurn;
  readonly shown: ShownSessions;
}

/** What the work of a verb on a tenant's sessions is given with each request. */
export interface SessionsWork extends Ground {
  readonly context: RequestContext;
}

/** On one session. */
export interface SessionWork extends SessionsWork {
  readonly key: SessionKey;
}

/** The parts of a verb that need `zod`, and its work. */
export interface Parts<Work, Q extends z.ZodType, A extends z.ZodType> {
  readonly request: Q;
  readonly reply: A;
  run(work: Work, request: z.output<Q>): z.output<A> | Promise<z.output<A>>;
}

export interface Verb<Work, Q extends z.ZodType = z.ZodType, A extends z.ZodType = z.ZodType>
  extends Declared,
    Parts<Work, Q, A> {
  readonly name: string;
}

export const sessionVerb = <Q extends z.ZodType, A extends z.ZodType>(
  name: SessionVerb,
  parts: Parts<SessionWork, Q, A>,
): Verb<SessionWork, Q, A> => ({ name, ...SESSION[name], ...parts });

export const sessionsVerb = <Q extends z.ZodType, A extends z.ZodType>(
  name: SessionsVerb,
  parts: Parts<SessionsWork, Q, A>,
): Verb<SessionsWork, Q, A> => ({ name, ...SESSIONS[name], ...parts });

export const daemonVerb = <Work, Q extends z.ZodType, A extends z.ZodType>(
  name: DaemonVerb,
  parts: Parts<Work, Q, A>,
): Verb<Work, Q, A> => ({ name, ...DAEMON[name], ...parts });

const CHECKS_REPLIES = process.env['GREENROOM_CHECK_REPLIES'] === '1';

/** Carries out a request that was checked. Rejects with what its work throws. */
export const perform = <Work, Q extends z.ZodType, A extends z.ZodType>(
  verb: Verb<Work, Q, A>,
  work: Work,
  request: z.output<Q>,
): Promise<z.output<A>> => {
  if (CHECKS_REPLIES) return performChecked(verb, work, request);
  try {
    return Promise.resolve(verb.run(work, request)); // a promise is left as it is: no wait of its own
  } catch (error) {
    return Promise.reject(error);
  }
};

const performChecked = async <Work, Q extends z.ZodType, A extends z.ZodType>(
  verb: Verb<Work, Q, A>,
  work: Work,
  request: z.output<Q>,
): Promise<z.output<A>> => {
  const reply = await verb.run(work, request);
  mustFit(verb, reply);
  return reply;
};

/** Throws `internal`, with what is wrong, for a reply that its schema does not know. */
export const mustFit = (verb: Pick<Verb<never>, 'name' | 'reply'>, reply: unknown): void => {
  const { error } = verb.reply.safeParse(reply);
  if (error === undefined) return;
  const why = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new GreenroomError('internal', `the reply of ${verb.name} is not as declared: ${why}`, {
    cause: error,
  });
};

export const journalOf = ({ caller }: Ground): Journal & JournalUpkeep =>
  caller.system.fetch(journalName);

/** What is left of the request's time, in milliseconds; at least one. */
export const leftMs = ({ caller, context }: SessionsWork): number =>
  Math.max(1, context.deadlineMs - caller.system.clock.monotonic());

/** Changes the session within the request's time. */
export const change = (
  work: SessionsWork,
  key: SessionKey,
  request: SessionRequest,
): Promise<Answered> => work.caller.change(key, request, leftMs(work));
