/** Reads the body of a streamed answer: bytes, lines, events. */
import type { IncomingMessage } from 'node:http';
import { AnthropicError, APIError } from '@anthropic-ai/sdk';
import { EventLines, type ServerEvent } from './event-lines.ts';
import type { StreamEvent } from './message-draft.ts';

/**
 * Tells `see` each event, in order.
 *
 * @returns resolves at the end of the body. Rejects with `APIError` for an event that is an error, and with
 * `AnthropicError` for what is no event, for whatever `see` throws, and when the connection breaks off.
 */
export const readAnswer = (
  body: IncomingMessage,
  headers: Headers,
  see: (event: StreamEvent) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const lines = new EventLines();
    const tell = (events: readonly ServerEvent[]): void => {
      try {
        for (const event of events) if (event.name !== 'ping') see(read(event, headers));
      } catch (error) {
        reject(asSdkError(error));
        body.destroy();
      }
    };
    body.on('data', (bytes: Buffer) => tell(lines.take(bytes)));
    body.on('end', () => {
      tell(lines.end());
      resolve();
    });
    body.on('error', (error) => reject(asSdkError(error)));
    body.on('close', () => reject(new AnthropicError('the connection was closed')));
  });

const read = ({ name, data }: ServerEvent, headers: Headers): StreamEvent => {
  if (name !== 'error') return JSON.parse(data) as StreamEvent;
  const body = jsonOr(data);
  const type = (body as { error?: { type?: string } } | null)?.error?.type;
  throw new APIError(undefined, body as object, undefined, headers, type as APIError['type']);
};

const jsonOr = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

/** A connection that breaks off, or what is not the API's: no fault of ours, and another try may go well. */
const asSdkError = (error: unknown): AnthropicError => {
  if (error instanceof AnthropicError) return error;
  return new AnthropicError(error instanceof Error ? error.message : String(error), {
    cause: error,
  });
};
