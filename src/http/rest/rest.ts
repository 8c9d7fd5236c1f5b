/**
 * `/v1`: from a request to its verb. Who asks is known before anything of the request is looked at, and whether that one
 * may before anything is done.
 */
import { parseBody } from '../../gateway/body.ts';
import { verbNamed } from '../../gateway/dispatch.ts';
import { GreenroomError } from '../../model/errors.ts';
import { newSessionId, type SessionKey, sessionKey } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { CheckedSessions } from '../../session/verbs/registry.ts';
import type { WatchChangeView } from '../../session/verbs/watch-verbs.ts';
import type { Caller } from '../access/credentials.ts';
import { isNarrow, narrowed, narrowedChange } from '../access/narrowing.ts';
import { mustHave } from '../access/scopes.ts';
import type { Grant } from '../access/token-book.ts';
import { EventStream } from '../streams/event-stream.ts';
import { followSearch, watchPlaceIn } from '../streams/follow-search.ts';
import { followSessions, MAX_FOLLOWED, placesIn } from '../streams/follow-sessions.ts';
import {
  type Exchange,
  JSON_TYPE,
  mediaTypeOf,
  mustBeJson,
  readBody,
  readerOf,
  send,
  sendProblem,
} from '../wire/exchange.ts';
import { HttpError } from '../wire/problem.ts';
import { download } from './download.ts';
import { type Ground, mustSee } from './ground.ts';
import { idOfKey } from './idempotency.ts';
import { needOf } from './needs.ts';
import { QueryValues } from './query-values.ts';
import type { Match, OtherRoute, Route, VerbRoute } from './route.ts';
import { ROUTES } from './routes.ts';
import { endUnlessTheirs } from './still-theirs.ts';
import { runTurn } from './turn-request.ts';
import { type Asked, runVerb } from './verb-request.ts';

export interface RestOptions extends Ground {
  /** Told of each bug that a request met: its caller learns no more than `internal`. */
  readonly onBug: (error: unknown, request: string, traceId?: string) => void;
  /** The description of all this, as JSON; undefined: there is none. */
  readonly openapi: () => string | undefined;
}

type Failed = Asked['failed'];

export class Rest {
  readonly #options: RestOptions;
  readonly #values = new QueryValues();

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** Answers it, whatever comes of it. */
  answer(exchange: Exchange, caller: Caller): void {
    const failed: Failed = (error, context) => {
      const code = sendProblem(exchange, error, context?.traceId);
      const { method, path } = exchange;
      if (code === 'internal') this.#options.onBug(error, `${method} ${path}`, context?.traceId);
    };
    try {
      this.#begin(exchange, caller, failed);
    } catch (error) {
      failed(error);
    }
  }

  #begin(exchange: Exchange, caller: Caller, failed: Failed): void {
    this.#options.requests.mustNotDrain();
    const match = this.#matched(exchange);
    mustBeAllowed(caller.grant, match.route);
    mustBeWanted(exchange, caller);
    if (match.route.does === 'verb')
      return this.#verb(exchange, caller, match.route, match, failed);
    this.#other(exchange, caller, match.route, match, failed).catch((error: unknown) =>
      failed(error),
    );
  }

  #matched({ method, path }: Exchange): Match {
    const match = ROUTES.find(method, path);
    if (match === undefined)
      throw new HttpError('unknown_path', `there is no ${path.slice(0, 200)}; see /openapi.json`);
    if ('route' in match) return match;
    const allow = match.allowed.join(', ');
    throw new HttpError('method_not_allowed', `it takes ${allow}`, { Allow: allow });
  }

  #verb(
    exchange: Exchange,
    { grant }: Caller,
    route: VerbRoute,
    { names }: Match,
    failed: Failed,
    value?: unknown,
  ): void {
    const asked = {
      exchange,
      route,
      names,
      grant,
      failed,
      ...(value === undefined ? {} : { value }),
    };
    runVerb(this.#options, this.#values, asked);
  }

  async #other(
    exchange: Exchange,
    caller: Caller,
    { does }: OtherRoute,
    match: Match,
    failed: Failed,
  ): Promise<void> {
    const { sessionId, archiveId } = match.names;
    switch (does) {
      case 'turn':
        return runTurn(this.#options, { exchange, sessionId, caller, failed });
      case 'create':
        return this.#create(exchange, caller, failed);
      case 'events':
        return this.#events(exchange, caller.grant, [sessionId ?? '']);
      case 'all-events':
        return this.#events(exchange, caller.grant, sessionsIn(exchange));
      case 'watch':
        return this.#watch(exchange, caller.grant);
      case 'download': {
        const { grant } = caller;
        const context = () => this.#contextOf(exchange, grant);
        return download(this.#options, { exchange, grant, archiveId: archiveId ?? '', context });
      }
      case 'openapi': {
        const text = this.#options.openapi();
        if (text === undefined) throw new HttpError('unknown_path', 'there is no description');
        return send(exchange, { status: 200, type: JSON_TYPE, body: text });
      }
    }
  }

  /** A session of the name that the body gives it, or of a new one. */
  async #create(exchange: Exchange, caller: Caller, failed: Failed): Promise<void> {
    mustBeJson(exchange);
    const body = parseBody(await readBody(exchange));
    const { sessionId, ...value } = fieldsOf(body);
    const { clock } = this.#options;
    const keyed = idOfKey(readerOf(exchange.message)('idempotency-key'), caller.grant);
    const named = sessionId === undefined ? (keyed ?? newSessionId(clock.now())) : sessionId;
    const route: VerbRoute = { ...CREATE };
    const names = { sessionId: named as string };
    this.#verb(exchange, caller, route, { route, names }, failed, value);
  }

  async #events(exchange: Exchange, grant: Grant, sessionIds: readonly string[]): Promise<void> {
    const { door, feed, streams } = this.#options;
    const keys = sessionIds.map((id) => sessionKey(grant.tenant, id));
    const from = placesIn(placeGiven(exchange), keys.length);
    const context = this.#contextOf(exchange, grant);
    for (const key of keys) await this.#mustBeThere(context, grant, key);
    streams.mustHaveRoom(grant.tenant);
    const stream = this.#streamOf(exchange, grant, context);
    const again = () => this.#contextOf(exchange, grant);
    const onTold = isNarrow(grant)
      ? endUnlessTheirs(this.#options, grant, stream, again)
      : undefined;
    followSessions(stream, { door, feed, context, keys, from, onTold });
  }

  async #watch(exchange: Exchange, grant: Grant): Promise<void> {
    const { door, dispatch, streams } = this.#options;
    const verb = verbNamed('sessions', 'watch-open');
    const { after: _, ...asked } =
      verb === undefined ? {} : this.#values.read(verb, exchange.query);
    const target = { kind: 'sessions', verb: 'watch-open' } as const;
    const value = isNarrow(grant) ? narrowed(grant, target, asked) : asked;
    const criteria = dispatch.prepare(target, value).request as CheckedSessions['watch-open'];
    const from = watchPlaceIn(placeGiven(exchange));
    streams.mustHaveRoom(grant.tenant);
    const context = this.#contextOf(exchange, grant);
    const stream = this.#streamOf(exchange, grant, context);
    const again = () => this.#contextOf(exchange, grant);
    const seen = (change: WatchChangeView) => narrowedChange(grant, change);
    await followSearch(stream, { door, context: again, criteria, from, seen });
  }

  #streamOf(exchange: Exchange, grant: Grant, { traceId }: RequestContext): EventStream {
    const { streams, isGood, clock } = this.#options;
    const stream = new EventStream(exchange, clock, { 'Greenroom-Trace': traceId });
    streams.add(grant.tenant, stream, () => isGood(grant));
    return stream;
  }

  async #mustBeThere(context: RequestContext, grant: Grant, key: SessionKey): Promise<void> {
    if (isNarrow(grant)) return mustSee(this.#options, context, grant, key);
    await this.#options.door.session(context, key, 'get', {});
  }

  #contextOf({ message }: Exchange, { tenant, principal }: Grant): RequestContext {
    const headers = readerOf(message);
    return this.#options.requests.contextOf({ tenant, principal, via: 'http', headers }, STREAM_MS);
  }
}

/** By when what a stream reads before it begins is there. */
const STREAM_MS = 30_000;

const CREATE: VerbRoute = {
  ...{ does: 'verb', method: 'POST', path: '/v1/sessions', kind: 'session', verb: 'create' },
  ...{ status: 201, makes: 'session', showsSession: true },
};

const mustBeAllowed = (grant: Grant, route: Route): void => mustHave(grant, needOf(route));

/** Before a browser sends JSON for another page it asks whether it may; a form or a plain text it just sends. */
const mustBeWanted = (exchange: Exchange, { isByCookie }: Caller): void => {
  if (!isByCookie || exchange.method === 'GET' || exchange.method === 'HEAD') return;
  if (mediaTypeOf(exchange) !== JSON_TYPE)
    throw new HttpError('unsupported_media_type', `send Content-Type: ${JSON_TYPE}`);
};

const fieldsOf = (body: unknown): Readonly<Record<string, unknown>> => {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body };
  throw new GreenroomError('invalid_request', 'the body must be a JSON object');
};

const sessionsIn = ({ query }: Exchange): readonly string[] => {
  const text = new URLSearchParams(query).get('sessions') ?? '';
  const ids = [...new Set(text.split(',').filter((id) => id !== ''))];
  if (ids.length > 0 && ids.length <= MAX_FOLLOWED) return ids;
  throw new GreenroomError(
    'invalid_request',
    `sessions: name 1 to ${MAX_FOLLOWED} sessions, with commas`,
  );
};

/** Of a browser that comes back it is the header; a reader that knows where it is says so itself. */
const placeGiven = ({ message, query }: Exchange): string | undefined =>
  readerOf(message)('last-event-id') ?? new URLSearchParams(query).get('after') ?? undefined;
