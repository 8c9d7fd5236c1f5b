/** Cases about what our stores do beyond the eleven operations: saved whole, found again, cleaned up. */
import assert from 'node:assert/strict';
import { pause } from '../../../otp/clock.ts';
import { systemClock } from '../../../otp/system-clock.ts';
import type { ClassicStore, SessionInfo } from '../../classic-store.ts';
import type { AnyMessage } from '../../transcript.ts';
import { appendAll, type Case, idsOf, loaded, message, messages, refusedWith } from './case.ts';

const DAY_MS = 24 * 3_600_000;

const typed = (sessionId: string, cost: number): AnyMessage[] => [
  { type: 'system', subtype: 'init', data: { session_id: sessionId, model: 'claude-opus-4' } },
  { type: 'user', data: { message: { role: 'user', content: 'Grüße' } } },
  {
    type: 'assistant',
    data: { message: { content: [{ type: 'text', text: `I am ${sessionId}` }] } },
  },
  { type: 'result', data: { total_cost_usd: cost, num_turns: 1, deep: { list: [null, 1.5] } } },
];

const found = (infos: readonly SessionInfo[]): string[] =>
  infos.map(({ sessionId }) => sessionId).sort();

const saving: readonly Case<ClassicStore>[] = [
  {
    name: 'saves a session and loads it, typed messages verbatim and counted',
    run: async ({ store }) => {
      await store.saveSession('test-123', typed('test-123', 0.5), { tags: ['test'] });
      const state = await loaded(store, 'test-123');
      assert.deepEqual(state.messages, typed('test-123', 0.5));
      assert.equal(state.metadata.totalCostUsd, 0.5);
      assert.equal(state.metadata.numTurns, 1);
      assert.equal(state.metadata.model, 'claude-opus-4');
      assert.deepEqual(await store.getMessages('test-123', 3), typed('test-123', 0.5).slice(3));
    },
  },
  {
    name: 'messages with a role are saved too, and more can be appended',
    run: async ({ store }) => {
      await store.saveSession('s', [...typed('s', 0).slice(0, 1), message('m1')]);
      await store.appendMessage('s', message('m2'));
      assert.deepEqual(idsOf(await store.getMessages('s')), [undefined, 'm1', 'm2']);
      assert.equal((await store.listSessionMetadata())[0]?.messageCount, 3);
    },
  },
  {
    name: 'saving again replaces messages, tags and description, and keeps the time of making',
    run: async ({ store }) => {
      await store.createSession('s', { workingDirectory: '/tmp/p', permissionMode: 'enabled' });
      await appendAll(store, 's', messages(5));
      await store.saveSession('s', typed('s', 1), { tags: ['one', 'two'], description: 'first' });
      const first = await loaded(store, 's');
      await pause(systemClock, 2);
      await store.saveSession('s', [message('only')], { tags: ['three'] });
      const second = await loaded(store, 's');
      assert.deepEqual(idsOf(second.messages), ['only']);
      assert.equal(Date.parse(second.createdAt), Date.parse(first.createdAt));
      assert.ok(Date.parse(second.updatedAt) > Date.parse(first.updatedAt));
      assert.equal(second.metadata.workingDirectory, '/tmp/p');
      assert.equal(second.metadata.permissionMode, 'enabled');
      const [info] = await store.listSessionMetadata();
      assert.deepEqual([info?.tags, info?.description], [['three'], null]);
    },
  },
  {
    name: 'what is no message is refused, and the session stays as it was',
    run: async ({ store }) => {
      await store.saveSession('s', [message('m0')], { tags: ['kept'] });
      const wrong = [message('m1'), { content: 'neither role nor type' } as unknown as AnyMessage];
      await refusedWith(store.saveSession('s', wrong), 'serialization_failed');
      assert.deepEqual(idsOf(await store.getMessages('s')), ['m0']);
      await refusedWith(store.saveSession('s', [], { tags: [''] }), 'invalid_settings');
      assert.deepEqual((await store.listSessionMetadata())[0]?.tags, ['kept']);
    },
  },
  {
    name: 'saves of one session at once do not mix: the last one called is what stays',
    run: async ({ store }) => {
      const saves = Array.from({ length: 5 }, (_, at) =>
        store.saveSession('s', [message(`a${at}`), message(`b${at}`)], { tags: [`t${at}`] }),
      );
      await Promise.all(saves);
      assert.deepEqual(idsOf(await store.getMessages('s')), ['a4', 'b4']);
      assert.deepEqual((await store.listSessionMetadata())[0]?.tags, ['t4']);
    },
  },
  {
    name: 'a fork of a saved session has its typed messages and its tags',
    run: async ({ store }) => {
      await store.saveSession('s', typed('s', 0.25), { tags: ['of-the-source'] });
      await store.forkSession('s', 'fork');
      assert.deepEqual((await loaded(store, 'fork')).messages, typed('s', 0.25));
      const infos = await store.search({ tags: ['of-the-source'] });
      assert.deepEqual(found(infos), ['fork', 's']);
    },
  },
];

const listing: readonly Case<ClassicStore>[] = [
  {
    name: 'lists what is known of each session, newest update first',
    run: async ({ store }) => {
      await store.saveSession('old', typed('old', 1.5), { tags: ['b', 'a'], description: 'Über' });
      await pause(systemClock, 2);
      await store.createSession('new', { model: 'm', workingDirectory: '/tmp/w' });
      const [first, second] = await store.listSessionMetadata();
      const { createdAt, updatedAt, version: _, ...info } = second ?? {};
      assert.deepEqual(info, {
        sessionId: 'old',
        messageCount: 4,
        totalCost: 1.5,
        tags: ['b', 'a'],
        summary: 'I am old',
        description: 'Über',
        model: 'claude-opus-4',
        workingDirectory: '.',
      });
      const state = await loaded(store, 'old');
      assert.equal(Date.parse(String(createdAt)), Date.parse(state.createdAt));
      assert.equal(Date.parse(String(updatedAt)), Date.parse(state.updatedAt));
      assert.equal(first?.sessionId, 'new');
      assert.equal(first?.workingDirectory, '/tmp/w');
      assert.deepEqual([first?.tags, first?.description], [[], null]);
    },
  },
  {
    name: 'finds by any of the tags, in whatever case',
    run: async ({ store }) => {
      await store.saveSession('s1', [message('m')], { tags: ['review', 'urgent'] });
      await store.saveSession('s2', [message('m')], { tags: ['test'] });
      await store.createSession('s3');
      assert.deepEqual(found(await store.search({ tags: ['review'] })), ['s1']);
      assert.deepEqual(found(await store.search({ tags: ['Review', 'TEST'] })), ['s1', 's2']);
      assert.deepEqual(found(await store.search({ tags: ['rev'] })), []);
      assert.deepEqual(found(await store.search()), ['s1', 's2', 's3']);
    },
  },
  {
    name: 'finds by cost and by time of making, bounds included, all criteria together',
    run: async ({ store }) => {
      for (const [id, cost] of [
        ['a', 0],
        ['b', 0.5],
        ['c', 2],
      ] as const) {
        await store.saveSession(id, typed(id, cost), { tags: [id] });
        await pause(systemClock, 2);
      }
      assert.deepEqual(found(await store.search({ minCost: 0.5 })), ['b', 'c']);
      assert.deepEqual(found(await store.search({ maxCost: 0.5 })), ['a', 'b']);
      assert.deepEqual(found(await store.search({ minCost: 0.5, maxCost: 0.5 })), ['b']);
      const { createdAt } = await loaded(store, 'b');
      assert.deepEqual(found(await store.search({ after: createdAt })), ['b', 'c']);
      assert.deepEqual(found(await store.search({ before: new Date(createdAt) })), ['a', 'b']);
      assert.deepEqual(found(await store.search({ after: createdAt, maxCost: 1 })), ['b']);
      assert.deepEqual(found(await store.search({ tags: ['a', 'c'], minCost: 1 })), ['c']);
      assert.equal((await store.search({ limit: 2 })).length, 2);
    },
  },
  {
    name: 'a criterion that is none is refused',
    run: async ({ store }) => {
      const wrong = { tag: 'review' } as Parameters<ClassicStore['search']>[0];
      await refusedWith(store.search(wrong), 'invalid_criteria');
      await refusedWith(store.search({ after: 'yesterday-ish' }), 'invalid_criteria');
    },
  },
];

const cleaning: readonly Case<ClassicStore>[] = [
  {
    name: 'cleans up what is older than so many days, and says how many went',
    run: async ({ store }) => {
      for (const id of ['a', 'b']) await store.saveSession(id, [message('m')]);
      const now = systemClock.now();
      assert.equal(await store.cleanupOldSessions({ maxAgeDays: 30, now: now + 29 * DAY_MS }), 0);
      assert.equal(await store.cleanupOldSessions({ now: now + 29 * DAY_MS }), 0);
      assert.deepEqual((await store.listSessions()).sort(), ['a', 'b']);
      assert.equal(await store.cleanupOldSessions({ maxAgeDays: 30, now: now + 31 * DAY_MS }), 2);
      assert.deepEqual(await store.listSessions(), []);
      assert.equal(await store.loadSession('a'), null);
    },
  },
  {
    name: 'an age of 0 takes everything up to now, but for what is tagged hold',
    run: async ({ store }) => {
      await store.saveSession('held', [message('m')], { tags: ['Hold'] });
      await store.createSession('free');
      const infos = await store.listSessionMetadata();
      const now = Math.max(...infos.map(({ updatedAt }) => Date.parse(updatedAt)));
      assert.equal(await store.cleanupOldSessions({ maxAgeDays: 0, now: now - DAY_MS }), 0);
      assert.equal(await store.cleanupOldSessions({ maxAgeDays: 0, now }), 1); // that millisecond too
      assert.deepEqual(await store.listSessions(), ['held']);
      await refusedWith(store.cleanupOldSessions({ maxAgeDays: -1 }), 'invalid_criteria');
    },
  },
];

export const savingCases: readonly Case<ClassicStore>[] = [...saving, ...listing, ...cleaning];
