/**
 * The one door to sessions inside a process: gateways and the embedded API come through here.
 * Declared here as an interface; `sessions.ts` is it.
 */
import type { SessionKey, TurnId } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { TurnRecord } from '../../model/turn.ts';
import type { Clock } from '../../otp/clock.ts';
import type { Listener } from '../events/feed.ts';
import type {
  CheckedSession,
  CheckedSessions,
  SessionReplies,
  SessionsReplies,
} from '../verbs/registry.ts';
import type { TurnRequest } from '../verbs/turn-request.ts';
import type { SessionsVerb, SessionVerb } from '../verbs/verb-facts.ts';

export interface AcceptedTurn {
  readonly turn: TurnRecord;
  /** false: the turn id was known, and this is its record. */
  readonly isNew: boolean;
}

/** Requests come checked. Every call rejects with an error whose code is in the table. */
export interface SessionsDoor {
  /** The one that the deadlines of contexts are measured on. */
  readonly clock: Clock;
  session<V extends SessionVerb>(
    context: RequestContext,
    key: SessionKey,
    verb: V,
    request: CheckedSession[V],
  ): Promise<SessionReplies[V]>;
  sessions<V extends SessionsVerb>(
    context: RequestContext,
    verb: V,
    request: CheckedSessions[V],
  ): Promise<SessionsReplies[V]>;
  /**
   * Resolves when the turn is accepted, that is durable, and not before. With a `listener`, the
   * turn's events go there from `turn.accepted` on; the last is `turn.finished`. For a turn id that
   * is known already: a running turn is joined, of a closed one only `turn.finished` comes.
   */
  turn(
    context: RequestContext,
    key: SessionKey,
    turnId: TurnId | undefined,
    request: TurnRequest,
    listener?: Listener,
  ): Promise<AcceptedTurn>;
  /**
   * Records a turn that was refused without a caller to tell (a message on the `turn` subject):
   * `turn.finished {rejected}` goes out on the events. Stored only where the session exists.
   */
  rejectTurn(
    context: RequestContext,
    key: SessionKey,
    turnId: TurnId,
    error: unknown,
  ): Promise<void>;
}
