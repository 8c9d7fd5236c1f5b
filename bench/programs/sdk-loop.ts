/**
 * The second floor: the bare Claude SDK in a loop, as anybody would write it without us. With
 * `fetch: 'ours'` it runs over the `fetch` that the executor gives it, to see what that alone changes.
 */
import { readdir, readFile } from 'node:fs/promises';
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
  /** Offers these tools, and answers their calls: a file is read, a folder is listed. Default: none. */
  readonly tools?: readonly Anthropic.Tool[];
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

/** What anybody would write: no rules, no log, no second process. */
const resultOf = async ({
  id,
  input,
}: Anthropic.ToolUseBlock): Promise<Anthropic.ToolResultBlockParam> => {
  const { file_path, path } = input as { file_path?: string; path?: string };
  const said =
    file_path === undefined
      ? (await readdir(path ?? '.')).join('\n')
      : await readFile(file_path, 'utf8');
  return { type: 'tool_result', tool_use_id: id, content: said };
};

const calls = {
  run: async (options: SdkLoop): Promise<SdkMeasured> => {
    const client = clientOf(options);
    const { model, prompt } = options;
    const before = cpuUsage();
    const measured = await measure(options, async () => {
      const messages: Anthropic.MessageParam[] = [{ role: 'user', content: prompt }];
      const offered = options.tools === undefined ? {} : { tools: [...options.tools] };
      for (;;) {
        const stream = client.messages.stream({
          ...{ model, max_tokens: MAX_TOKENS, messages },
          ...offered,
        });
        const { stop_reason: reason, content } = await stream.finalMessage();
        if (reason === 'end_turn') return;
        if (reason !== 'tool_use') throw new Error(`the answer stopped because of ${reason}`);
        const uses = content.filter((block) => block.type === 'tool_use');
        messages.push({ role: 'assistant', content });
        messages.push({ role: 'user', content: await Promise.all(uses.map(resultOf)) });
      }
    });
    return { ...measured, cpu: cpuBetween(before, cpuUsage()) };
  },
};

export type SdkCalls = typeof calls;
serveCalls(calls);
