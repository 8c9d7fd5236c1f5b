/**
 * A client over NATS: the same calls, replies and errors as embedded (`SessionsApi`), for one tenant.
 * It owns its connection, and whatever streams are open on it.
 */
import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, headers, type MsgHdrs, type NatsConnection } from 'nats';
import type { z } from 'zod';
import { TRACE_HEADER, TRACEPARENT_HEADER } from '../gateway/headers.ts';
import { REQUEST_TIMEOUT_MS } from '../model/deadlines.ts';
import { GreenroomError } from '../model/errors.ts';
import type { WireEvent } from '../model/event.ts';
import { newTurnId, sessionKey } from '../model/ids.ts';
import { traceGiven } from '../model/request-context.ts';
import { type RefusedTurn, refusedTurns } from '../nats/refused-turns.ts';
import { serversIn } from '../nats/servers.ts';
import { ASK, Subjects } from '../nats/subjects.ts';
import { pause } from '../otp/clock.ts';
import { systemClock } from '../otp/system-clock.ts';
import { withoutUserParts } from '../platform/address.ts';
import { AbortSignals, cancelTurn, mustNotBeAborted } from '../session/api/abort.ts';
import { messagesOfTurn } from '../session/api/turn-messages.ts';
import type { Watched } from '../session/events/watch-queue.ts';
import type { SessionsApi, TurnControl } from '../session/verbs/api.ts';
import type {
  DaemonReplies,
  DaemonRequests,
  SessionReplies,
  SessionRequests,
  SessionsReplies,
  SessionsRequests,
} from '../session/verbs/registry.ts';
import type { TurnRequest } from '../session/verbs/turn-request.ts';
import {
  DAEMON,
  type DaemonVerb,
  type Declared,
  SESSION,
  SESSIONS,
  type SessionsVerb,
  type SessionVerb,
} from '../session/verbs/verb-facts.ts';
import { AskStream } from './ask-stream.ts';
import { type Change, Connection } from './connection.ts';

import { fromNats, replyIn } from './replies.ts';
import { Telling } from './telling.ts';
import { untilBack } from './until-back.ts';

export interface ClientOptions {
  /** `nats://host:port`, several with commas or as a list; `user:password@` or `token@` before the host. */
  readonly servers: string | readonly string[];
  /** First token of every subject. Default `greenroom`. */
  readonly prefix?: string;
  /** Default `default`. */
  readonly tenant?: string;
  /** A credentials file. */
  readonly creds?: string | undefined;
  /** First tokens of the subjects where answers come, for a user that may listen nowhere else. Default `_INBOX`. */
  readonly inboxPrefix?: string | undefined;
  /** How long the first connection may take, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** How long a request may take, in milliseconds; default 35,000, longer for `import` and `cleanup`. */
  readonly timeoutMs?: number;
  /** Silence after which the client asks for a turn's stream again, in milliseconds. Default 30,000. */
  readonly silenceMs?: number;
  /** How long a turn's stream may stay lost, in milliseconds, a restart of the daemon included. Default 30,000. */
  readonly rejoinMs?: number;
  /**
   * Asked while the daemon is away: where it is now, in the form of `servers`; undefined: where it was. What
   * waits then goes on there.
   */
  readonly locate?: () => string | undefined;
  /** Called when the daemon no longer answers, within three seconds; only while a request waits. */
  readonly onAway?: () => void;
  /** Called when a daemon answers again. */
  readonly onBack?: () => void;
}

export interface Client extends SessionsApi {
  readonly tenant: string;
  /** Largest message of the broker, in bytes; undefined while there is no connection. */
  readonly maxPayloadBytes: number | undefined;
  /** A verb on the daemon itself: `status`, `tree`, … A daemon of another version may return more fields, or fewer. */
  daemon<V extends DaemonVerb>(verb: V, request?: DaemonRequests[V]): Promise<DaemonReplies[V]>;
  /** From now on, whenever it is read: the events of one session, or without an id the lifecycle events of all. Ends with the client. */
  watch(sessionId?: string): AsyncIterable<Watched>;
  /** Turns of the queue that were refused, newest first; the broker keeps them. */
  refusedTurns(wanted?: { limit?: number; sessionId?: string }): Promise<readonly RefusedTurn[]>;
  /** Closes the connection; open streams end with `unavailable`. */
  close(): Promise<void>;
}

/** What a request may take beyond the daemon's own deadline: its way there and back. */
const MARGIN_MS = 5_000;

/** Connects; rejects with `unavailable` if no broker answers. Afterwards it reconnects by itself. */
export const connectClient = async (options: ClientOptions): Promise<Client> => {
  const { tenant = 'default', prefix = 'greenroom' } = options;
  sessionKey(tenant, '-');
  try {
    return new NatsClient(await open(options), new Subjects(prefix), tenant, options);
  } catch (error) {
    const { message } = error as Error;
    const why = PLAIN_WORDS[message] ?? message;
    const where = withoutUserParts(options.servers, '');
    throw new GreenroomError('unavailable', `cannot connect to NATS at ${where}: ${why}`, {
      cause: error,
    });
  }
};

/** The library says these in one word. */
const PLAIN_WORDS: Readonly<Record<string, string>> = {
  CONNECTION_REFUSED: 'nobody listens there',
  TIMEOUT: 'nobody answers there',
};

const open = (
  { servers, creds, inboxPrefix, connectTimeoutMs }: ClientOptions,
  instead?: string,
): Promise<NatsConnection> =>
  connect({
    ...serversIn(instead ?? servers),
    name: 'greenroom-client',
    noAsyncTraces: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    timeout: connectTimeoutMs ?? 5_000,
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(readFileSync(creds)) }),
  });

class NatsClient implements Client {
  readonly tenant: string;
  readonly #connection: Connection;
  readonly #subjects: Subjects;
  readonly #options: ClientOptions;
  readonly #streams = new Set<AskStream>();
  readonly #signals = new AbortSignals();
  readonly #tellings = new Set<Telling>();
  #isClosed = false;

  constructor(nc: NatsConnection, subjects: Subjects, tenant: string, options: ClientOptions) {
    this.#connection = new Connection(nc, {
      clock: systemClock,
      open: (servers) => open(options, servers),
      locate: options.locate ?? (() => undefined),
      pingSubject: subjects.daemon(tenant, 'ping'),
    });
    this.#subjects = subjects;
    this.tenant = tenant;
    this.#options = options;
    this.#connection.onChange((change) => this.#changed(change));
    this.#connection.onForbidden((subject, error) => {
      for (const stream of this.#streams) if (stream.subject === subject) stream.fail(error);
    });
  }

  get maxPayloadBytes(): number | undefined {
    return this.#connection.nc.info?.max_payload;
  }

  hasEnded(): boolean {
    return this.#isClosed;
  }

  async session<V extends SessionVerb>(
    sessionId: string,
    verb: V,
    request: SessionRequests[V],
  ): Promise<SessionReplies[V]> {
    sessionKey(this.tenant, sessionId);
    const subject = this.#subjects.session(this.tenant, sessionId, verb);
    return (await this.#request(subject, SESSION[verb], request)) as SessionReplies[V];
  }

  async sessions<V extends SessionsVerb>(
    verb: V,
    request: SessionsRequests[V],
  ): Promise<SessionsReplies[V]> {
    const subject = this.#subjects.sessions(this.tenant, verb);
    const answer = this.#request(subject, SESSIONS[verb], request);
    const declared: Declared | undefined = SESSIONS[verb];
    // A watch whose opening was lost is forgotten by the daemon.
    const isAskedAgain = declared?.waits === true || verb === 'watch-open';
    return (await (isAskedAgain
      ? untilBack(this.#connection, answer)
      : answer)) as SessionsReplies[V];
  }

  async daemon<V extends DaemonVerb>(
    verb: V,
    request?: DaemonRequests[V],
  ): Promise<DaemonReplies[V]> {
    const subject = this.#subjects.daemon(this.tenant, verb);
    return (await this.#request(subject, DAEMON[verb], request ?? {})) as DaemonReplies[V];
  }

  async *turn(
    sessionId: string,
    request: z.input<typeof TurnRequest>,
    control: TurnControl = {},
  ): AsyncGenerator<WireEvent, void> {
    const { signal } = control;
    sessionKey(this.tenant, sessionId);
    mustNotBeAborted(signal);
    const turnId = request.turnId ?? newTurnId(systemClock.now());
    const trace = traceHeaders(control);
    const stream = this.#ask(sessionId, { ...request, turnId }, turnId, trace);
    const waited = this.#connection.pulse.begin();
    const unhear = this.#signals.hear(signal, (reason) => {
      stream.fail(reason);
      void cancelTurn(this, sessionId, turnId, (ms) => pause(systemClock, ms));
    });
    this.#connection.pulse.recognise();
    this.#streams.add(stream);
    try {
      for (let event = await stream.next(); event !== undefined; event = await stream.next())
        yield event;
    } finally {
      this.#streams.delete(stream);
      unhear();
      waited();
      stream.close();
    }
  }

  watch(sessionId?: string): AsyncGenerator<Watched, void> {
    if (sessionId !== undefined) sessionKey(this.tenant, sessionId);
    const subject =
      sessionId === undefined
        ? this.#subjects.lifecycle(this.tenant)
        : this.#subjects.events(this.tenant, sessionId);
    const telling = new Telling(this.#connection, subject, (ended) => this.#tellings.delete(ended));
    if (!telling.hasEnded) this.#tellings.add(telling);
    return telling.read();
  }

  async refusedTurns({
    limit = 100,
    sessionId,
  }: {
    limit?: number;
    sessionId?: string;
  } = {}): Promise<readonly RefusedTurn[]> {
    const { nc } = this.#connection;
    try {
      return await refusedTurns(nc, this.#subjects, { tenant: this.tenant, sessionId, limit });
    } catch (error) {
      throw fromNats(error, this.#subjects.deadStream, nc.info?.max_payload ?? 0);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.abandon();
    for (const telling of this.#tellings) telling.close();
    await this.#connection.close();
  }

  #ask(
    sessionId: string,
    request: z.input<typeof TurnRequest>,
    turnId: string,
    trace: MsgHdrs,
  ): AskStream {
    const { silenceMs = 30_000, rejoinMs = 30_000 } = this.#options;
    const connection = this.#connection;
    return new AskStream(
      {
        get nc() {
          return connection.nc;
        },
        inboxPrefix: this.#options.inboxPrefix,
        clock: systemClock,
        subject: this.#subjects.session(this.tenant, sessionId, ASK),
        body: bodyOf(request),
        headers: trace,
        address: { tenant: this.tenant, sessionId, turnId },
        status: async () => (await this.session(sessionId, 'turn-status', { turnId })).turn,
        messagesFrom: (seq) => messagesOfTurn(this, sessionId, turnId, seq),
        heard: () => connection.pulse.heard(),
      },
      { silenceMs, rejoinMs },
    );
  }

  /** A verb that callers without a compiler make up is refused by the daemon. */
  async #request(subject: string, verb: Declared | undefined, request: unknown): Promise<unknown> {
    const usualMs = (verb?.timeoutMs ?? REQUEST_TIMEOUT_MS) + MARGIN_MS;
    const timeoutMs = this.#options.timeoutMs ?? usualMs;
    const body = bodyOf(request);
    try {
      // One that waits is asked again by its reader, which counts what it has heard.
      const changesNothing = verb?.needs === 'read' && verb.waits !== true;
      return replyIn(await this.#connection.request(subject, body, { timeoutMs, changesNothing }));
    } catch (error) {
      throw fromNats(error, subject, this.maxPayloadBytes ?? 0);
    }
  }

  #changed(change: Change): void {
    for (const stream of this.#streams) {
      if (change === 'away') stream.lose();
      else stream.rejoin();
    }
    if (change === 'away') this.#options.onAway?.();
    else this.#options.onBack?.();
  }
}

/** Throws `invalid_request` for what cannot be JSON: a cycle, a BigInt. */
const bodyOf = (request: unknown): Uint8Array => {
  try {
    return Buffer.from(JSON.stringify(request));
  } catch (error) {
    const why = (error as Error).message;
    throw new GreenroomError('invalid_request', `the request cannot be JSON: ${why}`, {
      cause: error,
    });
  }
};

/** Throws `invalid_request` for what is no trace. */
const traceHeaders = (control: TurnControl): MsgHdrs => {
  const fields = headers();
  const { traceId, parent } = traceGiven(control);
  if (parent === undefined) fields.set(TRACE_HEADER, traceId);
  else fields.set(TRACEPARENT_HEADER, control.traceparent ?? '');
  return fields;
};
