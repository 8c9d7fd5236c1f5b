/**
 * The second floor: the bare Claude SDK in a loop, as anybody would write it without us. With
 * `fetch: 'ours'` it runs over the `fetch` that the executor gives it, to see what that alone changes.
 */
import { readdir, readFile } from 'node:fs/promises';
import Anthropic from '@anthropic-ai/sdk';
import { openConnections } from '../../src/executor/models/http-fetch.ts';
import { median } from '../harness/figures.ts';
import { type LoopLimits, type Measured, measure } from '../harness/loop.ts';
import { serveCalls } from '../harness/remote.ts';
import { type CpuUsage, cpuBetween, cpuUsage } from '../harness/usage.ts';
import { ACCEPT, scaledTo } from './floor-records.ts';
import { FloorStore } from './floor-store.ts';
import { SyncedPage } from './synced-page.ts';

export interface SdkLoop extends LoopLimits {
  readonly fetch: 'the platform' | 'ours';
  readonly baseUrl: string;
  readonly model: string;
  readonly prompt: string;
  /** Offers these tools, and answers their calls: a file is read, a folder is listed. Default: none. */
  readonly tools?: readonly Anthropic.Tool[];
  /** Makes a turn as durable as ours: a commit where ours has one, of as many bytes. Default: nothing is kept. */
  readonly commits?: FloorCommits;
  /** Turns go round over so many conversations, and each is sent all that its conversation has so far. Default: each is one of its own. */
  readonly conversations?: number;
  /** Also looks when the first delta comes. */
  readonly marksDeltas?: boolean;
}

export interface FloorCommits {
  readonly dir: string;
  readonly bytesEach: number;
  /** Syncs of the disk for each commit, beside those of the store's own transactions: it has fewer and larger groups than ours. */
  readonly moreSyncs: number;
}

export interface SdkMeasured extends Measured {
  readonly cpu: CpuUsage;
  /** From asking to the first delta of a turn; NaN where that was not looked at. */
  readonly deltaP50Ms: number;
  readonly commits: number;
  readonly syncs: number;
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

/** Of a turn that is kept: each step of it, once it has been made. */
type Keep = () => Promise<void>;
const KEEPS_NOTHING: Keep = async () => undefined;

const SESSIONS = 500;

interface Floor {
  readonly store: FloorStore;
  readonly page: SyncedPage;
}
const floors = new Map<string, Floor>();

const floorIn = (dir: string): Floor => {
  const known = floors.get(dir) ?? { store: new FloorStore(dir), page: new SyncedPage(dir) };
  floors.set(dir, known);
  return known;
};

const syncsOf = (floor: Floor | undefined): number =>
  floor === undefined ? 0 : floor.store.transactions + floor.page.syncs;

/** What was said so far, as anybody would keep it: in memory. */
const conversations = new Map<number, Anthropic.MessageParam[]>();

const conversationOf = (index: number, count: number | undefined): Anthropic.MessageParam[] => {
  if (count === undefined) return [];
  const known = conversations.get(index % count) ?? [];
  conversations.set(index % count, known);
  return known;
};

const calls = {
  run: async (options: SdkLoop): Promise<SdkMeasured> => {
    const client = clientOf(options);
    const { model, prompt } = options;
    const floor = options.commits && floorIn(options.commits.dir);
    const { bytesEach = 0, moreSyncs = 0 } = options.commits ?? {};
    const records = scaledTo(bytesEach, ACCEPT);
    const [commits, syncs] = [floor?.store.commits ?? 0, syncsOf(floor)];
    let owed = 0;
    const deltas: number[] = [];
    const before = cpuUsage();
    const measured = await measure(options, async (index) => {
      let seq = 8 * Math.floor(index / SESSIONS);
      const keep: Keep =
        floor === undefined
          ? KEEPS_NOTHING
          : async () => {
              const stored = floor.store.commit(`session-${index % SESSIONS}`, ++seq, records);
              owed += moreSyncs;
              if (owed >= 1) {
                owed -= 1;
                await floor.page.sync();
              }
              await stored;
            };
      const sinceMs = performance.now();
      let isWaiting = options.marksDeltas === true;
      await keep(); // the turn is accepted
      const messages = conversationOf(index, options.conversations);
      messages.push({ role: 'user', content: prompt });
      const offered = options.tools === undefined ? {} : { tools: [...options.tools] };
      for (;;) {
        const stream = client.messages.stream({
          ...{ model, max_tokens: MAX_TOKENS, messages },
          ...offered,
        });
        if (isWaiting)
          stream.on('streamEvent', ({ type }) => {
            if (!isWaiting || type !== 'content_block_delta') return;
            isWaiting = false;
            deltas.push(performance.now() - sinceMs);
          });
        const { stop_reason: reason, content } = await stream.finalMessage();
        await keep(); // the answer, and that its tools start
        messages.push({ role: 'assistant', content });
        if (reason === 'end_turn') return;
        if (reason !== 'tool_use') throw new Error(`the answer stopped because of ${reason}`);
        const uses = content.filter((block) => block.type === 'tool_use');
        const results = uses.map(async (use) => {
          const result = await resultOf(use);
          await keep();
          return result;
        });
        messages.push({ role: 'user', content: await Promise.all(results) });
      }
    });
    return {
      ...measured,
      cpu: cpuBetween(before, cpuUsage()),
      deltaP50Ms: median(deltas),
      commits: (floor?.store.commits ?? 0) - commits,
      syncs: syncsOf(floor) - syncs,
    };
  },
};

export type SdkCalls = typeof calls;
serveCalls(calls);
