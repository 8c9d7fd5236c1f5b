/** Requests to a real Greenroom by HTTP, with a token of its own, and streams that are read event by event. */

import { tokensName } from '../../src/http/access/tokens.ts';
import type { Need } from '../../src/session/verbs/verb-facts.ts';
import type { TestGreenroom } from '../support/greenroom.ts';

export const EVERYTHING: readonly Need[] = ['read', 'send', 'approve', 'operate', 'admin'];

export interface TokenOptions {
  readonly scopes?: readonly Need[];
  readonly owner?: string;
  readonly tags?: string[];
  readonly tenant?: string;
}

export const tokenOf = (test: TestGreenroom, options: TokenOptions = {}): string => {
  const { scopes = EVERYTHING, tenant = 'default', ...more } = options;
  const book = test.greenroom.system.fetch(tokensName);
  return book.create(tenant, 'a test', { name: 'test', scopes: [...scopes], ...more }).token;
};

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they like
  readonly body: any;
}

export interface Client {
  readonly url: string;
  readonly token: string;
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answered>;
  /** Reads events from a stream as they come; ends it when the iteration ends. */
  events(path: string, init?: RequestInit): AsyncGenerator<SentEvent>;
}

export interface SentEvent {
  readonly event: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they like
  readonly data: any;
}

export const urlOf = (test: TestGreenroom): string => {
  const { http } = test.greenroom.status();
  if (http === null) throw new Error('it is not served');
  return http;
};

export const clientOf = (test: TestGreenroom, options: TokenOptions = {}): Client =>
  clientWith(urlOf(test), tokenOf(test, options));

export const clientWith = (url: string, token: string): Client => {
  const authorization = `Bearer ${token}`;
  return {
    ...{ url, token },
    call: async (method, path, body, headers = {}) => {
      const response = await fetch(`${url}${path}`, {
        ...{ method, redirect: 'manual' },
        headers: {
          authorization,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return {
        status: response.status,
        headers: response.headers,
        body: isJson && text !== '' ? JSON.parse(text) : text,
      };
    },
    async *events(path, init = {}) {
      const abort = new AbortController();
      const response = await fetch(`${url}${path}`, {
        ...init,
        headers: { authorization, accept: 'text/event-stream', ...init.headers },
        signal: abort.signal,
      });
      if (response.status !== 200 || response.body === null)
        throw new Error(`${response.status} ${await response.text()}`);
      try {
        yield* eventsIn(response.body);
      } finally {
        abort.abort();
      }
    },
  };
};

async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<SentEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const fields = new Map(
        block.split('\n').map((line) => {
          const colon = line.indexOf(': ');
          return [line.slice(0, colon), line.slice(colon + 2)] as const;
        }),
      );
      const data = fields.get('data');
      if (data === undefined) continue;
      const id = fields.get('id');
      yield { event: fields.get('event') ?? 'message', id, data: JSON.parse(data) };
    }
  }
}

/** Events up to and with the first one that meets the condition. */
export const eventsUntil = async (
  events: AsyncGenerator<SentEvent>,
  isLast: (event: SentEvent) => boolean,
): Promise<SentEvent[]> => {
  const seen: SentEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (isLast(event)) break;
  }
  return seen;
};
