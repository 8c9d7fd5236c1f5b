/** P1: while the journal's sync is held back, no reply, no read and no event of a change leaves; then all do. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { SyncGate } from '../../src/storage/lmdb/sync-gate.ts';
import { holding, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { gate, turnsOfTheLoop, until } from '../support/until.ts';

interface Held {
  readonly test: TestGreenroom;
  readonly sync: SyncGate;
  /** Does something while the sync is held; resolves when its commit waits there and everything else has settled. */
  hold<T>(work: () => Promise<T>): Promise<Pending<T>>;
}

interface Pending<T> {
  readonly promise: Promise<T>;
  isSettled: boolean;
}

const held = async (script?: ReturnType<typeof holding>): Promise<Held> => {
  const sync = new SyncGate();
  const test = await testGreenroom({
    testHooks: { syncGate: sync },
    ...(script === undefined ? {} : { script }),
  });
  onTestFinished(() => sync.release());
  return {
    test,
    sync,
    hold: async (work) => {
      sync.hold();
      const pending = { promise: work(), isSettled: false };
      const settle = () => {
        pending.isSettled = true;
      };
      pending.promise.then(settle, settle);
      await until(() => test.journal.stats().waiting > 0);
      await turnsOfTheLoop();
      return pending;
    },
  };
};

describe('while the sync is held back', () => {
  it('a created session is neither told nor found', async () => {
    const { test, sync, hold } = await held();
    const creating = await hold(() => test.sessions.create('s', { tags: ['a'] }));
    expect(creating.isSettled).toBe(false);
    await expect(test.sessions.get('s')).rejects.toMatchObject({ code: 'session_not_found' });
    expect((await test.sessions.search({ tags: ['a'] })).sessions).toEqual([]);
    expect((await test.sessions.count()).count).toBe(0);
    sync.release();
    expect(await creating.promise).toMatchObject({ version: 1, tags: ['a'] });
    expect((await test.sessions.search({ tags: ['a'] })).sessions).toHaveLength(1);
  });

  it('a tag is neither told nor read nor searched by', async () => {
    const { test, sync, hold } = await held();
    await test.sessions.create('s');
    const tagging = await hold(() => test.sessions.tag('s', 'late'));
    expect(tagging.isSettled).toBe(false);
    expect(await test.sessions.get('s')).toMatchObject({ version: 1, tags: [] });
    expect((await test.sessions.search({ tags: ['late'] })).sessions).toEqual([]);
    sync.release();
    expect(await tagging.promise).toMatchObject({ version: 2, tags: ['late'] });
    expect((await test.sessions.search({ tags: ['late'] })).sessions).toHaveLength(1);
  });

  it('an appended message is neither told nor read', async () => {
    const { test, sync, hold } = await held();
    await test.sessions.create('s');
    const appending = await hold(() =>
      test.sessions.append('s', [{ role: 'user', content: 'hello' }]),
    );
    expect(appending.isSettled).toBe(false);
    expect((await test.sessions.messages('s')).entries).toEqual([]);
    sync.release();
    await appending.promise;
    expect((await test.sessions.messages('s')).entries).toHaveLength(1);
  });

  it('a turn is neither accepted nor started nor listed', async () => {
    const { test, sync, hold } = await held();
    await test.sessions.create('s');
    let reading: ReturnType<TestGreenroom['begin']> | undefined;
    await hold(async () => {
      reading = test.begin('s', 'hello', { turnId: 't' });
    });
    expect(reading?.events).toEqual([]);
    expect(test.modelCalls).toEqual([]);
    expect((await test.sessions.turns('s')).turns).toEqual([]);
    expect((await test.sessions.messages('s')).entries).toEqual([]);
    await expect(test.sessions.turnStatus('s', 't')).rejects.toMatchObject({
      code: 'turn_not_found',
    });
    sync.release();
    await reading?.done;
    expect(reading?.types.slice(0, 2)).toEqual(['turn.accepted', 'turn.started']);
  });

  it('an answer is neither told nor read nor counted', async () => {
    const answer = gate();
    const { test, sync, hold } = await held(holding(answer.opened));
    const reading = test.begin('s', 'hold');
    await reading.saw('delta');
    await hold(async () => answer.open());
    expect(reading.types.filter((type) => type !== 'delta')).toEqual([
      'turn.accepted',
      'turn.started',
    ]);
    expect(await test.sessions.get('s')).toMatchObject({ status: 'running', messageCount: 1 });
    expect((await test.sessions.messages('s')).entries).toHaveLength(1);
    expect((await test.sessions.count()).costUsd).toBe(0);
    sync.release();
    expect(await reading.finished()).toMatchObject({ status: 'completed', text: 'first second' });
    expect((await test.sessions.messages('s')).entries).toHaveLength(2);
  });

  it('a deleted session is still there', async () => {
    const { test, sync, hold } = await held();
    await test.sessions.create('s');
    const deleting = await hold(() => test.sessions.delete('s'));
    expect(deleting.isSettled).toBe(false);
    expect(await test.sessions.get('s')).toMatchObject({ version: 1 });
    expect((await test.sessions.search()).sessions).toHaveLength(1);
    sync.release();
    await deleting.promise;
    await expect(test.sessions.get('s')).rejects.toMatchObject({ code: 'session_deleted' });
  });
});

describe('a group commit', () => {
  it('carries at least 20 commits per sync with 100 in flight over different sessions', async () => {
    const test = await testGreenroom();
    const names = Array.from({ length: 100 }, (_, number) => `s${number}`);
    await Promise.all(names.map((name) => test.sessions.create(name)));
    const before = test.journal.stats();
    await Promise.all(
      names.map(async (name) => {
        for (let round = 0; round < 20; round++) await test.sessions.tag(name, `tag ${round}`);
      }),
    );
    const { commits, syncs } = test.journal.stats();
    expect(commits - before.commits).toBe(2_000);
    expect((commits - before.commits) / (syncs - before.syncs)).toBeGreaterThanOrEqual(20);
  });
});
