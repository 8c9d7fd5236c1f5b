/** The executor: the older cases, over both ways to the API, and what they leave open. */
import { describe, expect, test } from 'vitest';
import { AgentExecutor, type Message, SessionMetadata } from '../../src/index.ts';
import { doors } from './doors.ts';
import { LiveStore } from './live-store.ts';

const all = async (messages: AsyncIterable<Message>): Promise<Message[]> => {
  const found: Message[] = [];
  for await (const message of messages) found.push(message);
  return found;
};

const MODEL = 'claude-sonnet-4-6'; // one of which the official client does not warn

describe.each(doors())('over $name', (door) => {
  const ready = (options = {}) => {
    const store = new LiveStore();
    const executor = new AgentExecutor(store, door.client(), {
      ...{ model: MODEL, maxTurns: 10 },
      ...options,
    });
    return { store, executor };
  };

  test('a session is made on first use, with the settings of the options', async () => {
    const { store, executor } = ready({ workingDirectory: '/srv', permissionMode: 'disabled' });
    door.answers('Hello there!');
    expect(await store.sessionExists('new-session')).toBe(false);
    const messages = await all(executor.executeTurn('new-session', 'Hi'));
    expect(await store.sessionExists('new-session')).toBe(true);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect((await store.loadSession('new-session'))?.metadata).toMatchObject({
      ...{ model: MODEL, workingDirectory: '/srv', permissionMode: 'disabled' },
    });
  });

  test('a turn gives the user’s message and the answer as blocks, under ids that count turns', async () => {
    const { executor } = ready();
    door.answers('A response', 'Another');
    const first = await all(executor.executeTurn('s', 'Test message'));
    expect(first).toMatchObject([
      { role: 'user', content: 'Test message', id: 'msg-0-user' },
      {
        role: 'assistant',
        content: [{ type: 'text', text: 'A response' }],
        id: 'msg-0-assistant',
      },
    ]);
    const second = await all(executor.executeTurn('s', 'More'));
    expect(second.map(({ id }) => id)).toEqual(['msg-1-user', 'msg-1-assistant']);
  });

  test('both messages are in the store', async () => {
    const { store, executor } = ready();
    door.answers('OK');
    const given = await all(executor.executeTurn('s', 'Hello'));
    expect(await store.getMessages('s')).toEqual(given);
  });

  test('the turn is counted in the metadata', async () => {
    const { store, executor } = ready();
    door.answers('Reply');
    await all(executor.executeTurn('s', 'Message'));
    expect((await store.loadSession('s'))?.metadata.numTurns).toBe(1);
  });

  test('an existing session goes on: its history is sent, its settings stay, the prompt is sent once', async () => {
    const { store, executor } = ready({ workingDirectory: '/other' });
    await store.createSession('s', SessionMetadata.parse({ model: 'claude-opus-4' }));
    await store.appendMessage('s', { role: 'user', content: 'First', id: 'm1' });
    door.answers('Second response');
    await all(executor.executeTurn('s', 'Second message'));
    expect(door.requests()).toMatchObject([
      {
        ...{ model: MODEL, max_tokens: 4096, stream: true },
        messages: [
          { role: 'user', content: 'First' },
          { role: 'user', content: 'Second message' },
        ],
      },
    ]);
    expect(door.requests()[0]).not.toHaveProperty('tools');
    const state = await store.loadSession('s');
    expect(state?.messages).toHaveLength(3);
    expect(state?.metadata).toMatchObject({ model: 'claude-opus-4', workingDirectory: '.' });
  });

  test('at the limit of turns nothing is stored, asked or given', async () => {
    const { store, executor } = ready();
    await store.createSession('s', { numTurns: 10 });
    door.answers('never');
    expect(await all(executor.executeTurn('s', 'This should not execute'))).toEqual([]);
    expect(await store.getMessages('s')).toEqual([]);
    expect(door.requests()).toEqual([]);
  });

  test('nothing happens before the first message is asked for', async () => {
    const { store, executor } = ready();
    executor.executeTurn('s', 'Hello');
    expect(await store.sessionExists('s')).toBe(false);
  });

  test('leaving after the user’s message makes no call and leaves it stored', async () => {
    const { store, executor } = ready();
    door.answers('never');
    for await (const message of executor.executeTurn('s', 'Hello')) {
      expect(message.role).toBe('user');
      break;
    }
    expect(door.requests()).toEqual([]);
    expect((await store.getMessages('s')).map(({ role }) => role)).toEqual(['user']);
    await all(executor.executeTurn('s', 'Again')); // the line is free
  });

  test('a failed call throws the API’s error, and leaves the user’s message and a usable session', async () => {
    const { store, executor } = ready();
    door.answers(500, 'Better');
    await expect(all(executor.executeTurn('s', 'One'))).rejects.toMatchObject({ status: 500 });
    expect((await store.loadSession('s'))?.metadata.numTurns).toBe(0);
    await all(executor.executeTurn('s', 'Two'));
    expect(door.requests().at(-1)?.messages).toEqual([
      { role: 'user', content: 'One' },
      { role: 'user', content: 'Two' },
    ]);
    const state = await store.loadSession('s');
    expect(state?.messages.map(({ role }) => role)).toEqual(['user', 'user', 'assistant']);
    expect(state?.metadata.numTurns).toBe(1);
  });

  test('with a compaction of the first messages their summary is sent, and what follows', async () => {
    const { store, executor } = ready();
    door.answers('Yes');
    await all(executor.executeTurn('s', 'Long story'));
    const ids = (await store.getMessages('s')).map(({ id }) => String(id));
    const state = { lastCompactionTurn: 1, summary: 'A story.', originalMessageIds: ids };
    await store.compactSession('s', state);
    await all(executor.executeTurn('s', 'Go on'));
    expect(door.requests().at(-1)?.messages).toEqual([
      { role: 'user', content: 'A story.' },
      { role: 'user', content: 'Go on' },
    ]);
    await store.compactSession('s', { ...state, originalMessageIds: ['another'] });
    await all(executor.executeTurn('s', 'And on'));
    expect(door.requests().at(-1)?.messages).toHaveLength(5);
  });

  test('one instance runs fifty sessions side by side', async () => {
    const { store, executor } = ready();
    door.answers('Reply');
    const ids = Array.from({ length: 50 }, (_, at) => `s-${at}`);
    for (const turn of ['one', 'two'])
      await Promise.all(ids.map((id) => all(executor.executeTurn(id, `${turn} of ${id}`))));
    for (const id of ids) {
      const state = await store.loadSession(id);
      expect(state?.metadata.numTurns).toBe(2);
      expect(state?.messages.filter(({ role }) => role === 'user')).toMatchObject([
        { content: `one of ${id}` },
        { content: `two of ${id}` },
      ]);
    }
    const mixed = door.requests().filter(({ messages }) => {
      const names = messages.flatMap(({ content }) =>
        typeof content === 'string' ? [content.replace(/^\w+ of /, '')] : [],
      );
      return new Set(names).size !== 1;
    });
    expect(mixed).toEqual([]);
  });

  test('what is no prompt is refused, and nothing is stored', async () => {
    const { store, executor } = ready();
    for (const prompt of ['', ' \n', 7 as unknown as string])
      await expect(all(executor.executeTurn('s', prompt))).rejects.toMatchObject({
        code: 'invalid_request',
      });
    expect(await store.sessionExists('s')).toBe(false);
  });
});

describe('an answer', () => {
  const answered = async (events: readonly object[]) => {
    const store = new LiveStore();
    const client = {
      messages: {
        create: async function* () {
          yield* events;
        },
      },
    };
    const executor = new AgentExecutor(store, client);
    const [, answer] = await all(executor.executeTurn('s', 'Hi'));
    return { answer, metadata: (await store.loadSession('s'))?.metadata };
  };

  test('without any block is stored as three dots', async () => {
    expect((await answered([{ type: 'message_stop' }])).answer?.content).toBe('...');
  });

  test('of several blocks is put together by their index', async () => {
    const { answer } = await answered([
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Yes' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'x' } },
      { type: 'message_stop' },
    ]);
    expect(answer?.content).toEqual([
      { type: 'thinking', thinking: 'Hm', signature: 'x' },
      { type: 'text', text: 'Yes' },
    ]);
  });

  test('that breaks off is no answer', async () => {
    const begun = [{ type: 'message_start', message: { model: MODEL, usage: {} } }];
    await expect(answered(begun)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('that tells usage is counted and priced; a later number wins', async () => {
    const { metadata } = await answered([
      { type: 'message_start', message: { model: MODEL, usage: { input_tokens: 1_000_000 } } },
      { type: 'message_delta', usage: { output_tokens: 10, input_tokens: null } },
      { type: 'message_delta', usage: { output_tokens: 1_000 } },
      { type: 'message_stop' },
    ]);
    expect(metadata?.usage).toEqual({
      ...{ input_tokens: 1_000_000, output_tokens: 1_000 },
      ...{ cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
    });
    expect(metadata?.totalCostUsd).toBeGreaterThan(0);
  });

  test('of a model without a price counts its tokens and no money', async () => {
    const { metadata } = await answered([
      { type: 'message_start', message: { model: 'unheard-of', usage: { input_tokens: 5 } } },
      { type: 'message_stop' },
    ]);
    expect(metadata).toMatchObject({ totalCostUsd: 0, usage: { input_tokens: 5 } });
  });

  test('that tells no usage leaves it as it was', async () => {
    expect((await answered([{ type: 'message_stop' }])).metadata?.usage).toEqual({});
  });
});

test('after createSession the executor does not load again, also where nothing can be loaded', async () => {
  const store = new LiveStore();
  let loads = 0;
  store.loadSession = async () => {
    loads += 1;
    return null;
  };
  const client = { messages: { create: async () => (async function* () {})() } };
  const given = await all(new AgentExecutor(store, client).executeTurn('s', 'Test'));
  expect([given.length, loads]).toEqual([2, 1]);
  expect(store.sessions.get('s')?.metadata.numTurns).toBe(1);
});

test('what is no store, no client or no option is refused, with its name', () => {
  const client = { messages: { create: async () => (async function* () {})() } };
  const store = new LiveStore();
  const made = (...parts: readonly unknown[]) => {
    const [one, other, options] = parts as ConstructorParameters<typeof AgentExecutor>;
    return () => new AgentExecutor(one, other, options);
  };
  expect(made({}, client)).toThrow(/createSession/);
  expect(made(store, { messages: {} })).toThrow(/messages\.create/);
  expect(made(store, client, { modle: 'x' })).toThrow(/modle/);
  expect(made(store, client, { maxTurns: '7' })).toThrow(/maxTurns: must be a number/);
  expect(made(store, client, { tools: ['Bash'] })).toThrow(/nothing else/);
  expect(made(store, client, { servers: 'nats://localhost' })).toThrow(/no servers/);
});
