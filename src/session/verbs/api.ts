/** The sessions of one tenant as programs ask for them, embedded or over NATS. */
import type { z } from 'zod';
import type { WireEvent } from '../../model/event.ts';
import type {
  DaemonReplies,
  DaemonRequests,
  SessionReplies,
  SessionRequests,
  SessionsReplies,
  SessionsRequests,
} from './registry.ts';
import type { TurnRequest } from './turn-request.ts';
import type { DaemonVerb, SessionsVerb, SessionVerb } from './verb-facts.ts';

/** For a turn, beside its request. */
export interface TurnControl {
  /** Aborting it cancels the turn, and the iteration throws the signal's reason at once, without waiting for the end. */
  readonly signal?: AbortSignal | undefined;
  /** The caller's trace, 32 lower-case hex digits: the turn and all that the log says of it go under it. Default: a new one. */
  readonly traceId?: string | undefined;
  /** The caller's trace and span, as W3C's header has them: spans of the turn stand below that one. `traceId` goes before it. */
  readonly traceparent?: string | undefined;
}

/**
 * The sessions of one tenant, embedded or over NATS: the same calls, replies and errors.
 * Every call rejects with a `GreenroomError` whose `code` is in the table.
 */
export interface SessionsApi {
  /** Largest message of the broker between; absent where there is none. */
  readonly maxPayloadBytes?: number | undefined;
  /** Whether it was closed, or what it stands for has stopped: no call will be answered any more. Absent: not known. */
  hasEnded?(): boolean;
  session<V extends SessionVerb>(
    sessionId: string,
    verb: V,
    request: SessionRequests[V],
  ): Promise<SessionReplies[V]>;
  sessions<V extends SessionsVerb>(
    verb: V,
    request: SessionsRequests[V],
  ): Promise<SessionsReplies[V]>;
  /**
   * Runs a turn; its events come as they happen, `turn.finished` last. Leaving the loop early does
   * not cancel the turn; aborting its signal does. Throws what the turn was refused with.
   */
  turn(
    sessionId: string,
    request: z.input<typeof TurnRequest>,
    control?: TurnControl,
  ): AsyncIterable<WireEvent>;
}

/** Asks a Greenroom about itself, here or over NATS. Rejects with a `GreenroomError` whose `code` is in the table. */
export type AskDaemon = <V extends DaemonVerb>(
  verb: V,
  request: DaemonRequests[V],
) => Promise<DaemonReplies[V]>;
