/**
 * `POST …/turns`: a turn is accepted (202, and where it is), waited for (`Prefer: wait`), or read as it happens
 * (`Accept: text/event-stream`). However its asker is lost, the turn goes on.
 */
import { parseTurn } from '../../gateway/body.ts';
import { TIMEOUT_HEADER, TURN_ID_HEADER, timeoutGiven } from '../../gateway/headers.ts';
import { codeOf } from '../../model/errors.ts';
import type { TurnFinished } from '../../model/event.ts';
import { type SessionKey, sessionKey, type TurnId } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { AcceptedTurn } from '../../session/api/door.ts';
import type { Listener } from '../../session/events/feed.ts';
import type { TurnRequest } from '../../session/verbs/turn-request.ts';
import { TURNS } from '../../session/verbs/verb-facts.ts';
import { turnView } from '../../session/verbs/views.ts';
import type { Caller } from '../access/credentials.ts';
import { isNarrow, mustBeTheirs, settingsOf } from '../access/narrowing.ts';
import { EventStream } from '../streams/event-stream.ts';
import {
  type Exchange,
  JSON_TYPE,
  mayTake,
  mediaTypeOf,
  readBody,
  readerOf,
  send,
} from '../wire/exchange.ts';
import { HttpError } from '../wire/problem.ts';
import type { Ground } from './ground.ts';
import { idOfKey } from './idempotency.ts';
import { keyReused } from './keyed-answers.ts';
import { waitSeconds, wantsStream } from './preferences.ts';

export interface AskedTurn {
  readonly exchange: Exchange;
  readonly sessionId: string | undefined;
  readonly caller: Caller;
  readonly failed: (error: unknown, context?: RequestContext) => void;
}

/** A turn that is to be asked for. */
interface Turn {
  readonly key: SessionKey;
  readonly turnId: TurnId | undefined;
  readonly request: TurnRequest;
  readonly context: RequestContext;
  readonly timeoutMs: number;
  readonly isKeyed: boolean;
}

/** Rejects, tells `failed`, or answers. */
export const runTurn = async (ground: Ground, asked: AskedTurn): Promise<void> => {
  const { exchange, caller } = asked;
  const headers = readerOf(exchange.message);
  const key = sessionKey(caller.grant.tenant, asked.sessionId);
  mustBePrompt(exchange, caller);
  const waits = waitSeconds(headers('prefer'));
  const idOf = idOfKey(headers('idempotency-key'), caller.grant);
  const body = parseTurn(await readBody(exchange), headers(TURN_ID_HEADER));
  const { tenant, principal } = caller.grant;
  const timeoutMs = ground.requests.timeoutOf(TURNS.ask, timeoutGiven(headers(TIMEOUT_HEADER)));
  const context = ground.requests.contextOf({ tenant, principal, via: 'http', headers }, timeoutMs);
  const request = isNarrow(caller.grant)
    ? await theirs(ground, asked, context, key, body.request)
    : body.request;
  const turnId = body.turnId ?? (idOf as TurnId | undefined);
  const isKeyed = idOf !== undefined && body.turnId === undefined;
  const turn = { key, turnId, request, context, timeoutMs, isKeyed };
  mayTake(exchange, Math.max(timeoutMs, waits * 1_000));
  if (wantsStream(headers('accept'))) return streamTurn(ground, asked, turn);
  acceptTurn(ground, asked, turn, waits);
};

/** A prompt as it is may be sent by a program, never by a browser for another page. */
const mustBePrompt = (exchange: Exchange, { isByCookie }: Caller): void => {
  const type = mediaTypeOf(exchange);
  if (type === JSON_TYPE || (type === 'text/plain' && !isByCookie)) return;
  throw new HttpError(
    'unsupported_media_type',
    `send Content-Type: ${JSON_TYPE}, or text/plain for a prompt as it is`,
  );
};

/** The session is theirs, or becomes it. */
const theirs = async (
  { door }: Ground,
  { caller: { grant } }: AskedTurn,
  context: RequestContext,
  key: SessionKey,
  request: TurnRequest,
): Promise<TurnRequest> => {
  try {
    const { session } = await door.session(context, key, 'get', {});
    mustBeTheirs(grant, session, key.sessionId);
    return request;
  } catch (error) {
    if (codeOf(error) !== 'session_not_found' || request.create === false) throw error;
    if (await isThere(door, context, key)) throw error;
    return {
      ...request,
      session: settingsOf(grant, request.session ?? {}) as TurnRequest['session'],
    };
  }
};

const isThere = (
  door: Ground['door'],
  context: RequestContext,
  key: SessionKey,
): Promise<boolean> =>
  door.session(context, key, 'get', {}).then(
    () => true,
    () => false,
  );

const run = (
  { door, requests }: Ground,
  { failed }: AskedTurn,
  { key, turnId, request, context, timeoutMs, isKeyed }: Turn,
  listener: Listener | undefined,
  accepted: (turn: AcceptedTurn) => void,
): void =>
  requests.run(
    TURNS.ask,
    key.tenant,
    timeoutMs,
    () => door.turn(context, key, turnId, request, listener),
    {
      reply: accepted,
      failed: (error) =>
        failed(isKeyed && codeOf(error) === 'turn_id_reused' ? keyReused() : error, context),
    },
  );

const addressOf = ({ sessionId }: SessionKey, turnId: string): string =>
  `/v1/sessions/${sessionId}/turns/${turnId}`;

const streamTurn = (ground: Ground, asked: AskedTurn, turn: Turn): void => {
  const { exchange, caller } = asked;
  const { streams, isGood } = ground;
  const { tenant } = turn.key;
  streams.mustHaveRoom(tenant);
  let stream: EventStream | undefined;
  const early: Parameters<Listener>[0][] = [];
  const tell: Listener = (publication) => {
    if (stream === undefined) return void early.push(publication);
    const { body } = publication.event;
    const isDelta = body.type === 'delta';
    stream.send({ name: body.type, data: publication.bytes, isDelta });
    if (body.type === 'turn.finished') stream.endSoon();
  };
  run(ground, asked, turn, tell, ({ turn: { turnId } }) => {
    const trace = { 'Greenroom-Trace': turn.context.traceId };
    stream = new EventStream(exchange, ground.clock, {
      Location: addressOf(turn.key, turnId),
      ...trace,
    });
    streams.add(tenant, stream, () => isGood(caller.grant));
    for (const publication of early.splice(0)) tell(publication);
  });
};

const acceptTurn = (ground: Ground, asked: AskedTurn, turn: Turn, waits: number): void => {
  const { exchange } = asked;
  const { clock } = ground;
  let end = (_: TurnFinished | undefined): void => undefined;
  const ended = new Promise<TurnFinished | undefined>((resolve) => {
    end = resolve;
  });
  const hear: Listener = ({ event: { body } }) => {
    if (body.type === 'turn.finished') end(body);
  };
  run(ground, asked, turn, waits === 0 ? undefined : hear, (accepted) => {
    const { turnId } = accepted.turn;
    const headers: Record<string, string> = {
      Location: addressOf(turn.key, turnId),
      'Greenroom-Trace': turn.context.traceId,
    };
    if (waits === 0) return answer(exchange, 202, { turn: turnView(accepted.turn) }, headers);
    headers['Preference-Applied'] = `wait=${waits}`;
    const timer = clock.setTimeout(() => end(undefined), waits * 1_000);
    exchange.response.on('close', () => end(undefined));
    void ended
      .then(async (finished) => {
        timer.cancel();
        const { door } = ground;
        const now = await door.session(turn.context, turn.key, 'turn-status', { turnId });
        const text = finished === undefined ? {} : { text: finished.text };
        answer(exchange, finished === undefined ? 202 : 200, { ...now, ...text }, headers);
      })
      .catch((error: unknown) => asked.failed(error, turn.context));
  });
};

const answer = (
  exchange: Exchange,
  status: number,
  reply: object,
  headers: Readonly<Record<string, string>>,
): void => send(exchange, { status, type: JSON_TYPE, body: JSON.stringify(reply), headers });
