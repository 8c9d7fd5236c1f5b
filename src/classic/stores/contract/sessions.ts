/** Cases about sessions as wholes: made, loaded, listed, forked, compacted, deleted. */
import assert from 'node:assert/strict';
import { pause } from '../../../otp/clock.ts';
import { systemClock } from '../../../otp/system-clock.ts';
import type { NewMetadata } from '../../models.ts';
import { DEFAULT_MODEL } from '../../models.ts';
import { missingOperations } from '../../session-store.ts';
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

const FULL: NewMetadata = {
  model: 'claude-opus-4',
  workingDirectory: '/tmp/project ü',
  permissionMode: 'enabled',
  allowedTools: ['Read', 'Bash'],
  disallowedTools: ['Write'],
  totalCostUsd: 1.234567891,
  numTurns: 5,
  usage: { input_tokens: 100, output_tokens: 50 },
  compactionState: { lastCompactionTurn: 3, summary: 'Früher…', originalMessageIds: ['m0', 'm1'] },
};

const DEFAULTS = {
  model: DEFAULT_MODEL,
  workingDirectory: '.',
  permissionMode: 'ask',
  allowedTools: [],
  disallowedTools: [],
  totalCostUsd: 0,
  numTurns: 0,
  usage: {},
  compactionState: null,
};

const compaction = {
  lastCompactionTurn: 3,
  summary: 'Summary of messages 0-2',
  originalMessageIds: ['m0', 'm1', 'm2'],
};

const making: readonly Case[] = [
  {
    name: 'has the eleven operations',
    run: async ({ store }) => assert.deepEqual(missingOperations(store), []),
  },
  {
    name: 'a session that was made exists, and none before',
    run: async ({ store }) => {
      assert.equal(await store.sessionExists('s'), false);
      await store.createSession('s', {});
      assert.equal(await store.sessionExists('s'), true);
    },
  },
  {
    name: 'a session without messages loads, with the defaults, and takes an append',
    run: async ({ store }) => {
      await store.createSession('s');
      const state = await loaded(store, 's');
      assert.equal(state.sessionId, 's');
      assert.deepEqual(state.messages, []);
      assert.deepEqual(state.metadata, DEFAULTS);
      await store.appendMessage('s', message('m0'));
      assert.deepEqual(idsOf(await store.getMessages('s')), ['m0']);
    },
  },
  {
    name: 'metadata come back as they were given, typed',
    run: async ({ store }) => {
      await store.createSession('s', FULL);
      assert.deepEqual((await loaded(store, 's')).metadata, FULL);
    },
  },
  {
    name: 'a known id is refused, and nothing of the session changes',
    run: async ({ store }) => {
      await store.createSession('s', FULL);
      await store.appendMessage('s', message('m0'));
      await refusedWith(store.createSession('s', { model: 'other' }), 'session_exists');
      const state = await loaded(store, 's');
      assert.deepEqual(state.metadata, FULL);
      assert.deepEqual(idsOf(state.messages), ['m0']);
    },
  },
  {
    name: 'of ten that make the same session at once, one does',
    run: async ({ store }) => {
      const made = await Promise.allSettled(
        Array.from({ length: 10 }, (_, at) => store.createSession('s', { model: `model-${at}` })),
      );
      assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1);
      const winner = made.findIndex(({ status }) => status === 'fulfilled');
      assert.equal((await loaded(store, 's')).metadata.model, `model-${winner}`);
    },
  },
  {
    name: 'an id that is none is refused before it can be a path or a key',
    run: async ({ store }) => {
      for (const id of ['', '../up', 'a/b', 'a b', 'ü', 'x'.repeat(129), 'a\n'])
        await refusedWith(store.createSession(id, {}), 'invalid_session_id');
      await refusedWith(store.loadSession('../up'), 'invalid_session_id');
      await refusedWith(store.deleteSession('*'), 'invalid_session_id');
    },
  },
  {
    name: 'metadata that are none are refused, and nothing is stored',
    run: async ({ store }) => {
      const wrong = { permissionMode: 'sometimes' } as unknown as NewMetadata;
      await refusedWith(store.createSession('s', wrong), 'serialization_failed');
      assert.equal(await store.sessionExists('s'), false);
    },
  },
];

const absent: readonly Case[] = [
  {
    name: 'loading a session that is not there gives null',
    run: async ({ store }) => assert.equal(await store.loadSession('absent'), null),
  },
  {
    name: 'everything else on a session that is not there is refused',
    run: async ({ store }) => {
      const asked = [
        () => store.appendMessage('absent', message('m0')),
        () => store.updateMetadata('absent', {}),
        () => store.getMessages('absent'),
        () => store.forkSession('absent', 'fork'),
        () => store.compactSession('absent', compaction),
        () => store.deleteSession('absent'),
      ];
      for (const ask of asked) await refusedWith(ask(), 'session_not_found');
      assert.deepEqual(await store.listSessions(), []);
    },
  },
];

const changing: readonly Case[] = [
  {
    name: 'an update replaces all fields and keeps the messages',
    run: async ({ store }) => {
      await store.createSession('s', FULL);
      await store.appendMessage('s', message('m0'));
      await store.updateMetadata('s', { numTurns: 1, totalCostUsd: 0.05 });
      const { metadata, messages: stored } = await loaded(store, 's');
      assert.deepEqual(metadata, { ...DEFAULTS, numTurns: 1, totalCostUsd: 0.05 });
      assert.deepEqual(idsOf(stored), ['m0']);
    },
  },
  {
    name: 'a compaction is kept beside the messages that it stands for',
    run: async ({ store }) => {
      await store.createSession('s', { model: 'claude-opus-4' });
      await appendAll(store, 's', messages(5));
      await store.compactSession('s', compaction);
      const { metadata, messages: stored } = await loaded(store, 's');
      assert.deepEqual(metadata, {
        ...DEFAULTS,
        model: 'claude-opus-4',
        compactionState: compaction,
      });
      assert.equal(stored.length, 5);
    },
  },
  {
    name: 'the time of making stays, the time of the last change grows',
    run: async ({ store }) => {
      await store.createSession('s');
      const first = await loaded(store, 's');
      await store.appendMessage('s', message('m0'));
      const second = await loaded(store, 's');
      assert.equal(Date.parse(second.createdAt), Date.parse(first.createdAt));
      assert.ok(Date.parse(second.updatedAt) >= Date.parse(first.updatedAt));
    },
  },
];

const forking: readonly Case[] = [
  {
    name: 'a fork has the messages and metadata of its source, and then goes its own way',
    run: async ({ store }) => {
      await store.createSession('source', FULL);
      await appendAll(store, 'source', messages(3));
      await store.forkSession('source', 'fork');
      await store.appendMessage('fork', message('of-the-fork'));
      await store.appendMessage('source', message('of-the-source'));
      const fork = await loaded(store, 'fork');
      assert.equal(fork.sessionId, 'fork');
      assert.deepEqual(fork.metadata, FULL);
      assert.deepEqual(contentsOf(fork.messages), ['m0', 'm1', 'm2', 'of-the-fork']);
      const source = await loaded(store, 'source');
      assert.deepEqual(contentsOf(source.messages), ['m0', 'm1', 'm2', 'of-the-source']);
    },
  },
  {
    name: 'a fork outlives its source',
    run: async ({ store }) => {
      await store.createSession('source');
      await appendAll(store, 'source', messages(2));
      await store.forkSession('source', 'fork');
      await store.deleteSession('source');
      assert.deepEqual(idsOf(await store.getMessages('fork')), ['m0', 'm1']);
    },
  },
  {
    name: 'a fork onto a known id is refused, and changes nothing',
    run: async ({ store }) => {
      await store.createSession('source');
      await store.appendMessage('source', message('m0'));
      await store.createSession('known', { model: 'other' });
      await refusedWith(store.forkSession('source', 'known'), 'session_exists');
      const known = await loaded(store, 'known');
      assert.equal(known.metadata.model, 'other');
      assert.deepEqual(known.messages, []);
    },
  },
];

const listing: readonly Case[] = [
  {
    name: 'an empty store lists nothing',
    run: async ({ store }) => assert.deepEqual(await store.listSessions(), []),
  },
  {
    name: 'lists ids, the newest update first',
    run: async ({ store }) => {
      for (const id of ['a', 'b', 'c']) {
        await store.createSession(id);
        await nextMillisecond();
      }
      await store.appendMessage('a', message('m0'));
      assert.deepEqual(await store.listSessions(), ['a', 'c', 'b']);
    },
  },
  {
    name: 'lists at most so many, the newest ones, and a hundred unless told otherwise',
    run: async ({ store }) => {
      for (let at = 0; at < 101; at += 1) await store.createSession(`s${at}`);
      await nextMillisecond();
      await store.createSession('newest');
      assert.equal((await store.listSessions()).length, 100);
      assert.equal((await store.listSessions(null, 1000)).length, 102);
      assert.deepEqual(await store.listSessions(undefined, 1), ['newest']);
      assert.deepEqual(await store.listSessions({ limit: 1 }), ['newest']);
      assert.deepEqual(await store.listSessions(undefined, 0), []);
      await refusedWith(store.listSessions(undefined, -1), 'invalid_request');
    },
  },
  {
    name: 'lists the sessions of one working directory, as the last update named it',
    run: async ({ store }) => {
      await store.createSession('one', { workingDirectory: '/tmp/project1' });
      await store.createSession('two', { workingDirectory: '/tmp/project2' });
      await store.createSession('moved', { workingDirectory: '/tmp/project2' });
      await store.updateMetadata('moved', { workingDirectory: '/tmp/project1' });
      assert.deepEqual((await store.listSessions('/tmp/project1')).sort(), ['moved', 'one']);
      assert.deepEqual(await store.listSessions({ workingDirectory: '/tmp/project2' }), ['two']);
      assert.deepEqual(await store.listSessions('/tmp/project'), []);
    },
  },
];

const ending: readonly Case[] = [
  {
    name: 'a deleted session is gone, from every view, and the second delete does not find it',
    run: async ({ store }) => {
      await store.createSession('s', { workingDirectory: '/tmp/p' });
      await store.appendMessage('s', message('m0'));
      await store.deleteSession('s');
      assert.equal(await store.sessionExists('s'), false);
      assert.equal(await store.loadSession('s'), null);
      assert.deepEqual(await store.listSessions(), []);
      assert.deepEqual(await store.listSessions('/tmp/p'), []);
      await refusedWith(store.deleteSession('s'), 'session_not_found');
      await refusedWith(store.appendMessage('s', message('m1')), 'session_not_found');
    },
  },
  {
    name: 'a session may be made again under the id of a deleted one, and has nothing of it',
    run: async ({ store }) => {
      await store.createSession('s', FULL);
      await store.appendMessage('s', message('m0'));
      await store.deleteSession('s');
      await store.createSession('s');
      const state = await loaded(store, 's');
      assert.deepEqual(state.messages, []);
      assert.deepEqual(state.metadata, DEFAULTS);
    },
  },
  {
    name: 'closing twice does no harm',
    run: async ({ store }) => {
      await store.createSession('s');
      await store.close();
      await store.close();
    },
  },
];

/** Until the clock shows another millisecond: times of changes are not finer than that. */
const nextMillisecond = async (): Promise<void> => {
  const before = systemClock.now();
  while (systemClock.now() <= before) await pause(systemClock, 1);
};

export const sessionCases: readonly Case[] = [
  ...making,
  ...absent,
  ...changing,
  ...forking,
  ...listing,
  ...ending,
];
