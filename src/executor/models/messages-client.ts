/**
 * The official client of the API for programs that call it on their own loop. The library is loaded when the first one is
 * made: most programs that import this package never need it here.
 */
import type Anthropic from '@anthropic-ai/sdk';

/** The parameters of a streamed `messages.create`. */
export type StreamRequest = Anthropic.MessageCreateParamsStreaming;

/** All that is used of a client of the API: the official one has it, and so has any object with this method. */
export interface MessagesClient {
  readonly messages: {
    create(
      request: StreamRequest,
      options?: { readonly signal: AbortSignal },
    ): AsyncIterable<unknown> | PromiseLike<AsyncIterable<unknown>>;
  };
}

/**
 * @param apiKey null: the library's own ways to sign a request, such as `ANTHROPIC_AUTH_TOKEN`.
 * @param baseUrl without `/v1/messages`; default: the API's.
 */
export const openMessagesClient = async (
  apiKey: string | null,
  baseUrl: string | undefined,
): Promise<MessagesClient> => {
  const { default: Client } = await import('@anthropic-ai/sdk');
  return new Client({ apiKey, ...(baseUrl === undefined ? {} : { baseURL: baseUrl }) });
};
