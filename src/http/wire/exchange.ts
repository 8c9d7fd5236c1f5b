/** One request and its response: its parts by name, its body, and how an answer leaves. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_BODY_BYTES } from '../../gateway/body.ts';
import { TIMEOUT_HEADER, TRACE_HEADER, TRACEPARENT_HEADER } from '../../gateway/headers.ts';
import type { HeaderReader } from '../../gateway/trace.ts';
import { GreenroomError } from '../../model/errors.ts';
import { endWith } from '../../platform/end-with.ts';
import { type Headers, HttpError, PROBLEM_TYPE, problemOf } from './problem.ts';

export const JSON_TYPE = 'application/json';

export interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** Without the query, as it came. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
}

export const exchangeOf = (message: IncomingMessage, response: ServerResponse): Exchange => {
  const { method = '', url = '' } = message;
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  return { message, response, method, path, query: mark === -1 ? '' : url.slice(mark + 1) };
};

/** Headers by their names, however they are written; one that came twice counts as its first. */
export const readerOf =
  ({ headers }: Pick<IncomingMessage, 'headers'>): HeaderReader =>
  (name) => {
    const value = headers[LOWER.get(name) ?? name.toLowerCase()];
    return (Array.isArray(value) ? value[0] : value) || undefined;
  };

/** Names that are looked for in each request. */
const LOWER: ReadonlyMap<string, string> = new Map(
  [TIMEOUT_HEADER, TRACE_HEADER, TRACEPARENT_HEADER].map((name) => [name, name.toLowerCase()]),
);

/** A connection on which nothing moves for so long is ended, unless a request on it may take longer. */
export const SILENT_MS = 60_000;

/** The request is answered by a deadline of its own: until then its connection may be silent. */
export const mayTake = ({ message: { socket }, response }: Exchange, timeoutMs: number): void => {
  if (timeoutMs < SILENT_MS) return;
  socket.setTimeout(timeoutMs + SILENT_MS);
  response.once('finish', () => void socket.setTimeout(SILENT_MS));
};

/** What a body is, without its parameters: `application/json`; undefined: the header is absent. */
export const mediaTypeOf = ({ message }: Exchange): string | undefined =>
  message.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();

/** Throws `unsupported_media_type` unless the body is, or says nothing of itself and is absent. */
export const mustBeJson = (exchange: Exchange): void => {
  const type = mediaTypeOf(exchange);
  if (type === JSON_TYPE || (type === undefined && !hasBody(exchange))) return;
  throw new HttpError('unsupported_media_type', `send Content-Type: ${JSON_TYPE}`);
};

export const hasBody = ({ message: { headers } }: Pick<Exchange, 'message'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** The whole body. Rejects with `too_large` as soon as it is larger than any request may be. */
export const readBody = (exchange: Exchange): Promise<Buffer> => {
  const { message, response } = exchange;
  if (!hasBody(exchange)) return Promise.resolve(EMPTY);
  if (Number(message.headers['content-length'] ?? 0) > MAX_BODY_BYTES)
    return Promise.reject(tooLarge());
  if (message.destroyed) return Promise.reject(cutShort()); // it says so to nobody who comes later
  const parts: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    message.on('data', (part: Buffer) => {
      size += part.length;
      parts.push(part);
      if (size <= MAX_BODY_BYTES) return;
      reject(tooLarge());
      parts.length = 0;
      message.removeAllListeners('data').pause(); // whoever sends is to read why
    });
    message.on('end', () => {
      response.shouldKeepAlive = wantsToStay(message);
      const [first] = parts;
      resolve(parts.length === 1 && first !== undefined ? first : Buffer.concat(parts));
    });
    message.on('close', () => {
      if (!message.readableEnded) reject(cutShort()); // an error is dear, and this is said of each request
    });
  });
};

const EMPTY = Buffer.alloc(0);

const cutShort = (): GreenroomError =>
  new GreenroomError('invalid_request', 'the body ended too soon');

const tooLarge = (): GreenroomError =>
  new GreenroomError('too_large', `the limit of a body is ${MAX_BODY_BYTES} bytes`, {
    details: { limitBytes: MAX_BODY_BYTES },
  });

/** What the client says of its connection. */
export const wantsToStay = ({ headers, httpVersion }: IncomingMessage): boolean =>
  httpVersion === '1.1' && headers.connection?.toLowerCase() !== 'close';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array | string;
  readonly headers?: Headers | undefined;
}

export const send = ({ message, response }: Exchange, answer: Answer): void => {
  const { status, type, body, headers } = answer;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const list = listed(headers, 'Content-Type', type, 'Content-Length', String(length));
  response.writeHead(status, list);
  if (message.method === 'HEAD') response.end();
  else endWith(response, body);
};

/** What answers say, unless they say something else of it. */
const ALWAYS: Headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

/** Names and values in turn, behind those that are given: Node makes a head of them in half the time that an object takes. */
export const listed = (headers: Headers = {}, ...list: string[]): string[] => {
  for (const name in ALWAYS) if (headers[name] === undefined) list.push(name, ALWAYS[name] ?? '');
  for (const name in headers) list.push(name, headers[name] ?? '');
  return list;
};

/** An answer without a body. */
export const sendEmpty = ({ response }: Exchange, status: number, headers: Headers): void => {
  response.writeHead(status, listed(headers));
  response.end();
};

/**
 * Behind what was said so far. A reader that keeps its own half open would else hold the connection for good; and one that has asked
 * for this before an earlier answer has ended gets that one whole: until then this response has no socket.
 */
const cutShortly = ({ message, response }: Exchange): void => {
  response.uncork(); // since Node 24 what was written in this turn waits in the response
  if (response.socket !== null) return response.socket.destroySoon();
  // destroyed instead, it would leave the connection open since Node 24
  response.chunkedEncoding = false; // its end is not to say that it is whole
  response.once('finish', () => message.socket.destroySoon());
  response.end();
};

/** Says what went wrong; what has begun is cut short, so that it is not taken for the whole. @returns its code. */
export const sendProblem = (exchange: Exchange, error: unknown, traceId?: string): string => {
  const { status, code, headers, body } = problemOf(error, traceId);
  if (exchange.response.headersSent) cutShortly(exchange);
  else send(exchange, { status, type: PROBLEM_TYPE, body, headers });
  return code;
};
