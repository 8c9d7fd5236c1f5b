/**
 * Both ways to the API that each classic case is run with: an object that has nothing but `messages.create`, whose stream
 * has the least that the older cases had, and the official client against the rehearsal server over HTTP.
 */
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll } from 'vitest';
import type { ClientParts, MessagesClient } from '../../src/index.ts';
import { type Rehearsal, startRehearsal } from '../../src/rehearsal/server.ts';

export interface Seen {
  readonly model: string;
  readonly max_tokens: number;
  readonly stream: boolean;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly [field: string]: unknown;
}

export interface Door {
  readonly name: string;
  /** For an executor. */
  client(): MessagesClient;
  /** For `query` and the clients. */
  parts(): ClientParts;
  /** What the API answers from now on: an error for a number. */
  answers(...texts: readonly (string | number)[]): void;
  /** The requests since `answers`, oldest first. */
  requests(): readonly Seen[];
}

/** An object with one method; no `message_start`, no `index`, no usage. */
export class PlainClient implements MessagesClient {
  readonly requests: Seen[] = [];
  next: () => string | number = () => 'Reply';
  readonly messages = {
    create: async (request: unknown): Promise<AsyncIterable<unknown>> => {
      this.requests.push(structuredClone(request) as Seen);
      const next = this.next();
      if (typeof next === 'number') throw Object.assign(new Error('refused'), { status: next });
      return streamOf(next);
    },
  };
}

async function* streamOf(text: string) {
  yield { type: 'content_block_start', content_block: { type: 'text' } };
  for (const word of text.split(/(?<= )/))
    yield { type: 'content_block_delta', delta: { type: 'text_delta', text: word } };
  yield { type: 'message_stop' };
}

/** One after another; the last one stays. */
const oneByOne = (texts: readonly (string | number)[]) => {
  const left = [...texts];
  return (): string | number => (left.length > 1 ? left.shift() : left[0]) ?? 'Reply';
};

const plainDoor = (): Door => {
  const client = new PlainClient();
  return {
    name: 'a client with nothing but messages.create',
    client: () => client,
    parts: () => ({ anthropicClient: client, env: {} }),
    answers: (...texts) => {
      client.requests.length = 0;
      client.next = oneByOne(texts);
    },
    requests: () => client.requests,
  };
};

const officialDoor = (): Door => {
  let server: Rehearsal | undefined;
  let next = oneByOne([]);
  beforeAll(async () => {
    server = await startRehearsal({
      script: () => {
        const answer = next();
        return typeof answer === 'number'
          ? { kind: 'error', status: answer }
          : { kind: 'message', content: [{ type: 'text', text: answer }] };
      },
    });
  });
  afterAll(() => server?.close());
  const there = (): Rehearsal => {
    if (server === undefined) throw new Error('it is there while tests run');
    return server;
  };
  return {
    name: 'the official client over HTTP',
    client: () => new Anthropic({ apiKey: 'any', baseURL: there().url, maxRetries: 0 }),
    parts: () => ({ env: { ANTHROPIC_BASE_URL: there().url, ANTHROPIC_API_KEY: 'any' } }),
    answers: (...texts) => {
      there().clear();
      next = oneByOne(texts);
    },
    requests: () =>
      there()
        .requests.toArray()
        .map(({ rawBody }) => JSON.parse(rawBody.toString()) as Seen),
  };
};

/** Called at the top of a file: the second one has a server. */
export const doors = (): readonly Door[] => [plainDoor(), officialDoor()];
