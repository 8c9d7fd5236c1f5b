/** Changes without a model call: settings, tags, appended messages, deletion; and what they say to whom came late. */
import { describe, expect, it } from 'vitest';
import { SyncGate } from '../../src/storage/lmdb/sync-gate.ts';
import { holding, testGreenroom } from '../support/greenroom.ts';
import { gate, until } from '../support/until.ts';

describe('a change that names a version', () => {
  it('is made when the session is at that version', async () => {
    const test = await testGreenroom();
    const { version } = await test.sessions.create('s');
    const updated = await test.sessions.update('s', { title: 'a', expectedVersion: version });
    expect(updated).toMatchObject({ title: 'a', version: 2 });
    await test.sessions.append('s', [{ role: 'user', content: 'x' }], 2);
    expect(await test.sessions.get('s')).toMatchObject({ version: 3, messageCount: 1 });
  });

  it('is refused when the session has changed since, and nothing of it is stored', async () => {
    const test = await testGreenroom();
    await test.sessions.create('s');
    await test.sessions.tag('s', 'x');
    const late = { code: 'version_conflict' };
    await expect(
      test.sessions.update('s', { title: 'a', expectedVersion: 1 }),
    ).rejects.toMatchObject(late);
    await expect(
      test.sessions.append('s', [{ role: 'user', content: 'x' }], 1),
    ).rejects.toMatchObject(late);
    expect(await test.sessions.get('s')).toMatchObject({ version: 2, messageCount: 0 });
    expect((await test.sessions.get('s')).title).toBeUndefined();
  });

  it('is made for one of two that name the same version at once', async () => {
    const test = await testGreenroom();
    await test.sessions.create('s');
    const outcomes = await Promise.allSettled(
      ['a', 'b'].map((title) => test.sessions.update('s', { title, expectedVersion: 1 })),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await test.sessions.get('s')).version).toBe(2);
  });
});

describe('appended messages', () => {
  it('are seen by the model in the next turn, byte for byte', async () => {
    const test = await testGreenroom();
    await test.sessions.append('s', [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: [{ type: 'text', text: 'hi', odd: 1.5 }] },
    ]);
    await test.run('s', 'and now?');
    expect(test.lastCall).toContain(
      '"messages":[{"role":"user","content":"hello"},' +
        '{"role":"assistant","content":[{"type":"text","text":"hi","odd":1.5}]},' +
        '{"role":"user","content":"and now?"}]',
    );
  });

  it('are refused in the middle of a turn', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    const reading = test.begin('s', 'hold');
    await reading.saw('delta');
    await expect(test.sessions.append('s', [{ role: 'user', content: 'x' }])).rejects.toMatchObject(
      { code: 'invalid_state' },
    );
    answer.open();
    await reading.done;
    expect((await test.sessions.get('s')).messageCount).toBe(2);
  });
});

describe('a deleted session', () => {
  it('is gone from every read and says so', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello', { tags: ['a'] });
    await test.sessions.delete('s');
    const gone = { code: 'session_deleted' };
    await expect(test.sessions.get('s')).rejects.toMatchObject(gone);
    await expect(test.sessions.messages('s')).rejects.toMatchObject(gone);
    await expect(test.sessions.turns('s')).rejects.toMatchObject(gone);
    expect((await test.sessions.search({ tags: ['a'] })).sessions).toEqual([]);
  });

  it('is not brought back by a late turn, a create or an append, also after a restart', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello', { turnId: 't' });
    await test.sessions.delete('s');
    await test.restart();
    const gone = { code: 'session_deleted' };
    await expect(test.run('s', 'hello', { turnId: 't' })).rejects.toMatchObject(gone);
    await expect(test.run('s', 'new')).rejects.toMatchObject(gone);
    await expect(test.sessions.create('s')).rejects.toMatchObject(gone);
    await expect(test.sessions.append('s', [{ role: 'user', content: 'x' }])).rejects.toMatchObject(
      gone,
    );
    expect(test.modelCalls).toHaveLength(1);
  });

  it('ends its open turns, and their readers hear it', async () => {
    const test = await testGreenroom({ script: holding(new Promise(() => undefined)) });
    const running = test.begin('s', 'hold');
    await running.saw('delta');
    const queued = test.begin('s', 'next');
    await queued.saw('turn.accepted');
    await test.sessions.delete('s');
    const ended = { status: 'cancelled', error: { code: 'session_deleted' } };
    expect(await running.finished()).toMatchObject(ended);
    expect(await queued.finished()).toMatchObject(ended);
    await until(() => test.modelCalls.at(-1)?.isBroken);
  });

  it('takes nothing that waited behind its deletion', async () => {
    const sync = new SyncGate();
    const test = await testGreenroom({ testHooks: { syncGate: sync } });
    await test.sessions.create('s');
    sync.hold();
    const first = test.sessions.tag('s', 'first');
    await until(() => test.journal.stats().waiting > 0);
    const deleting = test.sessions.delete('s');
    const late = test.begin('s', 'too late');
    const tag = test.sessions.tag('s', 'too late');
    tag.catch(() => undefined);
    await test.sessions.get('s'); // behind them in the mailbox
    sync.release();
    await Promise.all([first, deleting]);
    await expect(late.done).rejects.toMatchObject({ code: 'session_deleted' });
    await expect(tag).rejects.toMatchObject({ code: 'session_deleted' });
    expect(late.events).toEqual([]);
    expect(test.modelCalls).toEqual([]);
  });
});
