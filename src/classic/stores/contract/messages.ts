/** Cases about messages: what comes back, in which order, which of them. */
import assert from 'node:assert/strict';
import { systemClock } from '../../../otp/system-clock.ts';
import type { NewMessage } from '../../models.ts';
import {
  appendAll,
  type Case,
  contentsOf,
  idsOf,
  loaded,
  message,
  messages,
  refusedWith,
} from './case.ts';

const BLOCKS: NewMessage = {
  role: 'assistant',
  id: 'msg-1',
  timestamp: '2024-01-15T10:30:00.123456+02:00',
  content: [
    { type: 'thinking', thinking: 'Hm…', signature: 'c2ln' },
    { type: 'text', text: 'Grüße, 世界 🎭\u2028"quoted"\\' },
    { type: 'tool_use', id: 'tool-1', name: 'Read', input: { path: 'a', deep: [{ n: 1.5 }] } },
    { type: 'of_the_future', anything: null },
  ],
  stop_reason: 'tool_use',
  usage: { input_tokens: 3 },
};

const contents: readonly Case[] = [
  {
    name: 'messages come back in order, with role, content and id',
    run: async ({ store }) => {
      await store.createSession('s');
      await store.appendMessage('s', { role: 'user', content: 'First', id: 'm1' });
      await store.appendMessage('s', { role: 'assistant', content: 'Second', id: 'm2' });
      const { messages: stored } = await loaded(store, 's');
      assert.deepEqual(
        stored.map(({ role, content, id }) => ({ role, content, id })),
        [
          { role: 'user', content: 'First', id: 'm1' },
          { role: 'assistant', content: 'Second', id: 'm2' },
        ],
      );
    },
  },
  {
    name: 'blocks of content and unknown fields come back as they were given',
    run: async ({ store }) => {
      await store.createSession('s');
      await store.appendMessage('s', BLOCKS);
      const [stored] = await store.getMessages('s');
      assert.deepEqual(stored, BLOCKS);
    },
  },
  {
    name: 'a message without id and time has a null id and the time of its append',
    run: async ({ store }) => {
      const beforeMs = systemClock.now();
      await store.createSession('s');
      await store.appendMessage('s', { role: 'user', content: 'Hi' });
      const [stored] = await store.getMessages('s');
      assert.equal(stored?.id, null);
      const atMs = Date.parse(String(stored?.['timestamp']));
      assert.ok(atMs >= beforeMs - 1 && atMs <= systemClock.now() + 1);
    },
  },
  {
    name: 'a time without a zone is UTC',
    run: async ({ store }) => {
      await store.createSession('s');
      await store.appendMessage('s', message('m0', { timestamp: '2024-01-15T10:30:00' }));
      const [stored] = await store.getMessages('s');
      assert.equal(Date.parse(String(stored?.['timestamp'])), Date.UTC(2024, 0, 15, 10, 30));
    },
  },
  {
    name: 'roles that the model does not know are kept as well',
    run: async ({ store }) => {
      await store.createSession('s');
      for (const role of ['system', 'tool', 'user'])
        await store.appendMessage('s', { role, content: role });
      const { messages: stored } = await loaded(store, 's');
      assert.deepEqual(
        stored.map(({ role }) => role),
        ['system', 'tool', 'user'],
      );
    },
  },
  {
    name: 'a message of a megabyte comes back whole',
    run: async ({ store }) => {
      const content = 'ä'.repeat(512 * 1024);
      await store.createSession('s');
      await store.appendMessage('s', { role: 'user', content });
      assert.ok((await store.getMessages('s'))[0]?.content === content);
    },
  },
  {
    name: 'what is no message is refused, and nothing of it is stored',
    run: async ({ store }) => {
      await store.createSession('s');
      const wrong = [{ content: 'no role' }, { role: 'user' }, { role: 'user', content: 7 }];
      for (const each of wrong)
        await refusedWith(
          store.appendMessage('s', each as unknown as NewMessage),
          'serialization_failed',
        );
      assert.deepEqual(await store.getMessages('s'), []);
    },
  },
  {
    name: 'a message that is changed after the call is stored as it was',
    run: async ({ store }) => {
      await store.createSession('s');
      const block = { type: 'text', text: 'before' };
      const appended = store.appendMessage('s', { role: 'user', content: [block] });
      block.text = 'after';
      await appended;
      const [stored] = await store.getMessages('s');
      assert.deepEqual(stored?.content, [{ type: 'text', text: 'before' }]);
    },
  },
  {
    name: 'a message that is changed after it was read is still stored as it was',
    run: async ({ store }) => {
      await store.createSession('s');
      await store.appendMessage('s', { role: 'user', content: [{ type: 'text', text: 'stored' }] });
      const [read] = await store.getMessages('s');
      Object.assign(read?.content?.[0] ?? {}, { text: 'changed' });
      assert.deepEqual(contentsOf(await store.getMessages('s')), [
        [{ type: 'text', text: 'stored' }],
      ]);
    },
  },
];

const ranges: readonly Case[] = [
  {
    name: 'gives all messages, or those from one position up to another',
    run: async ({ store }) => {
      await store.createSession('s');
      await appendAll(store, 's', messages(10));
      const asked = async (from?: number, to?: number) =>
        idsOf(await store.getMessages('s', from, to));
      const all = idsOf(messages(10));
      assert.deepEqual(await asked(), all);
      assert.deepEqual(await asked(3, 7), all.slice(3, 7));
      assert.deepEqual(await asked(7), all.slice(7));
      assert.deepEqual(await asked(0, 1), all.slice(0, 1));
      assert.deepEqual(await asked(9, 10), all.slice(9));
    },
  },
  {
    name: 'a range may lie behind the end or hold nothing; a negative one is refused',
    run: async ({ store }) => {
      await store.createSession('s');
      await appendAll(store, 's', messages(3));
      assert.deepEqual(idsOf(await store.getMessages('s', 2, 100)), ['m2']);
      assert.deepEqual(await store.getMessages('s', 3), []);
      assert.deepEqual(await store.getMessages('s', 50, 60), []);
      assert.deepEqual(await store.getMessages('s', 2, 1), []);
      assert.deepEqual(await store.getMessages('s', 1, 1), []);
      await refusedWith(store.getMessages('s', -1), 'invalid_request');
      await refusedWith(store.getMessages('s', 0, -1), 'invalid_request');
    },
  },
];

const order: readonly Case[] = [
  {
    name: 'appends that are asked for at once are all stored, in the order of the calls',
    run: async ({ store }) => {
      await store.createSession('s');
      await Promise.all(messages(10).map((each) => store.appendMessage('s', each)));
      assert.deepEqual(idsOf(await store.getMessages('s')), idsOf(messages(10)));
    },
  },
  {
    name: 'changes of many sessions at once do not mix',
    run: async ({ store }) => {
      const ids = Array.from({ length: 10 }, (_, at) => `s${at}`);
      await Promise.all(ids.map((id) => store.createSession(id, { model: id })));
      await Promise.all(
        messages(5).flatMap((each) => ids.map((id) => store.appendMessage(id, each))),
      );
      for (const id of ids) {
        const state = await loaded(store, id);
        assert.deepEqual(idsOf(state.messages), idsOf(messages(5)));
        assert.equal(state.metadata.model, id);
      }
    },
  },
];

export const messageCases: readonly Case[] = [...contents, ...ranges, ...order];
