/** Reads the body of a streamed answer: bytes, lines, events. */
import type { IncomingMessage } from 'node:http';
import { AnthropicError, APIError } from '@anthropic-ai/sdk';
import type { Clock } from '../../otp/clock.ts';
import { EventLines, type ServerEvent } from './event-lines.ts';
import type { StreamEvent } from './message-draft.ts';

/**
 * Tells `see` each event, in order, up to the one that ends the message: what is whole waits for nobody, and what breaks behind it
 * breaks nothing.
 *
 * @returns resolves there, or at the end of the body. Rejects with `APIError` for an event that is an error, and with
 * `AnthropicError` for what is no event, for whatever `see` throws, and when the connection breaks off.
 */
export const readAnswer = (
  body: IncomingMessage,
  headers: Headers,
  see: (event: StreamEvent) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    if (body.destroyed) return reject(closed());
    const lines = new EventLines();
    let isWhole = false;
    const tell = (next: () => readonly ServerEvent[]): void => {
      try {
        for (const event of next()) {
          if (isWhole || saysNothing(event)) continue;
          const told = read(event, headers);
          see(told);
          isWhole = told.type === 'message_stop';
        }
        if (isWhole) resolve();
      } catch (error) {
        reject(strange(error));
        body.destroy();
      }
    };
    body.on('data', (bytes: Buffer) => {
      if (!isWhole) tell(() => lines.take(bytes));
    });
    body.on('end', () => {
      tell(() => lines.end());
      resolve();
    });
    body.on('error', (error) => reject(new AnthropicError(error.message, { cause: error })));
    body.on('close', () => reject(closed()));
  });

const saysNothing = ({ name, data }: ServerEvent): boolean =>
  name === 'ping' || (data === '' && name !== 'error');

const closed = (): AnthropicError => new AnthropicError('the connection was closed');

/** How long the end of a body may be behind that of its message, in milliseconds: then the connection is not waited for. */
const LAST_MS = 2_000;

/** What was read up to the end of its message is ended, so that its connection can be used again, or goes. */
export const endBody = (body: IncomingMessage, clock: Clock): void => {
  if (body.complete || body.destroyed) return;
  const timer = clock.setTimeout(() => body.destroy(), LAST_MS);
  body.on('close', () => timer.cancel());
};

/** An error says so by its name, or, behind some gateways, in its data alone. */
const read = ({ name, data }: ServerEvent, headers: Headers): StreamEvent => {
  if (name === 'error') throw errorOf(jsonOr(data), headers);
  const event = JSON.parse(data) as StreamEvent | { readonly type: 'error' };
  if (event.type === 'error') throw errorOf(event, headers);
  return event;
};

const errorOf = (body: unknown, headers: Headers): APIError => {
  const type = (body as { error?: { type?: string } } | null)?.error?.type;
  return new APIError(undefined, body as object, undefined, headers, type as APIError['type']);
};

const jsonOr = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

/** What is not the API's: no fault of ours, and another try may go well. */
export const strange = (error: unknown): AnthropicError =>
  error instanceof AnthropicError
    ? error
    : new AnthropicError(`the server sent what the API does not: ${String(error)}`, {
        cause: error,
      });
