/** `query` and `ClaudeSDKClient`: the older cases and examples, over both ways to the API, and what they leave open. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import * as root from '../../src/index.ts';
import {
  type ClientMessage,
  calculateCost,
  extractSessionId,
  FileSessionStore,
  type Message,
  openStore,
  RedisSessionStore,
  resume,
} from '../../src/index.ts';
import { startRedis, withoutRedis } from '../support/redis.ts';
import { gate } from '../support/until.ts';
import { doors } from './doors.ts';
import { LiveStore } from './live-store.ts';

const { ClaudeAgentOptions, ClaudeCodeOptions, ClaudeSDKClient, query } = root;
const MODEL = 'claude-sonnet-4-6';
const KEY = 'sk-ant-not-to-be-seen';

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-classic-'));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const all = async <T>(messages: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const message of messages) found.push(message);
  return found;
};

const textOf = (message: Message | undefined): unknown =>
  Array.isArray(message?.content) ? message.content[0]?.['text'] : message?.content;

describe.each(doors())('over $name', (door) => {
  const onFiles = (options = {}) => {
    const folder = newFolder();
    const sessionStore = new FileSessionStore(folder);
    return { folder, sessionStore, options: { sessionStore, model: MODEL, ...options } };
  };
  const clientOn = (options: root.ClaudeAgentOptions) => new ClaudeSDKClient(options, door.parts());

  test('a query gives the user’s message and the answer', async () => {
    door.answers('Hello!');
    const messages = await all(query('Hi', onFiles().options, door.parts()));
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(messages.map(textOf)).toEqual(['Hi', 'Hello!']);
  });

  test('a query stores its session in the files of its store', async () => {
    const { folder, options } = onFiles();
    door.answers('Response');
    await all(query('Test', options, door.parts()));
    expect(readdirSync(join(folder, 'projects'))).toHaveLength(1);
  });

  test('a query goes on with the session that it is told to resume, made if it is not there', async () => {
    const { sessionStore, options } = onFiles({ resume: 'known' });
    door.answers('First response', 'Second response');
    await all(query('First', options, door.parts()));
    await all(query('Second', options, door.parts()));
    expect((await sessionStore.loadSession('known'))?.messages).toHaveLength(4);
    expect(
      door
        .requests()
        .at(-1)
        ?.messages.map(({ role }) => role),
    ).toEqual([...['user', 'assistant', 'user']]);
  });

  test('a client keeps one session over its queries', async () => {
    const { sessionStore, options } = onFiles();
    const client = clientOn(options);
    door.answers('Response 1', 'Response 2');
    expect(await all(client.query('Message 1'))).toHaveLength(2);
    expect(await all(client.query('Message 2'))).toHaveLength(2);
    await client.close();
    const state = await sessionStore.loadSession(await client.getSessionId());
    expect(state?.messages.map(({ content }) => content)).toMatchObject([
      ...['Message 1', [{ text: 'Response 1' }], 'Message 2', [{ text: 'Response 2' }]],
    ]);
  });

  test('a client is closed where it goes out of scope, and leaves a store open that it was given', async () => {
    const sessionStore = new LiveStore();
    door.answers('Response');
    const client = clientOn({ sessionStore, model: MODEL });
    await all(client.query('Test'));
    await client[Symbol.asyncDispose]();
    await client.close();
    expect(sessionStore.isClosed).toBe(false);
  });

  test('a client has a session id from the start', async () => {
    const { options } = onFiles();
    const id = await clientOn(options).getSessionId();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await clientOn({ ...options, resume: 'mine' }).getSessionId()).toBe('mine');
  });

  test('an example of one query', async () => {
    const said: unknown[] = [];
    door.answers('Hello!');
    for await (const message of query('Hello, Claude!', onFiles().options, door.parts()))
      if (message.role === 'assistant') said.push(message.content);
    expect(said).toMatchObject([[{ type: 'text', text: 'Hello!' }]]);
  });

  test('an example of a conversation', async () => {
    const client = clientOn(onFiles().options);
    door.answers('2+2 is 4', '4*3 is 12');
    await client.query("What's 2+2?");
    await client.query("What's that times 3?");
    await client.close();
    expect(door.requests().at(-1)?.messages).toMatchObject([
      { role: 'user', content: "What's 2+2?" },
      { role: 'assistant', content: [{ text: '2+2 is 4' }] },
      { role: 'user', content: "What's that times 3?" },
    ]);
  });

  test.skipIf(withoutRedis())('an example with Redis', async () => {
    await using redis = await startRedis();
    const sessionStore = new RedisSessionStore(redis.url);
    door.answers('Response');
    await all(query('Hello', { sessionStore, model: MODEL, resume: 's' }, door.parts()));
    expect(await sessionStore.getMessages('s')).toHaveLength(2);
    await sessionStore.close();
  });

  test('a query that was awaited has its typed messages waiting, once', async () => {
    const client = clientOn(onFiles({ resume: 's' }).options);
    door.answers('Hello!');
    await client.query('Hi');
    const messages = await all(client.receiveResponse());
    expect(messages.map(({ type }) => type)).toEqual(['system', 'user', 'assistant', 'result']);
    expect(messages.at(-1)).toMatchObject({
      ...{ subtype: 'success', is_error: false, num_turns: 1, session_id: 's' },
    });
    expect(extractSessionId(messages)).toBe('s');
    expect(await all(client.receiveResponse())).toEqual([]);
    await client.close();
  });

  test('a query that is not awaited runs when its response is read', async () => {
    const client = clientOn(onFiles().options);
    door.answers('Hello!');
    client.query('never read');
    client.query('Hi');
    const messages = await all(client.receiveResponse());
    expect(messages.map(({ type }) => type)).toEqual(['system', 'user', 'assistant', 'result']);
    expect(door.requests()).toHaveLength(1);
    await client.close();
  });

  test('the stream of all messages goes on from query to query, until disconnect; then the client may go on', async () => {
    const client = clientOn(onFiles().options);
    door.answers('One', 'Two', 'Three');
    const seen: ClientMessage[] = [];
    const second = gate();
    const reading = (async () => {
      for await (const message of client.receiveMessages()) {
        seen.push(message);
        if (seen.length === 8) second.open();
      }
    })();
    await client.query('1');
    await client.query('2');
    await second.opened;
    await client.disconnect();
    await reading;
    expect(seen.filter(({ type }) => type === 'assistant')).toHaveLength(2);
    await client.connect();
    await client.query('3');
    expect(door.requests().at(-1)?.messages).toHaveLength(5);
    await client.close();
  });

  test('a failed query rejects, and its response ends with a result that says so', async () => {
    const { sessionStore, options } = onFiles({ resume: 's' });
    const client = clientOn(options);
    door.answers(400, 'Fine');
    await expect(Promise.resolve(client.query('Hi'))).rejects.toMatchObject({ status: 400 });
    const messages = await all(client.receiveResponse());
    expect(messages.map(({ type }) => type)).toEqual(['system', 'user', 'result']);
    expect(messages.at(-1)).toMatchObject({
      ...{ subtype: 'error_during_execution', is_error: true, num_turns: 0 },
    });
    await client.query('Again');
    await client.close();
    expect(await sessionStore.getMessages('s')).toHaveLength(3);
  });

  test('at the limit of turns a response has one result and ends, and a query gives nothing', async () => {
    const { options } = onFiles({ resume: 's', maxTurns: 1 });
    const client = clientOn(options);
    door.answers('One');
    await client.query('1');
    expect(await all(client.query('2'))).toEqual([]);
    client.query('3');
    expect(await all(client.receiveResponse())).toMatchObject([
      { type: 'system' },
      { type: 'result', subtype: 'error_max_turns', is_error: true, num_turns: 1 },
    ]);
    expect(await all(query('4', options, door.parts()))).toEqual([]);
    expect(door.requests()).toHaveLength(1);
    await client.close();
  });

  test('resume goes on with a session that exists, and refuses one that does not', async () => {
    const { options } = onFiles();
    door.answers('One', 'Two');
    await expect(all(resume('unknown', 'Go on', options, door.parts()))).rejects.toMatchObject({
      code: 'session_not_found',
    });
    await all(query('Begin', { ...options, resume: 's' }, door.parts()));
    await all(resume('s', 'Go on', options, door.parts()));
    expect(door.requests().at(-1)?.messages).toHaveLength(3);
  });

  test('the key is neither in what is stored nor in what can be printed', async () => {
    const { folder, options } = onFiles({ resume: 's', anthropicApiKey: KEY });
    const client = clientOn(options);
    door.answers(400, 'Fine');
    await client.query('Hi').catch(() => undefined);
    const failed = await all(client.receiveResponse());
    await client.query('Hi');
    const messages = await all(client.receiveResponse());
    const stored = readFileSync(join(folder, 'projects', 's', 's.jsonl'), 'utf8');
    const seen = [
      stored,
      inspect(client, { depth: 9 }),
      JSON.stringify([client, failed, messages]),
    ];
    for (const text of seen) expect(text).not.toContain(KEY);
    await client.close();
  });
});

describe('without a server', () => {
  const inHome = async <T>(work: (home: string) => Promise<T>): Promise<T> => {
    const home = newFolder();
    const before = process.env['HOME'];
    process.env['HOME'] = home;
    try {
      return await work(home);
    } finally {
      process.env['HOME'] = before;
    }
  };
  const plain = {
    messages: { create: async () => (async function* () {})() },
  };

  test('a query without options keeps its session in one store of files, in the home folder', () =>
    inHome(async (home) => {
      await all(query('Test', undefined, { anthropicClient: plain }));
      const [id = ''] = readdirSync(join(home, '.claude', 'projects'));
      const store = await openStore(`file:${join(home, '.claude')}`);
      expect(await store.getMessages(id)).toHaveLength(2);
      await store.close();
    }));

  test('a query without a key and without an address is refused, and nothing is stored', () =>
    inHome(async (home) => {
      await expect(all(query('Hello', {}, { env: {} }))).rejects.toMatchObject({
        ...{ code: 'invalid_settings', message: expect.stringContaining('ANTHROPIC_API_KEY') },
      });
      const client = new ClaudeSDKClient({}, { env: {} });
      await expect(Promise.resolve(client.query('Hello'))).rejects.toMatchObject({
        code: 'invalid_settings',
      });
      await client.close();
      expect(existsSync(join(home, '.claude', 'projects'))).toBe(false);
    }));

  test('the classic names are there, as values', () => {
    const names = Object.entries(root).flatMap(([name, value]) => (value ? [name] : []));
    for (const name of [
      ...['query', 'ClaudeSDKClient', 'ClaudeAgentOptions', 'FileSessionStore'],
      ...['RedisSessionStore', 'SessionState', 'isSessionStore', 'AgentExecutor', 'resume'],
      ...['SessionPersistentClient', 'ClaudeCodeOptions', 'version'],
    ])
      expect(names).toContain(name);
    expect(ClaudeCodeOptions).toBe(ClaudeAgentOptions);
    expect(ClaudeAgentOptions.parse({})).toEqual({
      ...{ model: 'claude-sonnet-4-5-20250929', workingDirectory: '.', permissionMode: 'ask' },
      maxTurns: 100,
    });
  });

  test('the newer form of query is refused with the name of its door', () => {
    const newer = { prompt: 'Hi' } as unknown as string;
    expect(() => query(newer)).toThrow(/greenroom\/agent-sdk/);
  });

  test('options that contradict each other, or that nothing here could honour, are refused', () => {
    const sessionStore = new LiveStore();
    const wrong = [
      { servers: 'nats://localhost', sessionStore },
      { servers: 'nats://localhost', anthropicApiKey: KEY },
      { creds: 'file' },
      { servers: 'nats://localhost', hooks: { PreToolUse: [{ hooks: [] }] } },
      { permissionMode: 'sometimes' },
      { sessionStore: {} },
      { apiKey: KEY },
    ];
    for (const options of wrong) {
      const made = () => new ClaudeSDKClient(options as root.ClaudeAgentOptions);
      expect(made, Object.keys(options).join()).toThrow(
        expect.objectContaining({ code: 'invalid_settings' }),
      );
      expect(made).not.toThrow(KEY);
    }
  });

  test('a call that is interrupted ends its turn; the user’s message stays', async () => {
    const asked = gate();
    const client = new ClaudeSDKClient(
      { sessionStore: new LiveStore(), resume: 's' },
      {
        anthropicClient: {
          messages: {
            create: (_, options) => {
              asked.open();
              return new Promise((_resolve, reject) => {
                options?.signal.addEventListener('abort', () => reject(new Error('aborted')));
              });
            },
          },
        },
      },
    );
    const running = client.query('Hi').then(() => 'ended');
    await asked.opened;
    await client.interrupt();
    expect(await running).toBe('ended');
    expect(await all(client.receiveResponse())).toMatchObject([
      ...[{ type: 'system' }, { type: 'user' }],
      { type: 'result', subtype: 'error_during_execution', is_error: true },
    ]);
    await client.close();
  });

  test('a result has the cost of the session; of an unknown price null', async () => {
    const costs: unknown[] = [];
    let model = 'claude-sonnet-4-6';
    const create = async function* () {
      yield { type: 'message_start', message: { model, usage: { output_tokens: 1_000_000 } } };
      yield { type: 'message_stop' };
    };
    const client = new ClaudeSDKClient(
      { sessionStore: new LiveStore() },
      { anthropicClient: { messages: { create } } },
    );
    for (const next of [model, model, 'unheard-of']) {
      model = next;
      await client.query('Hi');
      const messages = await all(client.receiveResponse());
      costs.push(messages.flatMap((one) => (one.type === 'result' ? [one.total_cost_usd] : []))[0]);
      if (next !== 'unheard-of') expect(calculateCost(messages)).toBe(costs.at(-1));
    }
    const [first] = costs;
    expect(costs).toEqual([first, 2 * Number(first), null]);
    await client.close();
  });

  test('a caller that keeps a message in hand does not hold up other sessions', async () => {
    const sessionStore = new LiveStore();
    const held = query('Hi', { sessionStore, resume: 'a' }, { anthropicClient: plain });
    await held.next();
    await all(query('Hi', { sessionStore, resume: 'b' }, { anthropicClient: plain }));
    await held.return();
    await all(query('Hi', { sessionStore, resume: 'a' }, { anthropicClient: plain }));
    expect(sessionStore.sessions.get('a')?.messages).toHaveLength(3);
  });
});
