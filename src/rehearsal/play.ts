/**
 * Puts an encoded answer on the wire, with the pauses, the gate and the fault that it asks for.
 *
 * 1. An answer without any of them goes out in one write.
 * 2. Nothing outlives the connection: when the client goes away, timers and waiting end.
 */
import type { ServerResponse } from 'node:http';
// biome-ignore lint/style/noRestrictedImports: a server whose slowness is real time on purpose
import { setTimeout as sleep } from 'node:timers/promises';
import { endWith } from '../platform/end-with.ts';
import { type Fault, headerList, type MessageAnswer } from './answer.ts';
import { encodeError, statusOfFault } from './api-error.ts';
import type { ComposedMessage } from './compose.ts';
import { encodeEvents, encodeMessage, errorEvent, type Piece } from './wire.ts';

export const JSON_TYPE = 'application/json';
const EVENTS_TYPE = 'text/event-stream; charset=utf-8';

/** One write: headers with the length, and the body. */
export const send = (
  response: ServerResponse,
  status: number,
  contentType: string,
  requestId: string,
  body: string,
  more: readonly string[] = [],
): void => {
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, [
    ...['content-type', contentType, 'content-length', length, 'request-id', requestId],
    ...more,
  ]);
  endWith(response, body);
};

const isPlain = (answer: MessageAnswer): boolean =>
  !answer.waitMs && !answer.delayMs && !answer.fault && !answer.gate;

/** Resolves when the bytes are with the kernel, so that a cut afterwards does not take them back. */
const flush = (response: ServerResponse, bytes: string): Promise<void> =>
  new Promise((resolve) => {
    if (bytes === '') resolve();
    else response.write(bytes, () => resolve());
  });

const untilSettled = (until: Promise<unknown>, signal: AbortSignal): Promise<unknown> => {
  signal.throwIfAborted();
  const gone = new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  return Promise.race([Promise.allSettled([until]), gone]);
};

/** What the fault does once everything before it has gone out. */
const strike = (response: ServerResponse, fault: Fault): void => {
  switch (fault.kind) {
    case 'cut':
      response.socket?.destroy();
      return;
    case 'stall':
      return;
    case 'error':
      response.end(errorEvent(fault.type ?? 'overloaded_error', fault.message ?? 'Overloaded'));
  }
};

const playEvents = async (
  response: ServerResponse,
  pieces: readonly Piece[],
  answer: MessageAnswer,
  signal: AbortSignal,
): Promise<void> => {
  const { fault, gate, delayMs = 0 } = answer;
  let pending = '';
  const drain = async (): Promise<void> => {
    const bytes = pending;
    pending = '';
    await flush(response, bytes);
    signal.throwIfAborted();
  };
  for (let i = 0; i <= pieces.length; i += 1) {
    const piece = pieces[i];
    if (gate?.afterEvents === i || (delayMs > 0 && piece?.isDelta)) await drain();
    if (gate?.afterEvents === i) await untilSettled(gate.until, signal);
    if (fault && fault.afterEvents <= i) {
      await drain();
      return strike(response, fault);
    }
    if (delayMs > 0 && piece?.isDelta) await sleep(delayMs, undefined, { signal });
    if (piece) pending += piece.bytes;
  }
  response.end(pending);
};

/** A body that is not streamed has no deltas to delay: all of it, or half of it where it is to break. */
const playWhole = async (
  response: ServerResponse,
  body: string,
  answer: MessageAnswer,
  requestId: string,
  signal: AbortSignal,
): Promise<void> => {
  const { fault, gate } = answer;
  if (gate) await untilSettled(gate.until, signal);
  if (!fault) return send(response, 200, JSON_TYPE, requestId, body, headerList(answer));
  if (fault.kind === 'error') {
    const status = statusOfFault(fault);
    const error = encodeError({ ...fault, kind: 'error', status }, requestId);
    return send(response, status, JSON_TYPE, requestId, error.body, error.headers);
  }
  if (fault.afterEvents > 0) {
    response.writeHead(200, {
      'content-type': JSON_TYPE,
      'content-length': Buffer.byteLength(body),
      'request-id': requestId,
    });
    await flush(response, body.slice(0, Math.ceil(body.length / 2)));
  }
  strike(response, fault);
};

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

const playSlowly = async (
  response: ServerResponse,
  message: ComposedMessage,
  answer: MessageAnswer,
  isStream: boolean,
  requestId: string,
): Promise<void> => {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    if (answer.waitMs) await sleep(answer.waitMs, undefined, { signal: gone.signal });
    if (!isStream)
      return await playWhole(response, encodeMessage(message), answer, requestId, gone.signal);
    response.setHeader('content-type', EVENTS_TYPE);
    response.setHeader('cache-control', 'no-cache');
    response.setHeader('request-id', requestId);
    for (const [name, value] of Object.entries(answer.headers ?? {}))
      response.setHeader(name, value);
    await playEvents(response, encodeEvents(message, answer.chunks ?? 1), answer, gone.signal);
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
};

const NO_CACHE = ['cache-control', 'no-cache'];

/** Plays a message answer. Settles when the last byte is handed over or the client is gone. */
export const play = (
  response: ServerResponse,
  message: ComposedMessage,
  answer: MessageAnswer,
  isStream: boolean,
  requestId: string,
): Promise<void> | undefined => {
  if (!isPlain(answer)) return playSlowly(response, message, answer, isStream, requestId);
  if (!isStream) {
    send(response, 200, JSON_TYPE, requestId, encodeMessage(message), headerList(answer));
    return undefined;
  }
  let body = '';
  for (const piece of encodeEvents(message, answer.chunks ?? 1)) body += piece.bytes;
  send(response, 200, EVENTS_TYPE, requestId, body, [...NO_CACHE, ...headerList(answer)]);
  return undefined;
};
