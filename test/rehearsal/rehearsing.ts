/** A rehearsal server for one test file and an SDK client that talks to it without retries. */
import Anthropic from '@anthropic-ai/sdk';
import { afterEach } from 'vitest';
import {
  type Rehearsal,
  type RehearsalOptions,
  startRehearsal,
} from '../../src/rehearsal/server.ts';

export interface Rehearsing {
  readonly rehearsal: Rehearsal;
  readonly client: Anthropic;
  /** A one-prompt request, streamed to its end. */
  ask(
    prompt: string,
    more?: Partial<Anthropic.MessageCreateParamsNonStreaming>,
  ): Promise<Anthropic.Message>;
}

export const MODEL = 'claude-opus-5';

export const paramsFor = (prompt: string): Anthropic.MessageCreateParamsNonStreaming => ({
  model: MODEL,
  max_tokens: 1000,
  messages: [{ role: 'user', content: prompt }],
});

const open = new Set<Rehearsal>();

afterEach(async () => {
  await Promise.all([...open].map((rehearsal) => rehearsal.close()));
  open.clear();
});

/** Started for the test that asks, closed after it. */
export const rehearsing = async (options: RehearsalOptions = {}): Promise<Rehearsing> => {
  const rehearsal = await startRehearsal(options);
  open.add(rehearsal);
  const client = new Anthropic({ baseURL: rehearsal.url, apiKey: 'any', maxRetries: 0 });
  return {
    rehearsal,
    client,
    ask: (prompt, more) => client.messages.stream({ ...paramsFor(prompt), ...more }).finalMessage(),
  };
};
