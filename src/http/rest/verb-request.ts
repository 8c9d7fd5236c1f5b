/** One request that is a verb: its value is put together, narrowed, checked, carried out and answered. */
import { parseBody } from '../../gateway/body.ts';
import { type Prepared, type Target, unknownVerb, verbNamed } from '../../gateway/dispatch.ts';
import { TIMEOUT_HEADER, timeoutGiven } from '../../gateway/headers.ts';
import { AS_TEXT, fittingReply, type Reply } from '../../gateway/paging.ts';
import { codeOf, GreenroomError } from '../../model/errors.ts';
import { type SessionKey, sessionKey } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Verb } from '../../session/verbs/verb.ts';
import {
  isNarrow,
  mustBeTheirs,
  narrowed,
  narrowedReply,
  needsTheirs,
} from '../access/narrowing.ts';
import type { Grant } from '../access/token-book.ts';
import {
  type Exchange,
  JSON_TYPE,
  mayTake,
  mustBeJson,
  readBody,
  readerOf,
  send,
  sendEmpty,
} from '../wire/exchange.ts';
import { type Ground, mustSee } from './ground.ts';
import { idOfKey } from './idempotency.ts';
import { etagOf, isKnownVersion, notAsMatched, versionMatched } from './preconditions.ts';
import type { QueryValues } from './query-values.ts';
import type { VerbRoute } from './route.ts';

/** Largest answer, in bytes. An entry that takes more than a quarter of it is told by its size. */
export const MAX_REPLY_BYTES = 40 * 1024 * 1024;

export interface Asked {
  readonly exchange: Exchange;
  readonly route: VerbRoute;
  readonly names: Readonly<Record<string, string>>;
  readonly grant: Grant;
  /** In place of what is in the body. */
  readonly value?: unknown;
  /** Told when it has failed. */
  readonly failed: (error: unknown, context?: RequestContext) => void;
}

/** Throws, or tells `failed`; or answers. */
export const runVerb = (ground: Ground, values: QueryValues, asked: Asked): void => {
  const { exchange, route, value } = asked;
  const verb = verbNamed(route.kind, route.verb);
  if (verb === undefined) throw unknownVerb(route.kind, route.verb);
  if (value !== undefined) return carryOut(ground, asked, value);
  if (route.method === 'GET' || route.method === 'DELETE')
    return carryOut(ground, asked, withNames(asked, values.read(verb, exchange.query)));
  mustBeJson(exchange);
  readBody(exchange)
    .then((body) => carryOut(ground, asked, withNames(asked, parseBody(body))))
    .catch((error: unknown) => asked.failed(error));
};

/** What path and route say goes in; a body that says something else about it is a mistake. */
const withNames = ({ route, names }: Asked, value: unknown): unknown => {
  const { sessionId: _, ...fields } = names;
  const { fixed = {}, listed = {} } = route;
  const added: Record<string, unknown> = { ...fixed };
  for (const [name, text] of Object.entries(fields)) {
    const list = Object.entries(listed).find(([, of]) => of === name)?.[0];
    if (list === undefined) added[name] = text;
    else added[list] = [text];
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  for (const [name, wanted] of Object.entries(added)) {
    const given = (value as Record<string, unknown>)[name];
    if (given !== undefined && JSON.stringify(given) !== JSON.stringify(wanted))
      throw new GreenroomError('invalid_request', `${name}: the address says something else`);
  }
  return { ...value, ...added };
};

const targetOf = ({ route: { kind, verb }, names, grant }: Asked): Target =>
  kind === 'session'
    ? { kind, verb, key: sessionKey(grant.tenant, names['sessionId']) }
    : { kind, verb };

const carryOut = (ground: Ground, asked: Asked, given: unknown): void => {
  const { exchange, grant, failed } = asked;
  const { requests, dispatch } = ground;
  const target = targetOf(asked);
  const headers = readerOf(exchange.message);
  const narrow = isNarrow(grant);
  const keyed = keyOf(asked);
  const matched = versionMatched(headers('if-match'));
  const checksItself = matched !== undefined && hasExpectedVersion(target);
  const value = withVersion(
    named(narrow ? narrowed(grant, target, given) : given, asked, keyed),
    checksItself ? matched : undefined,
  );
  const { verb, request, run } = dispatch.prepare(target, value);
  const timeoutMs = requests.timeoutOf(verb, timeoutGiven(headers(TIMEOUT_HEADER)));
  const { tenant, principal } = grant;
  const context = requests.contextOf({ tenant, principal, via: 'http', headers }, timeoutMs);
  const paged = { name: `${target.kind}.${target.verb}`, request };
  const runNarrowed: Prepared['run'] = async (...of) =>
    narrowedReply(grant, target, await run(...of));
  const isMatched = matched !== undefined && target.kind === 'session';
  const looksFirst = isMatched && (!checksItself || matched === 'any');
  const fitting = () =>
    fittingReply(paged, MAX_REPLY_BYTES, AS_TEXT, (fewer) =>
      narrow ? runNarrowed(context, fewer) : run(context, fewer),
    );
  const isTheirsFirst = narrow && target.kind === 'session' && needsTheirs(target);
  const change = async () => {
    if (isTheirsFirst) await mustSee(ground, context, grant, target.key);
    if (looksFirst) await mustMatch(ground, context, target.key, matched);
    return fitting();
  };
  const work = () => {
    if (keyed === undefined) return isTheirsFirst || looksFirst ? change() : fitting();
    const same = JSON.stringify([exchange.method, exchange.path, given]);
    return ground.keyed.once(tenant, keyed, same, () =>
      change().catch((error: unknown) => madeBefore(ground, asked, { error, keyed, context })),
    );
  };
  mayTake(exchange, timeoutMs);
  requests.run(verb, tenant, timeoutMs, work, {
    reply: ({ reply, data }) => answer(asked, reply, data, context),
    failed: (error) =>
      failed(
        checksItself && codeOf(error) === 'version_conflict' ? notAsMatched() : error,
        context,
      ),
  });
};

/** Of a change; what the daemon answers may be a token, which is kept nowhere. */
const keyOf = ({ exchange, route, grant }: Asked): string | undefined =>
  route.method === 'GET' || route.kind === 'daemon'
    ? undefined
    : idOfKey(readerOf(exchange.message)('idempotency-key'), grant);

/** A fork that is given no name has the key's. */
const named = (value: unknown, { route }: Asked, keyed: string | undefined): unknown =>
  keyed !== undefined && route.verb === 'fork' && typeof value === 'object'
    ? { newSessionId: keyed, ...value }
    : value;

/** The session that this key has made, perhaps in an earlier life of the daemon. Rejects with the error for any other. */
const madeBefore = async (
  ground: Ground,
  { route, grant }: Asked,
  { error, keyed, context }: { error: unknown; keyed: string; context: RequestContext },
): Promise<Reply<string>> => {
  if (route.makes !== 'session' || codeOf(error) !== 'session_exists') throw error;
  const key = sessionKey(grant.tenant, keyed);
  const reply = await ground.door.session(context, key, 'get', {}).catch(() => {
    throw error;
  });
  if (isNarrow(grant)) mustBeTheirs(grant, reply.session, keyed);
  return { reply, data: JSON.stringify(reply) };
};

const hasExpectedVersion = ({ kind, verb }: Target): boolean =>
  fieldsOf(verbNamed(kind, verb)).has('expectedVersion');

const fieldsOf = (verb: Verb<never> | undefined): ReadonlySet<string> => {
  const shape = (verb?.request as { shape?: object } | undefined)?.shape;
  return new Set(shape === undefined ? [] : Object.keys(shape));
};

const withVersion = (value: unknown, matched: number | 'any' | undefined): unknown =>
  typeof matched === 'number' && typeof value === 'object' && value !== null
    ? { expectedVersion: matched, ...value }
    : value;

const mustMatch = async (
  { door }: Ground,
  context: RequestContext,
  key: SessionKey,
  matched: number | 'any' | undefined,
): Promise<void> => {
  const { session } = await door.session(context, key, 'get', {});
  if (typeof matched === 'number' && session.version !== matched) throw notAsMatched();
};

/** A reply that shows a session. */
interface Shown {
  readonly session: { readonly sessionId: string; readonly version: number };
}

const answer = (
  { exchange, route }: Asked,
  reply: unknown,
  text: string,
  { traceId }: RequestContext,
): void => {
  const { status = 200, showsSession, makes, method } = route;
  const headers: Record<string, string> = { 'Greenroom-Trace': traceId };
  if (showsSession !== true)
    return send(exchange, { status, type: JSON_TYPE, body: text, headers });
  const { sessionId, version } = (reply as Shown).session;
  headers['ETag'] = etagOf(version);
  if (makes === 'session') headers['Location'] = `/v1/sessions/${sessionId}`;
  const isKnown = isKnownVersion(exchange.message.headers['if-none-match'], version);
  if (method === 'GET' && isKnown) return sendEmpty(exchange, 304, headers);
  send(exchange, { status, type: JSON_TYPE, body: text, headers });
};
