/**
 * From a request's message to its reply: reads the subject, checks the body, asks the door, answers.
 * It owns the endpoints' statistics.
 *
 * Invariants: (1) every request that can be answered gets one answer, within its deadline;
 * (2) nothing reaches the door unchecked; (3) the tenant comes from the subject.
 */
import type { Msg } from 'nats';
import { codeOf, GreenroomError } from '../model/errors.ts';
import { type SessionKey, sessionKey, type Tenant } from '../model/ids.ts';
import { ANYONE, type RequestContext, TraceIds } from '../model/request-context.ts';
import type { Clock } from '../otp/clock.ts';
import type { SessionsDoor } from '../session/api/door.ts';
import type { DaemonFace, DaemonWork } from '../session/verbs/daemon-verbs.ts';
import {
  DAEMON_VERBS,
  SESSION_VERBS,
  SESSIONS_VERBS,
  type SessionReplies,
} from '../session/verbs/registry.ts';
import { perform, type Verb } from '../session/verbs/verb.ts';
import {
  type DaemonVerb,
  type Declared,
  type SessionsVerb,
  type SessionVerb,
  TURNS,
} from '../session/verbs/verb-facts.ts';
import { Asks } from './asks.ts';
import { parseRequest, parseTurn } from './body.ts';
import { InFlight } from './in-flight.ts';
import { EndpointStats } from './micro.ts';
import type { Outbox } from './outbox.ts';
import { messagesPage, smallerLimit, wholeReply } from './paging.ts';
import { type Address, ASK, type Subjects, TURN } from './subjects.ts';
import { traceOf } from './trace-headers.ts';
import { EMPTY, errorReply, headerOf, TURN_ID_HEADER } from './wire.ts';

export interface ApiLimits {
  /** Requests begun and not answered. Default 1,000. */
  readonly inFlight: number;
  /** Asks whose turn has not finished. Default 20,000. */
  readonly openAsks: number;
  /** Requests that wait for something to happen. Default 10,000. */
  readonly waiting: number;
  /** Deadline of a request that names none, in milliseconds. Default: its verb's. */
  readonly timeoutMs?: number;
}

export const API_LIMITS: ApiLimits = { inFlight: 1_000, openAsks: 20_000, waiting: 10_000 };

export const LONGEST_TIMEOUT_MS = 600_000;
const TIMEOUT_HEADER = 'Greenroom-Timeout-Ms';

export interface AnswersOptions {
  readonly subjects: Subjects;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly maxPayloadBytes: number;
  readonly limits: ApiLimits;
  readonly daemon: DaemonFace;
  readonly door: SessionsDoor;
  /** Told of each bug that a request met, and which request that was: its caller learns no more than `internal`. */
  readonly onInternal?: (error: unknown, request: string, where?: object) => void;
}

/** A checked request, with its verb and what carries it out. */
interface Prepared {
  readonly verb: Declared;
  readonly request: unknown;
  readonly run: (context: RequestContext, request: unknown) => Promise<unknown>;
}

/**
 * What is kept of a request's message until its answer. Not the message itself: it lies in what the socket read at once, up to
 * 64 KiB, and each request under way would keep all of that.
 */
interface Asked {
  readonly subject: string;
  readonly reply: string | undefined;
}

const askedIn = ({ subject, reply }: Msg): Asked => ({ subject, reply: reply || undefined });

export class Answers {
  readonly inFlight: InFlight;
  readonly waiting: InFlight;
  readonly asks: Asks;
  readonly endpoints: readonly EndpointStats[];
  readonly #options: AnswersOptions;
  readonly #byName: ReadonlyMap<string, EndpointStats>;
  readonly #unknown: EndpointStats;
  readonly #traces = new TraceIds();
  #draining = false;

  constructor(options: AnswersOptions) {
    const { outbox, clock, limits, maxPayloadBytes, subjects } = options;
    this.#options = options;
    this.inFlight = new InFlight(limits.inFlight, clock);
    this.waiting = new InFlight(limits.waiting, clock);
    this.asks = new Asks(outbox, clock, { open: limits.openAsks, eventBytes: maxPayloadBytes / 4 });
    this.#unknown = new EndpointStats('unknown', `${subjects.root}.*.>`);
    this.endpoints = [...endpointsOf(subjects), this.#unknown];
    this.#byName = new Map(this.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  }

  /** From now on everything new is refused with `draining`, and so is what waits for something to happen. */
  drain(): void {
    this.#draining = true;
    this.waiting.endAll(draining());
  }

  /** Answers one message; the turns of the queue, which come by here too, are not for us. */
  receive(msg: Msg): void {
    const address = this.#options.subjects.parse(msg.subject);
    if (isQueuedTurn(address)) return;
    const endpoint = this.#endpointOf(address);
    if (!this.#options.subjects.mayAnswerTo(msg.reply)) return endpoint.failed('forbidden');
    try {
      this.#begin(address, endpoint, msg);
    } catch (error) {
      this.#refuse(endpoint, askedIn(msg), error);
    }
  }

  #begin(address: Address | undefined, endpoint: EndpointStats, msg: Msg): void {
    if (this.#draining) throw draining();
    if (address === undefined || endpoint === this.#unknown)
      throw unknownVerb(address, msg.subject);
    const key = sessionKey(address.tenant, address.kind === 'session' ? address.sessionId : '-');
    if (address.kind === 'session' && address.verb === ASK) return this.#ask(key, endpoint, msg);
    this.#run(address, endpoint, msg, key, this.#prepared(address, key, msg.data));
  }

  #prepared({ kind, verb }: Address, key: SessionKey, body: Uint8Array): Prepared {
    const { daemon, door } = this.#options;
    switch (kind) {
      case 'session': {
        const name = verb as SessionVerb;
        return prepared(SESSION_VERBS[name], body, (context, request) =>
          door.session(context, key, name, request as never),
        );
      }
      case 'sessions': {
        const name = verb as SessionsVerb;
        return prepared(SESSIONS_VERBS[name], body, (context, request) =>
          door.sessions(context, name, request as never),
        );
      }
      case 'daemon': {
        const known: Verb<DaemonWork> = DAEMON_VERBS[verb as DaemonVerb];
        return prepared(known, body, (context, request) =>
          perform(known, { context, daemon }, request),
        );
      }
    }
  }

  #run(
    address: Address,
    endpoint: EndpointStats,
    msg: Msg,
    { tenant }: SessionKey,
    { verb, request, run }: Prepared,
  ): void {
    const timeoutMs = this.#timeoutOf(verb, msg);
    const context = this.#contextOf(tenant, msg, timeoutMs);
    const where = { ...whereOf(address), traceId: context.traceId };
    const asked = askedIn(msg);
    const underWay = verb.waits ? this.waiting : this.inFlight;
    const ticket = underWay.enter(tenant, timeoutMs, (late) =>
      this.#refuse(endpoint, asked, late, where, timeoutMs),
    );
    this.#reply(address, request, (fewer) => run(context, fewer)).then(
      (data) => {
        if (!underWay.leave(ticket)) return;
        endpoint.finished(underWay.elapsed(ticket));
        if (asked.reply !== undefined) this.#options.outbox.publish(asked.reply, data);
      },
      (error: unknown) => {
        if (underWay.leave(ticket))
          this.#refuse(endpoint, asked, error, where, underWay.elapsed(ticket));
      },
    );
  }

  /** The reply's bytes; a page that is too large is asked for again with fewer items. */
  async #reply(
    address: Address,
    request: unknown,
    run: (request: unknown) => Promise<unknown>,
  ): Promise<Uint8Array> {
    const { maxPayloadBytes } = this.#options;
    const reply = await run(request);
    if (address.kind === 'session' && address.verb === 'messages')
      return messagesPage(reply as SessionReplies['messages'], maxPayloadBytes);
    try {
      return wholeReply(reply, maxPayloadBytes);
    } catch (error) {
      const { limit } = request as { limit?: number };
      const fewer = limit === undefined ? undefined : smallerLimit(limit, error);
      if (fewer === undefined) throw error;
      return this.#reply(address, { ...(request as object), limit: fewer }, run);
    }
  }

  #ask(key: SessionKey, endpoint: EndpointStats, msg: Msg): void {
    const { turnId, request } = parseTurn(msg.data, headerOf(msg.headers, TURN_ID_HEADER));
    const timeoutMs = this.#timeoutOf(TURNS.ask, msg);
    const context = this.#contextOf(key.tenant, msg, timeoutMs);
    const asked = askedIn(msg);
    const ask = asked.reply === undefined ? undefined : this.asks.open(key, asked.reply);
    const where = { ...key, turnId, traceId: context.traceId };
    const failed = (error: unknown, tookMs = 0) => {
      this.#count(endpoint, asked, error, where, tookMs);
      ask?.fail(error);
    };
    try {
      const ticket = this.inFlight.enter(key.tenant, timeoutMs, (late) => failed(late, timeoutMs));
      this.#options.door.turn(context, key, turnId, request, ask?.tell).then(
        () => {
          if (this.inFlight.leave(ticket)) endpoint.finished(this.inFlight.elapsed(ticket));
        },
        (error: unknown) => {
          if (this.inFlight.leave(ticket)) failed(error, this.inFlight.elapsed(ticket));
        },
      );
    } catch (error) {
      failed(error);
    }
  }

  #count(
    endpoint: EndpointStats,
    { subject }: Asked,
    error: unknown,
    where?: object,
    tookMs?: number,
  ): void {
    const code = codeOf(error);
    endpoint.failed(code, tookMs);
    if (code === 'internal') this.#options.onInternal?.(error, subject.slice(0, 400), where);
  }

  #refuse(
    endpoint: EndpointStats,
    asked: Asked,
    error: unknown,
    where?: object,
    tookMs?: number,
  ): void {
    this.#count(endpoint, asked, error, where, tookMs);
    const { reply } = asked;
    if (reply === undefined) return;
    const { data, headers } = errorReply(error);
    this.#options.outbox.publish(reply, data, headers);
    if (endpoint.name === `session-${ASK}`) this.#options.outbox.publish(reply, EMPTY);
  }

  #endpointOf(address: Address | undefined): EndpointStats {
    if (address === undefined) return this.#unknown;
    return this.#byName.get(`${address.kind}-${address.verb}`) ?? this.#unknown;
  }

  /** Throws `invalid_request` for a trace header of ours that is none. */
  #contextOf(tenant: Tenant, { headers }: Msg, timeoutMs: number): RequestContext {
    const { clock } = this.#options.door;
    return {
      tenant,
      principal: ANYONE,
      via: 'nats',
      ...traceOf(headers, this.#traces),
      receivedAtMs: clock.now(),
      deadlineMs: clock.monotonic() + timeoutMs,
    };
  }

  /** Throws `invalid_request` for a header that is no time: half a minute instead of it would surprise. */
  #timeoutOf({ timeoutMs }: Declared, msg: Msg): number {
    const given = headerOf(msg.headers, TIMEOUT_HEADER);
    if (given === undefined) return this.#options.limits.timeoutMs ?? timeoutMs;
    const wanted = Number(given);
    if (/^\d{1,15}$/.test(given) && wanted > 0) return Math.min(wanted, LONGEST_TIMEOUT_MS);
    throw new GreenroomError(
      'invalid_request',
      `the header ${TIMEOUT_HEADER} must be a whole number of milliseconds above 0`,
    );
  }
}

const draining = (): GreenroomError => new GreenroomError('draining', 'this daemon is stopping');

/** The stream answers these itself, and only subjects of exactly this shape. */
const isQueuedTurn = (address: Address | undefined): boolean =>
  address?.kind === 'session' && address.verb === TURN && !address.sessionId.includes('.');

const VERBS = { session: SESSION_VERBS, sessions: SESSIONS_VERBS, daemon: DAEMON_VERBS } as const;

const prepared = (verb: Verb<never>, body: Uint8Array, run: Prepared['run']): Prepared => ({
  verb,
  request: parseRequest(verb.request, body, verb.refusal),
  run,
});

const whereOf = (address: Address) =>
  address.kind === 'session'
    ? { tenant: address.tenant, sessionId: address.sessionId }
    : { tenant: address.tenant };

const unknownVerb = (address: Address | undefined, subject: string): GreenroomError => {
  const known = Object.keys(VERBS[address?.kind ?? 'session']).join(', ');
  return new GreenroomError(
    'unknown_verb',
    `${address?.verb ?? subject} is no verb of ${address?.kind ?? 'ours'}; there are ${known}`.slice(
      0,
      400,
    ),
  );
};

const endpointsOf = (subjects: Subjects): EndpointStats[] => [
  ...[ASK, ...Object.keys(SESSION_VERBS)].map(
    (verb) => new EndpointStats(`session-${verb}`, subjects.session('*', '*', verb)),
  ),
  ...Object.keys(SESSIONS_VERBS).map(
    (verb) => new EndpointStats(`sessions-${verb}`, subjects.sessions('*', verb)),
  ),
  ...Object.keys(DAEMON_VERBS).map(
    (verb) => new EndpointStats(`daemon-${verb}`, subjects.daemon('*', verb)),
  ),
];
