/**
 * The rehearsal server: a stand-in for the Claude API that speaks its wire protocol, for demos, tests
 * and benches. Deterministic: the same request gets the same answer (but for `times=N`, attempts.ts).
 *
 * - POST /v1/messages, streamed or not; POST /v1/messages/count_tokens; GET /v1/models[/id]
 * - GET /rehearsal/requests[?after=SEQ]: what it saw, keys redacted; DELETE forgets it
 *
 * Any key will do, but for a missing one and the key `invalid` (401). Loopback only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, ErrorAnswer } from './answer.ts';
import { encodeError, invalidRequest } from './api-error.ts';
import { Attempts } from './attempts.ts';
import { compose } from './compose.ts';
import { isKnownModel, modelInfo, modelList } from './models.ts';
import { planCount, planMessage } from './plan.ts';
import { JSON_TYPE, play, send } from './play.ts';
import { violationOf } from './rules.ts';
import { seenListing } from './seen-listing.ts';
import { SeenRequest, SeenRequests } from './seen-request.ts';

/** A script may take its time: the answer goes out when its promise is settled. */
export type Script = (request: SeenRequest) => Answer | undefined | Promise<Answer | undefined>;

export interface RehearsalOptions {
  /** 0 takes a free one. Default 0. */
  readonly port?: number;
  /** Asked for every valid request to `/v1/messages` and `/v1/messages/count_tokens`; undefined leaves it to the prompt. */
  readonly script?: Script;
  /** How many requests are kept. Default 1000. */
  readonly keepRequests?: number;
  /** How many bytes of requests are kept, whatever their number. Default 64 MiB. */
  readonly keepBytes?: number;
  /** A larger body is answered 413. Default 32 MiB, as the API's. */
  readonly maxBodyBytes?: number;
  /** One call for each answered request. */
  readonly log?: (line: { method: string; path: string; status: number; seq: number }) => void;
}

export interface Rehearsal {
  /** `http://127.0.0.1:PORT`: the SDK's `baseURL`. */
  readonly url: string;
  /** What it saw of the API's endpoints, oldest first; bounded. */
  readonly requests: SeenRequests;
  /** Forgets the requests and the attempts counted for `times=N`. */
  clear(): void;
  /** Stops listening and ends every connection, stalled ones too. */
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const MAX_ATTEMPT_KEYS = 10_000;
/** Longer than any client keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 300_000;

interface State {
  readonly options: RehearsalOptions;
  readonly requests: SeenRequests;
  readonly attempts: Attempts;
  seq: number;
}

type Handler = (request: SeenRequest, response: ServerResponse, state: State) => unknown;

const requestIdOf = (request: SeenRequest): string => `req_01${request.bodyHash.slice(0, 22)}`;

const sendError = (request: SeenRequest, response: ServerResponse, answer: ErrorAnswer): void => {
  const requestId = requestIdOf(request);
  const { headers, body } = encodeError(answer, requestId);
  request.status = answer.status;
  send(response, answer.status, JSON_TYPE, requestId, body, headers);
};

const sendJson = (request: SeenRequest, response: ServerResponse, body: object): void => {
  request.status = 200;
  send(response, 200, JSON_TYPE, requestIdOf(request), JSON.stringify(body));
};

const error = (status: number, message: string): ErrorAnswer => ({
  kind: 'error',
  status,
  message,
});

const refusedKey = ({ headers }: SeenRequest): string | undefined => {
  const bearer = headers.authorization?.match(/^Bearer\s+(\S+)$/i)?.[1];
  const key = headers['x-api-key'] ?? bearer;
  if (key === undefined || key === '') return 'x-api-key header is required';
  return key === 'invalid' ? 'invalid x-api-key' : undefined;
};

/** The 400 or 404 that a body gets before anything is planned. */
const refusedBody = (
  request: SeenRequest,
  endpoint: 'create' | 'count',
): ErrorAnswer | undefined => {
  try {
    const violation = violationOf(request.json, endpoint);
    if (violation !== undefined) return invalidRequest(violation);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return invalidRequest(`The request body is not valid JSON: ${cause.message}`);
  }
  const { model } = request.body;
  return isKnownModel(model) ? undefined : error(404, `model: ${model}`);
};

const perform = (
  request: SeenRequest,
  response: ServerResponse,
  answer: Answer,
): Promise<void> | undefined => {
  switch (answer.kind) {
    case 'error': {
      const fail = (): void => sendError(request, response, answer);
      if (answer.waitMs) return sleep(answer.waitMs, undefined, { ref: false }).then(fail);
      fail();
      return undefined;
    }
    case 'tokens':
      sendJson(request, response, { input_tokens: answer.inputTokens });
      return undefined;
    case 'message': {
      request.status = answer.fault?.afterEvents === 0 ? 0 : 200;
      const isStream = request.body.stream === true;
      return play(response, compose(answer, request), answer, isStream, requestIdOf(request));
    }
  }
};

const answerBody =
  (endpoint: 'create' | 'count'): Handler =>
  (request, response, { options, attempts }) => {
    if (request.headers['anthropic-version'] === undefined)
      return sendError(request, response, invalidRequest('anthropic-version: header is required'));
    const refused = refusedBody(request, endpoint);
    if (refused) return sendError(request, response, refused);
    const plan = (): Answer =>
      endpoint === 'create' ? planMessage(request, attempts) : planCount(request);
    const scripted = options.script?.(request);
    if (!(scripted instanceof Promise)) return perform(request, response, scripted ?? plan());
    return scripted.then((answer) => perform(request, response, answer ?? plan()));
  };

const listModels: Handler = (request, response) => sendJson(request, response, modelList());

const showModel: Handler = (request, response) => {
  const id = decodeURIComponent(request.path.slice('/v1/models/'.length));
  const info = modelInfo(id);
  if (info) return sendJson(request, response, info);
  return sendError(request, response, error(404, `model: ${id}`));
};

const handlerOf = (method: string, path: string): Handler | ErrorAnswer => {
  if (path === '/v1/messages' || path === '/v1/messages/count_tokens') {
    if (method !== 'POST') return error(405, 'Method Not Allowed');
    return answerBody(path === '/v1/messages' ? 'create' : 'count');
  }
  if (path === '/v1/models' && method === 'GET') return listModels;
  if (path.startsWith('/v1/models/') && method === 'GET') return showModel;
  return error(404, `Not found: ${path}`);
};

const handle = (request: SeenRequest, response: ServerResponse, state: State): unknown => {
  const refused = refusedKey(request);
  if (refused) return sendError(request, response, error(401, refused));
  const handler = handlerOf(request.method, request.path);
  if (typeof handler !== 'function') return sendError(request, response, handler);
  return handler(request, response, state);
};

/** A throwing script (or a bug here) becomes a 500 that says so, where one can still be sent. */
const failed = (request: SeenRequest, response: ServerResponse, cause: unknown): void => {
  const message = `The rehearsal failed: ${cause instanceof Error ? cause.message : String(cause)}`;
  if (response.headersSent) response.socket?.destroy();
  else sendError(request, response, error(500, message));
};

const settle = (request: SeenRequest, response: ServerResponse, state: State): void => {
  const done = (): void => {
    request.forgetParsed();
    const { method, path, seq, status = 0 } = request;
    state.options.log?.({ method, path, status, seq });
  };
  try {
    const pending = handle(request, response, state);
    if (!(pending instanceof Promise)) return done();
    pending.catch((cause: unknown) => failed(request, response, cause)).finally(done);
  } catch (cause) {
    failed(request, response, cause);
    done();
  }
};

const ownEndpoint = (request: IncomingMessage, response: ServerResponse, state: State): void => {
  const url = new URL(request.url ?? '/', 'http://rehearsal');
  if (request.method === 'DELETE') {
    state.requests.clear();
    state.attempts.clear();
    response.writeHead(204).end();
    return;
  }
  const after = Number(url.searchParams.get('after') ?? 0);
  send(response, 200, JSON_TYPE, 'none', seenListing(state.requests, after));
};

const receive = (message: IncomingMessage, response: ServerResponse, state: State): void => {
  const receivedMonotonicMs = Number(process.hrtime.bigint()) / 1e6;
  const receivedAt = Date.now();
  const target = message.url ?? '/';
  if (target.startsWith('/rehearsal/requests')) return ownEndpoint(message, response, state);
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  const max = state.options.maxBodyBytes ?? 32 * MIB;
  const chunks: Buffer[] = [];
  let bytes = 0;
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= max) chunks.push(chunk);
    else chunks.length = 0; // read to its end all the same, so that the client gets to read the 413
  });
  message.on('end', () => {
    const [only] = chunks;
    const body = chunks.length === 1 && only ? only : Buffer.concat(chunks);
    state.seq += 1;
    const line = { method: message.method ?? 'GET', path, headers: message.headers };
    const request = new SeenRequest(state.seq, line, body, { receivedAt, receivedMonotonicMs });
    state.requests.push(request);
    response.once('close', () => {
      request.isAbandoned = !response.writableFinished;
    });
    if (bytes <= max) return settle(request, response, state);
    return sendError(request, response, error(413, 'Request exceeds the maximum size'));
  });
};

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

/** Starts a server. @throws (rejects) where the port is taken. */
export const startRehearsal = async (options: RehearsalOptions = {}): Promise<Rehearsal> => {
  const { keepRequests = 1000, keepBytes = 64 * MIB } = options;
  const requests = new SeenRequests(keepRequests, keepBytes);
  const attempts = new Attempts(MAX_ATTEMPT_KEYS);
  const state: State = { options, requests, attempts, seq: 0 };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (message, response) =>
    receive(message, response, state),
  );
  await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    clear: () => {
      requests.clear();
      attempts.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
