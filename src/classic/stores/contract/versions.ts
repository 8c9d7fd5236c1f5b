/** Cases about expected versions, and about several stores on the same data. */
import assert from 'node:assert/strict';
import type { SessionStore } from '../../session-store.ts';
import {
  appendAll,
  type Case,
  idsOf,
  loaded,
  message,
  messages,
  refusedWith,
  versionOf,
} from './case.ts';

const compaction = { lastCompactionTurn: 1, summary: 'S', originalMessageIds: ['m0'] };

/** Every change that may name a version. */
const changes = (store: SessionStore, expectedVersion: number | undefined) => ({
  appendMessage: () => store.appendMessage('s', message('late'), { expectedVersion }),
  updateMetadata: () => store.updateMetadata('s', { model: 'late' }, { expectedVersion }),
  compactSession: () => store.compactSession('s', compaction, { expectedVersion }),
  deleteSession: () => store.deleteSession('s', { expectedVersion }),
});

const alone: readonly Case[] = [
  {
    name: 'each change raises the version, reading does not',
    needs: ['versions'],
    run: async ({ store }) => {
      await store.createSession('s');
      const seen = [await versionOf(store, 's')];
      for (const change of Object.values(changes(store, undefined)).slice(0, 3)) {
        await change();
        seen.push(await versionOf(store, 's'));
      }
      assert.equal(await versionOf(store, 's'), seen.at(-1));
      assert.deepEqual(
        seen,
        [...new Set(seen)].sort((a, b) => a - b),
      );
    },
  },
  {
    name: 'a change that names the present version is stored',
    needs: ['versions'],
    run: async ({ store }) => {
      await store.createSession('s');
      for (const name of [
        'appendMessage',
        'updateMetadata',
        'compactSession',
        'deleteSession',
      ] as const)
        await changes(store, await versionOf(store, 's'))[name]();
      assert.equal(await store.sessionExists('s'), false);
    },
  },
  {
    name: 'a change that names a version that has passed, or is to come, is refused and leaves nothing',
    needs: ['versions'],
    run: async ({ store }) => {
      await store.createSession('s', { model: 'first' });
      const passed = await versionOf(store, 's');
      await store.appendMessage('s', message('m0'));
      const before = await loaded(store, 's');
      for (const version of [passed, passed + 1_000])
        for (const change of Object.values(changes(store, version)))
          await refusedWith(change(), 'version_conflict');
      assert.deepEqual(await loaded(store, 's'), before);
    },
  },
  {
    name: 'of ten that name the same version exactly one is stored',
    needs: ['versions'],
    run: async ({ store }) => {
      await store.createSession('s');
      const expectedVersion = await versionOf(store, 's');
      const asked = messages(10).map((each) => store.appendMessage('s', each, { expectedVersion }));
      const ended = await Promise.allSettled(asked);
      const winner = ended.findIndex(({ status }) => status === 'fulfilled');
      assert.deepEqual(idsOf(await store.getMessages('s')), [`m${winner}`]);
      for (const [at, outcome] of ended.entries())
        if (at !== winner && outcome.status === 'rejected')
          assert.equal((outcome.reason as { code?: unknown }).code, 'version_conflict');
      assert.equal(ended.filter(({ status }) => status === 'rejected').length, 9);
    },
  },
];

const shared: readonly Case[] = [
  {
    name: 'what one store wrote the other one reads',
    needs: ['sharing'],
    run: async ({ store, another }) => {
      const other = await another();
      await store.createSession('s', { model: 'shared' });
      await store.appendMessage('s', message('m0'));
      assert.equal((await loaded(other, 's')).metadata.model, 'shared');
      await other.appendMessage('s', message('m1'));
      assert.deepEqual(idsOf(await store.getMessages('s')), ['m0', 'm1']);
      await other.deleteSession('s');
      assert.equal(await store.loadSession('s'), null);
    },
  },
  {
    name: 'appends of two stores at once all land, each store’s in the order of its calls',
    needs: ['sharing'],
    run: async ({ store, another }) => {
      const stores = { a: store, b: await another() };
      await store.createSession('s');
      await Promise.all(
        Object.entries(stores).flatMap(([name, each]) =>
          messages(20).map(({ id }) => each.appendMessage('s', message(`${name}-${id}`))),
        ),
      );
      const stored = idsOf(await store.getMessages('s')).map(String);
      assert.equal(stored.length, 40);
      for (const name of Object.keys(stores))
        assert.deepEqual(
          stored.filter((id) => id.startsWith(name)),
          idsOf(messages(20)).map((id) => `${name}-${id}`),
        );
    },
  },
  {
    name: 'of two stores that name the same version one wins, again and again',
    needs: ['versions', 'sharing'],
    run: async ({ store, another }) => {
      const stores = [store, await another()];
      await store.createSession('s');
      for (let round = 0; round < 10; round += 1) {
        const expectedVersion = await versionOf(store, 's');
        const ended = await Promise.allSettled(
          stores.map((each, at) =>
            each.appendMessage('s', message(`${round}-${at}`), { expectedVersion }),
          ),
        );
        assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 1);
      }
      assert.equal((await store.getMessages('s')).length, 10);
    },
  },
  {
    name: 'what was stored is there when the store is opened again',
    needs: ['sharing'],
    run: async ({ store, another }) => {
      await store.createSession('s', { model: 'kept' });
      await appendAll(store, 's', messages(3));
      await store.close();
      const again = await another();
      assert.equal((await loaded(again, 's')).metadata.model, 'kept');
      assert.deepEqual(idsOf(await again.getMessages('s')), idsOf(messages(3)));
      assert.deepEqual(await again.listSessions(), ['s']);
    },
  },
];

export const versionCases: readonly Case[] = [...alone, ...shared];
