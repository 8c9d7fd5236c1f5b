/**
 * The rehearsal server: a stand-in for the Claude API that speaks its wire protocol, for demos, tests
 * and benches. Deterministic: the same request gets the same answer, but for `times=N` (attempts.ts) and the usage of the
 * prompt cache (prompt-cache.ts).
 *
 * - POST /v1/messages, streamed or not; POST /v1/messages/count_tokens; GET /v1/models[/id]
 * - GET /rehearsal/requests[?after=SEQ]: what it saw, keys redacted; DELETE forgets it
 *
 * Any key will do, but for a missing one and the key `invalid` (401). Loopback only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorAnswer } from './api-error.ts';
import { Attempts } from './attempts.ts';
import { answerRequest, type Script, type Stage, sendError, sendFailure } from './endpoints.ts';
import { CONTEXT_TOKENS } from './models.ts';
import { JSON_TYPE, send } from './play.ts';
import { PromptCache } from './prompt-cache.ts';
import { seenListing } from './seen-listing.ts';
import { SeenRequest, SeenRequests } from './seen-request.ts';

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
  /** Tokens that a prompt may have; more are refused in the API's words. Default 200,000. */
  readonly contextTokens?: number;
  /** One call for each answered request. */
  readonly log?: (line: { method: string; path: string; status: number; seq: number }) => void;
}

export interface Rehearsal {
  /** `http://127.0.0.1:PORT`: the SDK's `baseURL`. */
  readonly url: string;
  /** What it saw of the API's endpoints, oldest first; bounded. */
  readonly requests: SeenRequests;
  /** Forgets the requests, the attempts counted for `times=N`, and what is in the prompt cache. */
  clear(): void;
  /** Stops listening and ends every connection, stalled ones too. */
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const MAX_ATTEMPT_KEYS = 10_000;
const MAX_PREFIXES = 10_000;
/** Longer than any client keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 300_000;

interface State {
  readonly options: RehearsalOptions;
  readonly requests: SeenRequests;
  readonly stage: Stage;
  seq: number;
}

const settle = (request: SeenRequest, response: ServerResponse, state: State): void => {
  const done = (): void => {
    request.forgetParsed();
    const { method, path, seq, status = 0 } = request;
    state.options.log?.({ method, path, status, seq });
  };
  try {
    const pending = answerRequest(request, response, state.stage);
    if (!pending) return done();
    pending.catch((cause: unknown) => sendFailure(request, response, cause)).finally(done);
  } catch (cause) {
    sendFailure(request, response, cause);
    done();
  }
};

const ownEndpoint = (request: IncomingMessage, response: ServerResponse, state: State): void => {
  const url = new URL(request.url ?? '/', 'http://rehearsal');
  if (request.method === 'DELETE') {
    state.requests.clear();
    state.stage.attempts.clear();
    state.stage.cache.clear();
    response.writeHead(204).end();
    return;
  }
  const after = Number(url.searchParams.get('after') ?? 0);
  send(response, 200, JSON_TYPE, 'none', seenListing(state.requests, after));
};

/** Reads the body, of which it keeps no more than the limit, and hands both on. */
const readBody = (
  message: IncomingMessage,
  maxBytes: number,
  onEnd: (body: Buffer, isTooLarge: boolean) => void,
): void => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else chunks.length = 0; // read to its end all the same, so that the client gets to read the 413
  });
  message.on('end', () => {
    const [only] = chunks;
    onEnd(chunks.length === 1 && only ? only : Buffer.concat(chunks), bytes > maxBytes);
  });
};

const receive = (message: IncomingMessage, response: ServerResponse, state: State): void => {
  // biome-ignore lint/plugin: compared with clocks of other processes
  const receivedMonotonicMs = Number(process.hrtime.bigint()) / 1e6;
  // biome-ignore lint/plugin: a log of what really happened
  const at = { receivedAt: Date.now(), receivedMonotonicMs };
  const { method = 'GET', url = '/', headers } = message;
  if (url.startsWith('/rehearsal/requests')) return ownEndpoint(message, response, state);
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  readBody(message, state.options.maxBodyBytes ?? 32 * MIB, (body, isTooLarge) => {
    state.seq += 1;
    const request = new SeenRequest(state.seq, { method, path, headers }, body, at);
    state.requests.push(request);
    response.once('close', () => {
      request.isBroken = !response.writableFinished;
    });
    if (!isTooLarge) return settle(request, response, state);
    return sendError(request, response, errorAnswer(413, 'Request exceeds the maximum size'));
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
  const cache = new PromptCache(MAX_PREFIXES);
  const { script, contextTokens = CONTEXT_TOKENS } = options;
  const stage: Stage = { script, attempts, cache, contextTokens };
  const state: State = { options, requests, stage, seq: 0 };
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
      cache.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
