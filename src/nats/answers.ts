/**
 * From a request's message to its reply: reads the subject, checks the body, asks the door, answers.
 * It owns the endpoints' statistics.
 *
 * Invariants: (1) every request that can be answered gets one answer, within its deadline;
 * (2) nothing reaches the door unchecked; (3) the tenant comes from the subject.
 */
import type { Msg } from 'nats';
import { parseBody, parseTurn } from '../gateway/body.ts';
import { Dispatch, type Prepared, type Target, unknownVerb, VERBS } from '../gateway/dispatch.ts';
import { TIMEOUT_HEADER, TURN_ID_HEADER, timeoutGiven } from '../gateway/headers.ts';
import type { InFlight } from '../gateway/in-flight.ts';
import { AS_BYTES, fittingReply } from '../gateway/paging.ts';
import { REQUEST_LIMITS, type RequestLimits, Requests } from '../gateway/requests.ts';
import { codeOf } from '../model/errors.ts';
import { type SessionKey, sessionKey, type Tenant } from '../model/ids.ts';
import { ANYONE, type RequestContext } from '../model/request-context.ts';
import type { Clock } from '../otp/clock.ts';
import type { SessionsDoor } from '../session/api/door.ts';
import type { DaemonFace } from '../session/verbs/daemon-verbs.ts';
import { type Declared, TURNS } from '../session/verbs/verb-facts.ts';
import { Asks } from './asks.ts';
import { EndpointStats } from './micro.ts';
import type { Outbox } from './outbox.ts';
import { type Address, ASK, type Subjects, TURN } from './subjects.ts';
import { EMPTY, errorReply, headerOf, headersOf } from './wire.ts';

export interface ApiLimits extends RequestLimits {
  /** Asks whose turn has not finished. Default 20,000. */
  readonly openAsks: number;
}

export const API_LIMITS: ApiLimits = { ...REQUEST_LIMITS, openAsks: 20_000 };

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
  readonly asks: Asks;
  readonly endpoints: readonly EndpointStats[];
  readonly #options: AnswersOptions;
  readonly #byName: ReadonlyMap<string, EndpointStats>;
  readonly #unknown: EndpointStats;
  readonly #requests: Requests;
  readonly #dispatch: Dispatch;

  constructor(options: AnswersOptions) {
    const { outbox, clock, limits, maxPayloadBytes, subjects, door, daemon } = options;
    this.#options = options;
    this.#requests = new Requests(clock, limits);
    this.#dispatch = new Dispatch(door, daemon);
    this.asks = new Asks(outbox, clock, { open: limits.openAsks, eventBytes: maxPayloadBytes / 4 });
    this.#unknown = new EndpointStats('unknown', `${subjects.root}.*.>`);
    this.endpoints = [...endpointsOf(subjects), this.#unknown];
    this.#byName = new Map(this.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  }

  /** From now on everything new is refused with `draining`, and so is what waits for something to happen. */
  drain(): void {
    this.#requests.drain();
  }

  /** Requests begun and not answered, without those that wait for something to happen. */
  get inFlight(): InFlight {
    return this.#requests.inFlight;
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
    this.#requests.mustNotDrain();
    if (address === undefined || endpoint === this.#unknown)
      throw unknownVerb(address?.kind, address?.verb ?? msg.subject);
    const key = sessionKey(address.tenant, address.kind === 'session' ? address.sessionId : '-');
    if (address.kind === 'session' && address.verb === ASK) return this.#ask(key, endpoint, msg);
    const prepared = this.#dispatch.prepare(targetOf(address, key), parseBody(msg.data));
    this.#run(address, endpoint, msg, key, prepared);
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
    const { outbox, maxPayloadBytes } = this.#options;
    const named = { name: `${address.kind}.${address.verb}`, request };
    const work = () =>
      fittingReply(named, maxPayloadBytes, AS_BYTES, (fewer) => run(context, fewer));
    this.#requests.run(verb, tenant, timeoutMs, work, {
      reply: ({ data }, tookMs) => {
        endpoint.finished(tookMs);
        if (asked.reply !== undefined) outbox.publish(asked.reply, data);
      },
      failed: (error, tookMs) => this.#refuse(endpoint, asked, error, where, tookMs),
    });
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
    const { door } = this.#options;
    const work = () => door.turn(context, key, turnId, request, ask?.tell);
    try {
      this.#requests.run(TURNS.ask, key.tenant, timeoutMs, work, {
        reply: (_, tookMs) => endpoint.finished(tookMs),
        failed,
      });
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

  #contextOf(tenant: Tenant, { headers }: Msg, timeoutMs: number): RequestContext {
    const asker = { tenant, principal: ANYONE, via: 'nats', headers: headersOf(headers) } as const;
    return this.#requests.contextOf(asker, timeoutMs);
  }

  #timeoutOf(verb: Declared, { headers }: Msg): number {
    return this.#requests.timeoutOf(verb, timeoutGiven(headerOf(headers, TIMEOUT_HEADER)));
  }
}

/** The stream answers these itself, and only subjects of exactly this shape. */
const isQueuedTurn = (address: Address | undefined): boolean =>
  address?.kind === 'session' && address.verb === TURN && !address.sessionId.includes('.');

const targetOf = ({ kind, verb }: Address, key: SessionKey): Target =>
  kind === 'session' ? { kind, verb, key } : { kind, verb };

const whereOf = (address: Address) =>
  address.kind === 'session'
    ? { tenant: address.tenant, sessionId: address.sessionId }
    : { tenant: address.tenant };

const endpointsOf = (subjects: Subjects): EndpointStats[] => [
  ...[ASK, ...Object.keys(VERBS.session)].map(
    (verb) => new EndpointStats(`session-${verb}`, subjects.session('*', '*', verb)),
  ),
  ...Object.keys(VERBS.sessions).map(
    (verb) => new EndpointStats(`sessions-${verb}`, subjects.sessions('*', verb)),
  ),
  ...Object.keys(VERBS.daemon).map(
    (verb) => new EndpointStats(`daemon-${verb}`, subjects.daemon('*', verb)),
  ),
];
