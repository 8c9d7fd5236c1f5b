/**
 * The second floor: the bare Claude SDK in a loop, as anybody would write it without us. With
 * `fetch: 'ours'` it runs over the `fetch` that the executor gives it, to see what that alone changes.
 */
import Anthropic from '@anthropic-ai/sdk';
import { openConnections } from '../../src/executor/models/http-fetch.ts';
import { type LoopLimits, type Measured, measure } from '../harness/loop.ts';
import { serveCalls } from '../harness/remote.ts';
import { type CpuUsage, cpuBetween, cpuUsage } from '../harness/usage.ts';

export interface SdkLoop extends LoopLimits {
  readonly fetch: 'the platform' | 'ours';
  readonly baseUrl: string;
  readonly model: string;
  readonly prompt: string;
}

export interface SdkMeasured extends Measured {
  readonly cpu: CpuUsage;
}

const MAX_TOKENS = 8_192;
const MAX_SOCKETS = 256;

console.warn = () => undefined; // the SDK's word on deprecated models, once per request

const clientOf = ({ fetch, baseUrl }: SdkLoop): Anthropic =>
  new Anthropic({
    baseURL: baseUrl,
    apiKey: 'bench',
    maxRetries: 0,
    logLevel: 'off',
    ...(fetch === 'ours' ? { fetch: openConnections(MAX_SOCKETS).fetch } : {}),
  });

const calls = {
  run: async (options: SdkLoop): Promise<SdkMeasured> => {
    const client = clientOf(options);
    const { model, prompt } = options;
    const before = cpuUsage();
    const measured = await measure(options, async () => {
      const messages = [{ role: 'user' as const, content: prompt }];
      const stream = client.messages.stream({ model, max_tokens: MAX_TOKENS, messages });
      const { stop_reason: reason } = await stream.finalMessage();
      if (reason !== 'end_turn') throw new Error(`the answer stopped because of ${reason}`);
    });
    return { ...measured, cpu: cpuBetween(before, cpuUsage()) };
  },
};

export type SdkCalls = typeof calls;
serveCalls(calls);
