/** The sessions of one tenant for a program in the same process: the same requests, replies and errors as on the bus. */
import { codeOf, ERRORS, GreenroomError } from '../../model/errors.ts';
import { type SessionKey, sessionKey, type Tenant } from '../../model/ids.ts';
import { checked } from '../../model/parse.ts';
import { ANYONE, type RequestContext, TraceIds, traceGiven } from '../../model/request-context.ts';
import { EventQueue } from '../events/event-queue.ts';
import type { SessionsApi, TurnControl } from '../verbs/api.ts';
import {
  type CheckedSession,
  type CheckedSessions,
  SESSION_VERBS,
  SESSIONS_VERBS,
} from '../verbs/registry.ts';
import { TurnRequest } from '../verbs/turn-request.ts';
import type { Verb } from '../verbs/verb.ts';
import { type Declared, SESSION, TURNS } from '../verbs/verb-facts.ts';
import { AbortSignals, mustNotBeAborted } from './abort.ts';
import type { SessionsDoor } from './door.ts';

/** When to ask again a part that is restarting, or a Greenroom that is stopping. */
const RETRY_MS = 500;
const RESTART_MS = 2_000;

export interface EmbeddedOptions {
  /** Settles when the Greenroom behind the door has stopped: whoever reads a turn then is told. */
  readonly ended?: Promise<unknown>;
  /** Told of each bug that a request met, which request that was, and which session and turn it was about. */
  readonly onInternal?: (error: unknown, request: string, where?: object) => void;
}

export const embeddedApi = (
  door: SessionsDoor,
  tenant: Tenant,
  { ended, onInternal }: EmbeddedOptions = {},
): SessionsApi => {
  const told = (request: string) => (error: unknown, where?: object) => {
    if (codeOf(error) === 'internal') onInternal?.(error, request, where);
    return inTable(error);
  };
  const rethrow = (request: string, where: object) => (error: unknown) => {
    throw told(request)(error, where);
  };
  const readings = new Set<EventQueue>();
  const signals = new AbortSignals();
  const traces = new TraceIds();
  const reading: Reading = { readings, signals, traces };
  let hasEnded = false;
  void ended?.finally(() => {
    hasEnded = true;
    for (const queue of readings) queue.fail(stopped());
  });
  return {
    hasEnded: () => hasEnded,
    session: async (sessionId, verb, request) => {
      const key = sessionKey(tenant, sessionId);
      mustBeVerb(SESSION_VERBS, verb);
      const known: Verb<never> = SESSION_VERBS[verb];
      const parsed = checked(known.request, request, known.refusal) as CheckedSession[typeof verb];
      const context = contextOf(door, tenant, known, traces);
      const where = { ...key, traceId: context.traceId };
      return door
        .session(context, key, verb, parsed)
        .catch(rethrow(`${verb} of ${tenant}/${sessionId}`, where));
    },
    sessions: async (verb, request) => {
      mustBeVerb(SESSIONS_VERBS, verb);
      const known: Verb<never> = SESSIONS_VERBS[verb];
      const parsed = checked(known.request, request, known.refusal) as CheckedSessions[typeof verb];
      const context = contextOf(door, tenant, known, traces);
      const where = { tenant, traceId: context.traceId };
      return door.sessions(context, verb, parsed).catch(rethrow(`${verb} of ${tenant}`, where));
    },
    turn: (sessionId, request, control) => {
      const refused = told(`a turn of ${tenant}/${sessionId}`);
      return turn(door, tenant, sessionId, request, control, reading, refused);
    },
  };
};

/** For callers without a compiler: `toString` is no verb, though every object has one. */
const mustBeVerb = (verbs: object, verb: string): void => {
  if (Object.hasOwn(verbs, verb)) return;
  const known = Object.keys(verbs).join(', ');
  throw new GreenroomError('unknown_verb', `${String(verb)} is no verb; there are ${known}`);
};

export const contextOf = (
  { clock }: Pick<SessionsDoor, 'clock'>,
  tenant: Tenant,
  { timeoutMs }: Pick<Declared, 'timeoutMs'>,
  traces: TraceIds,
  control: TurnControl = {},
): RequestContext => ({
  tenant,
  principal: ANYONE,
  via: 'embedded',
  ...traceGiven(control, traces),
  receivedAtMs: clock.now(),
  deadlineMs: clock.monotonic() + timeoutMs,
});

/** What the readers of turns share. */
interface Reading {
  readonly readings: Set<EventQueue>;
  readonly signals: AbortSignals;
  readonly traces: TraceIds;
}

async function* turn(
  door: SessionsDoor,
  tenant: Tenant,
  sessionId: string,
  request: unknown,
  control: TurnControl = {},
  { readings, signals, traces }: Reading,
  told: (error: unknown, where: object) => GreenroomError,
) {
  const key = sessionKey(tenant, sessionId);
  const parsed = checked(TurnRequest, request);
  const context = contextOf(door, tenant, TURNS.ask, traces, control);
  const { signal } = control;
  mustNotBeAborted(signal);
  const queue = new EventQueue();
  readings.add(queue);
  const accepted = door.turn(context, key, undefined, parsed, (publication) =>
    queue.push(publication.forReader()),
  );
  accepted.catch((error: unknown) => {
    const where = { ...key, turnId: parsed.turnId, traceId: context.traceId };
    queue.fail(told(error, where));
  });
  const unhear = signals.hear(signal, (reason) => {
    queue.abandon(reason);
    void cancel(door, key, traces, accepted);
  });
  try {
    yield* queue.read();
  } finally {
    unhear();
    readings.delete(queue);
  }
}

/** One that was refused needs none, and one that ended meanwhile is as good as cancelled. */
const cancel = async (
  door: SessionsDoor,
  key: SessionKey,
  traces: TraceIds,
  accepted: ReturnType<SessionsDoor['turn']>,
): Promise<void> => {
  try {
    const { turn: record } = await accepted;
    const context = contextOf(door, key.tenant, SESSION.cancel, traces);
    await door.session(context, key, 'cancel', { turnId: record.turnId });
  } catch {
    // Nobody waits for this: what became of the turn is in its record.
  }
};

/** An error of the table; what comes from below it, or is a bug, is its cause. */
export const inTable = (error: unknown): GreenroomError => {
  if (error instanceof GreenroomError) return error;
  const code = codeOf(error);
  const { when, retryable } = ERRORS[code];
  return new GreenroomError(code, when, {
    cause: error,
    ...(retryable ? { retryAfterMs: RETRY_MS } : {}),
  });
};

const stopped = (): GreenroomError =>
  new GreenroomError('draining', 'it stopped before the turn had ended; its next start goes on', {
    retryAfterMs: RESTART_MS,
  });
