/**
 * From a request's message to its reply: reads the subject, checks the body, asks the door, answers.
 * It owns the endpoints' statistics.
 *
 * Invariants: (1) every request that can be answered gets one answer, within its deadline;
 * (2) nothing reaches the door unchecked; (3) the tenant comes from the subject.
 */
import type { Msg } from 'nats';
import type { z } from 'zod';
import { codeOf, GreenroomError } from '../model/errors.ts';
import { type SessionKey, sessionKey, type Tenant } from '../model/ids.ts';
import { wrongValueOf } from '../model/parse.ts';
import type { Clock } from '../otp/clock.ts';
import type { SessionsDoor } from '../session/api/door.ts';
import {
  SESSION_VERBS,
  SESSIONS_VERBS,
  type SessionReplies,
  type SessionsVerb,
  type SessionVerb,
} from '../session/verbs/api.ts';
import { DEADLINE_MS, deadlineMs } from '../session/verbs/deadlines.ts';
import { Asks } from './asks.ts';
import { parseJson, parseRequest, parseTurn } from './body.ts';
import { InFlight } from './in-flight.ts';
import { EndpointStats } from './micro.ts';
import type { Outbox } from './outbox.ts';
import { messagesPage, smallerLimit, wholeReply } from './paging.ts';
import { type Address, ASK, type Subjects, TURN } from './subjects.ts';
import { EMPTY, errorReply, headerOf, TURN_ID_HEADER } from './wire.ts';

/** Verbs on the daemon itself: whatever JSON they are given, whatever they give back. */
export type DaemonVerbs = Readonly<
  Record<string, (request: unknown, tenant: Tenant) => unknown | Promise<unknown>>
>;

export interface ApiLimits {
  /** Requests begun and not answered. Default 1,000. */
  readonly inFlight: number;
  /** Asks whose turn has not finished. Default 20,000. */
  readonly openAsks: number;
  /** Deadline of a request that names none, in milliseconds. Default 30,000. */
  readonly timeoutMs: number;
}

export const API_LIMITS: ApiLimits = {
  inFlight: 1_000,
  openAsks: 20_000,
  timeoutMs: DEADLINE_MS,
};

const LONGEST_TIMEOUT_MS = 600_000;
const TIMEOUT_HEADER = 'Greenroom-Timeout-Ms';

export interface AnswersOptions {
  readonly subjects: Subjects;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly maxPayloadBytes: number;
  readonly limits: ApiLimits;
  readonly daemonVerbs: DaemonVerbs;
  readonly door: SessionsDoor;
  /** Told of each bug that a request met, and which request that was: its caller learns no more than `internal`. */
  readonly onInternal?: (error: unknown, request: string) => void;
}

type Run = (request: unknown, timeoutMs: number) => Promise<unknown>;

export class Answers {
  readonly inFlight: InFlight;
  readonly asks: Asks;
  readonly endpoints: readonly EndpointStats[];
  readonly #options: AnswersOptions;
  readonly #byName: ReadonlyMap<string, EndpointStats>;
  readonly #unknown: EndpointStats;
  #draining = false;

  constructor(options: AnswersOptions) {
    const { outbox, clock, limits, maxPayloadBytes, subjects, daemonVerbs } = options;
    this.#options = options;
    this.inFlight = new InFlight(limits.inFlight, clock);
    this.asks = new Asks(outbox, clock, { open: limits.openAsks, eventBytes: maxPayloadBytes / 4 });
    this.#unknown = new EndpointStats('unknown', `${subjects.root}.*.>`);
    this.endpoints = [...endpointsOf(subjects, Object.keys(daemonVerbs)), this.#unknown];
    this.#byName = new Map(this.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  }

  /** From now on everything new is refused with `draining`. */
  drain(): void {
    this.#draining = true;
  }

  /** Answers one message; the turns of the queue, which come by here too, are not for us. */
  receive(msg: Msg): void {
    const address = this.#options.subjects.parse(msg.subject);
    if (isQueuedTurn(address)) return;
    const endpoint = this.#endpointOf(address);
    try {
      this.#begin(address, endpoint, msg);
    } catch (error) {
      this.#refuse(endpoint, msg, error);
    }
  }

  #begin(address: Address | undefined, endpoint: EndpointStats, msg: Msg): void {
    if (this.#draining) throw new GreenroomError('draining', 'this daemon is stopping');
    if (address === undefined || endpoint === this.#unknown)
      throw unknownVerb(address, msg.subject);
    const key = sessionKey(address.tenant, address.kind === 'session' ? address.sessionId : '-');
    if (address.kind === 'session' && address.verb === ASK) return this.#ask(key, endpoint, msg);
    const { request, run } = this.#prepared(address, key, msg.data);
    this.#run(address, endpoint, msg, request, run);
  }

  /** The checked request and what carries it out. */
  #prepared(
    { kind, verb }: Address,
    key: SessionKey,
    body: Uint8Array,
  ): { request: unknown; run: Run } {
    const { daemonVerbs, door } = this.#options;
    const wrong = wrongValueOf(verb);
    switch (kind) {
      case 'session': {
        const known = verb as SessionVerb;
        const request = parseRequest(SESSION_VERBS[known], body, wrong);
        return {
          request,
          run: (asked, timeoutMs) => door.session(key, known, asked as never, { timeoutMs }),
        };
      }
      case 'sessions': {
        const known = verb as SessionsVerb;
        const request = parseRequest(SESSIONS_VERBS[known] as z.ZodType, body, wrong);
        return { request, run: (asked) => door.sessions(key.tenant, known, asked as never) };
      }
      case 'daemon': {
        const request = body.length === 0 ? {} : parseJson(body);
        return { request, run: async (asked) => daemonVerbs[verb]?.(asked, key.tenant) };
      }
    }
  }

  #run(address: Address, endpoint: EndpointStats, msg: Msg, request: unknown, run: Run): void {
    const timeoutMs = this.#timeoutOf(address.verb, msg);
    const ticket = this.inFlight.enter(timeoutMs, (late) => this.#refuse(endpoint, msg, late));
    this.#reply(address, request, timeoutMs, run).then(
      (data) => {
        if (!this.inFlight.leave(ticket)) return;
        endpoint.finished(this.inFlight.elapsed(ticket));
        if (msg.reply) this.#options.outbox.publish(msg.reply, data);
      },
      (error: unknown) => {
        if (this.inFlight.leave(ticket)) this.#refuse(endpoint, msg, error);
      },
    );
  }

  /** The reply's bytes; a page that is too large is asked for again with fewer items. */
  async #reply(
    address: Address,
    request: unknown,
    timeoutMs: number,
    run: Run,
  ): Promise<Uint8Array> {
    const { maxPayloadBytes } = this.#options;
    const reply = await run(request, timeoutMs);
    if (address.kind === 'session' && address.verb === 'messages')
      return messagesPage(reply as SessionReplies['messages'], maxPayloadBytes);
    try {
      return wholeReply(reply, maxPayloadBytes);
    } catch (error) {
      const { limit } = request as { limit?: number };
      const fewer = limit === undefined ? undefined : smallerLimit(limit, error);
      if (fewer === undefined) throw error;
      return this.#reply(address, { ...(request as object), limit: fewer }, timeoutMs, run);
    }
  }

  #ask(key: SessionKey, endpoint: EndpointStats, msg: Msg): void {
    const { turnId, request } = parseTurn(msg.data, headerOf(msg.headers, TURN_ID_HEADER));
    const ask = msg.reply ? this.asks.open(key, msg.reply) : undefined;
    const failed = (error: unknown) => {
      this.#count(endpoint, msg, error);
      ask?.fail(error);
    };
    try {
      const ticket = this.inFlight.enter(this.#timeoutOf(ASK, msg), failed);
      this.#options.door.turn(key, turnId, request, ask?.tell).then(
        () => {
          if (this.inFlight.leave(ticket)) endpoint.finished(this.inFlight.elapsed(ticket));
        },
        (error: unknown) => {
          if (this.inFlight.leave(ticket)) failed(error);
        },
      );
    } catch (error) {
      failed(error);
    }
  }

  #count(endpoint: EndpointStats, { subject }: Msg, error: unknown): void {
    const code = codeOf(error);
    endpoint.failed(code);
    if (code === 'internal') this.#options.onInternal?.(error, subject.slice(0, 400));
  }

  #refuse(endpoint: EndpointStats, msg: Msg, error: unknown): void {
    this.#count(endpoint, msg, error);
    if (!msg.reply) return;
    const { data, headers } = errorReply(error);
    this.#options.outbox.publish(msg.reply, data, headers);
    if (endpoint.name === `session-${ASK}`) this.#options.outbox.publish(msg.reply, EMPTY);
  }

  #endpointOf(address: Address | undefined): EndpointStats {
    if (address === undefined) return this.#unknown;
    return this.#byName.get(`${address.kind}-${address.verb}`) ?? this.#unknown;
  }

  /** Throws `invalid_request` for a header that is no time: half a minute instead of it would surprise. */
  #timeoutOf(verb: string, msg: Msg): number {
    const given = headerOf(msg.headers, TIMEOUT_HEADER);
    if (given === undefined) return deadlineMs(verb, this.#options.limits.timeoutMs);
    const wanted = Number(given);
    if (/^\d{1,15}$/.test(given) && wanted > 0) return Math.min(wanted, LONGEST_TIMEOUT_MS);
    throw new GreenroomError(
      'invalid_request',
      `the header ${TIMEOUT_HEADER} must be a whole number of milliseconds above 0`,
    );
  }
}

/** The stream answers these itself, and only subjects of exactly this shape. */
const isQueuedTurn = (address: Address | undefined): boolean =>
  address?.kind === 'session' && address.verb === TURN && !address.sessionId.includes('.');

const unknownVerb = (address: Address | undefined, subject: string): GreenroomError => {
  const known = address?.kind === 'sessions' ? SESSIONS_VERBS : SESSION_VERBS;
  const verbs = address?.kind === 'daemon' ? '' : `; there are ${Object.keys(known).join(', ')}`;
  return new GreenroomError(
    'unknown_verb',
    `${address?.verb ?? subject} is no verb of ${address?.kind ?? 'ours'}${verbs}`.slice(0, 400),
  );
};

const endpointsOf = (subjects: Subjects, daemonVerbs: readonly string[]): EndpointStats[] => [
  ...[ASK, ...Object.keys(SESSION_VERBS)].map(
    (verb) => new EndpointStats(`session-${verb}`, subjects.session('*', '*', verb)),
  ),
  ...Object.keys(SESSIONS_VERBS).map(
    (verb) => new EndpointStats(`sessions-${verb}`, subjects.sessions('*', verb)),
  ),
  ...daemonVerbs.map((verb) => new EndpointStats(`daemon-${verb}`, subjects.daemon('*', verb))),
];
