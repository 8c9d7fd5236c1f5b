/**
 * The `fetch` under the SDK: one HTTP request over `node:http(s)` with kept connections.
 *
 * 1. The history is neither parsed nor serialised nor copied: the SDK serialises a request whose
 *    `messages` are empty, and the socket gets that text with pieces of the session's shared bytes in between, and
 *    whatever else is JSON already.
 * 2. The answer's body is handed on as the socket gives it, uncompressed (we ask for nothing else).
 *
 * The platform's `fetch` costs twice the CPU and would need a copy: it refuses shared memory.
 */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ClientOptions } from '@anthropic-ai/sdk';
import type { Piece } from './request.ts';

export type Fetch = NonNullable<ClientOptions['fetch']>;
type FetchInit = NonNullable<ClientOptions['fetchOptions']>;

/** How a request must begin, so that its messages can be put in: the SDK keeps the order of keys. */
const EMPTY = '{"messages":[]';
const OPENING = '{"messages":';
/** Free connections are closed after this, before servers (5 s is common) do it under a request. */
const IDLE_MS = 4_000;
/** Longest body that is read, of an error or of a count. */
const MAX_ERROR_CHARS = 256 * 1024;

/** Request options of the SDK that carry a session's messages to our `fetch`. */
export const carry = (sending: Sending): FetchInit => ({ sending }) as unknown as FetchInit;

/**
 * A session's messages on their way out. They are sent from where they are, so whoever owns the memory must know when
 * that is over: an answer may come, an error above all, before the request has been sent whole.
 */
export class Sending {
  /** What takes the place of the empty list of messages. */
  readonly pieces: readonly Piece[];
  #request: ClientRequest | undefined;
  #isAborted = false;

  constructor(pieces: readonly Piece[]) {
    this.pieces = pieces;
  }

  begin(request: ClientRequest): void {
    this.#request = request;
    if (this.#isAborted) request.destroy();
  }

  /** Ends the request, and the answer in the midst of it. */
  abort(): void {
    this.#isAborted = true;
    this.#request?.destroy();
  }

  /** What has come and gone on its connection, which others may have used before. */
  get movedBytes(): number {
    const { bytesRead = 0, bytesWritten = 0 } = this.#request?.socket ?? {};
    return bytesRead + bytesWritten;
  }

  /** From now on nothing is read of the messages. */
  end(): void {
    if (this.#request?.writableFinished === false) this.#request.destroy();
    this.#request = undefined;
  }
}

export interface Connections {
  readonly fetch: Fetch;
  close(): void;
}

/** At most `maxSockets` connections per server. */
export const openConnections = (maxSockets: number): Connections => {
  const options = { keepAlive: true, maxSockets, timeout: IDLE_MS };
  const http = new HttpAgent(options);
  const https = new HttpsAgent(options);
  return {
    fetch: (url, init) =>
      new Promise((resolve, reject) => {
        const target = String(url);
        const head = { method: init?.method ?? 'GET', headers: headersOf(init) };
        const request = target.startsWith('https:')
          ? httpsRequest(target, { ...head, agent: https })
          : httpRequest(target, { ...head, agent: http });
        request.on('error', reject);
        request.on('response', (message) =>
          resolve(new LeanResponse(target, message) as unknown as Response),
        );
        obey(request, init?.signal);
        send(request, init);
      }),
    close: () => {
      http.destroy();
      https.destroy();
    },
  };
};

const headersOf = (init: RequestInit | undefined): Record<string, string> => {
  const headers: Record<string, string> = {};
  const given = init?.headers;
  // The SDK gives `Headers`; a copy of them costs as much as reading them.
  const pairs = given instanceof Headers ? given : new Headers(given);
  for (const [name, value] of pairs) headers[name] = value;
  return headers;
};

/** Ends request and answer with the signal, as `AbortError`; the signal lets go of what is over. */
const obey = (request: ClientRequest, signal: AbortSignal | null | undefined): void => {
  if (!signal) return;
  const end = () => void request.destroy(signal.reason as Error);
  signal.addEventListener('abort', end);
  request.on('close', () => signal.removeEventListener('abort', end));
};

const send = (request: ClientRequest, init: RequestInit | undefined): void => {
  const body = init?.body;
  if (typeof body !== 'string') throw new TypeError('the SDK gave a body that is not text');
  const { sending } = init as { sending?: Sending };
  if (sending === undefined) return void request.end(body);
  if (!body.startsWith(EMPTY)) throw new TypeError('the SDK changed the order of the request');
  const rest = body.slice(EMPTY.length);
  sending.begin(request);
  request.setHeader('content-length', lengthOf([OPENING, ...sending.pieces, rest]));
  request.cork(); // one packet where it fits
  request.write(OPENING);
  for (const piece of sending.pieces) request.write(viewOf(piece));
  request.end(rest);
  request.uncork();
};

const lengthOf = (pieces: readonly Piece[]): number =>
  pieces.reduce(
    (sum, piece) => sum + (typeof piece === 'string' ? Buffer.byteLength(piece) : piece.byteLength),
    0,
  );

/** A view, not a copy: the session never changes it. */
const viewOf = (piece: Piece): Piece =>
  typeof piece === 'string' ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);

/** What the SDK reads of a `Response`; a real one would wrap the body in a web stream, at twice the cost. */
class LeanResponse implements Pick<Response, 'ok' | 'status' | 'url' | 'headers'> {
  readonly ok: boolean;
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly body: IncomingMessage;

  constructor(url: string, message: IncomingMessage) {
    const { statusCode: status = 0 } = message;
    this.ok = status >= 200 && status < 300;
    this.status = status;
    this.url = url;
    this.headers = new Headers(pairsOf(message));
    this.body = message;
  }

  text(): Promise<string> {
    return textOf(this.body);
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

/** Of a response that our `fetch` gave: what it sends, as it comes. */
export const bodyOf = (response: Response): IncomingMessage =>
  (response as unknown as LeanResponse).body;

const pairsOf = ({ headers }: IncomingMessage): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value]] : [],
  );

const textOf = async (message: IncomingMessage): Promise<string> => {
  let text = '';
  message.setEncoding('utf8');
  for await (const chunk of message) {
    text += chunk;
    if (text.length > MAX_ERROR_CHARS) break;
  }
  return text;
};
