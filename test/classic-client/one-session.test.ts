/** Many executors on one session: over each of our stores, in one process and in several; nothing is kept between calls. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AgentExecutor,
  type MessagesClient,
  openStore,
  type SessionState,
  type SessionStore,
} from '../../src/index.ts';
import { nanoUsdOf, usdOf } from '../../src/model/money.ts';
import { emptyUsage } from '../../src/model/usage.ts';
import { costNanoUsd } from '../../src/pricing/price.ts';
import { isFull } from '../chaos/size.ts';
import { startPostgres, withoutPostgres } from '../support/postgres.ts';
import { startRedis, withoutRedis } from '../support/redis.ts';
import { LiveStore } from './live-store.ts';

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('turn-child.mjs', import.meta.url));
const MODEL = 'claude-sonnet-4-5-20250929';
const USAGE = { input_tokens: 7, output_tokens: 3 };

/** Answers with the last prompt, and says what that cost. */
const echo: MessagesClient = {
  messages: {
    create: async function* ({ messages }) {
      yield { type: 'message_start', message: { model: MODEL, usage: USAGE } };
      yield { type: 'content_block_start', content_block: { type: 'text' } };
      const text = `to ${messages.at(-1)?.content}`;
      yield { type: 'content_block_delta', delta: { type: 'text_delta', text } };
      yield { type: 'message_stop' };
    },
  },
};

const costOf = (turns: number): number => {
  const usage = { ...emptyUsage, inputTokens: 7, outputTokens: 3 };
  return turns * (costNanoUsd(usage, MODEL, Date.now()) ?? Number.NaN);
};

const expectCounted = (state: SessionState | null, turns: number): void => {
  expect(state?.metadata.numTurns).toBe(turns);
  expect(state?.messages).toHaveLength(2 * turns);
  expect(state?.metadata.usage).toMatchObject({
    input_tokens: 7 * turns,
    output_tokens: 3 * turns,
  });
  expect(nanoUsdOf(state?.metadata.totalCostUsd ?? -1)).toBe(costOf(turns));
};

const fiftyAtOnce = async (store: SessionStore): Promise<void> => {
  const prompts = Array.from({ length: 50 }, (_, at) => `prompt ${at}`);
  const all = prompts.map(async (prompt) => {
    const executor = new AgentExecutor(store, echo, { model: MODEL });
    for await (const _ of executor.executeTurn('s', prompt));
  });
  await Promise.all(all);
  const state = await store.loadSession('s');
  expectCounted(state, 50);
  const pairs = prompts.map((_, at) => state?.messages.slice(2 * at, 2 * at + 2));
  for (const pair of pairs)
    expect(pair).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: [{ text: `to ${pair?.[0]?.['content']}` }] },
    ]);
  expect(new Set(pairs.map((pair) => pair?.[0]?.['content']))).toEqual(new Set(prompts));
};

/** Each in a process of its own, at once. */
const rivals = async (url: string): Promise<void> => {
  const [processes, turns] = isFull() ? [5, 10] : [3, 3];
  const names = Array.from({ length: processes }, (_, at) => `p${at}`);
  await Promise.all(
    names.map((name) => run(process.execPath, [CHILD, url, 'shared', name, String(turns)])),
  );
  const store = await openStore(url);
  const state = await store.loadSession('shared');
  await store.close();
  expectCounted(state, processes * turns);
  for (const name of names) {
    const own = state?.messages.filter(({ role, content }) =>
      role === 'user' ? String(content).startsWith(`${name}-`) : false,
    );
    expect(own?.map(({ content }) => content)).toEqual(
      Array.from({ length: turns }, (_, at) => `${name}-${at}`),
    );
  }
};

const folder = mkdtempSync(join(tmpdir(), 'greenroom-one-session-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('fifty executors on one session', () => {
  test.each([
    ['files', `file:${join(folder, 'files')}`],
    ['LMDB', `lmdb:${join(folder, 'lmdb')}`],
    ['memory', 'memory:'],
  ])('lose nothing over %s', async (_, url) => {
    const store = await openStore(url);
    try {
      await fiftyAtOnce(store);
    } finally {
      await store.close();
    }
  });

  test('lose nothing over a store of forty lines that returns its live data', () =>
    fiftyAtOnce(new LiveStore()));
});

describe.skipIf(withoutRedis() || withoutPostgres())('on servers', () => {
  const servers: AsyncDisposable[] = [];
  const urls: Record<string, string> = {};
  beforeAll(async () => {
    const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
    servers.push(redis, postgres);
    Object.assign(urls, { redis: redis.url, postgres: postgres.url });
  });
  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
  });

  test.each(['redis', 'postgres'])('fifty executors lose nothing over %s', async (kind) => {
    const store = await openStore(urls[kind] ?? '');
    try {
      await fiftyAtOnce(store);
    } finally {
      await store.close();
    }
  });

  test.each(['redis', 'postgres'])('several processes lose nothing over %s', (kind) =>
    rivals(urls[kind] ?? ''),
  );
});

test('several processes lose nothing over files', () => rivals(`file:${join(folder, 'shared')}`));

test('nothing is kept between calls: each turn in a process of its own sees all before it', async () => {
  const url = `file:${join(folder, 'one-by-one')}`;
  const said: unknown[] = [];
  for (let turn = 0; turn < (isFull() ? 20 : 3); turn += 1) {
    const { stdout } = await run(process.execPath, [CHILD, url, 's', `t${turn}`, '1']);
    said.push(...JSON.parse(stdout));
  }
  expect(said).toEqual(said.map((_, turn) => `t${turn} saw ${2 * turn + 1}`));
  const store = await openStore(url);
  const state = await store.loadSession('s');
  await store.close();
  expectCounted(state, said.length);
  expect(state?.metadata.totalCostUsd).toBe(usdOf(costOf(said.length)));
});
