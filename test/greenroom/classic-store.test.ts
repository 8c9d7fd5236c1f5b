/** The classic face of a running Greenroom: its turns and what classic programs write are the same sessions. */
import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/stores/index.ts';
import { lastText, testGreenroom } from '../support/greenroom.ts';

const textsOf = (call: { body: { messages: readonly { content: unknown }[] } } | undefined) =>
  call?.body.messages.map(({ content }) => JSON.stringify(content));

describe('the classic store of a running Greenroom', () => {
  it('shows what turns made: messages, cost, tokens, turns', async () => {
    const test = await testGreenroom();
    await test.run('s', 'Hello');
    const store = test.greenroom.store();
    const state = await store.loadSession('s');
    expect(state?.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(state?.metadata.numTurns).toBe(1);
    expect(state?.metadata.totalCostUsd).toBeGreaterThan(0);
    expect(state?.metadata.usage['output_tokens']).toBeGreaterThan(0);
    expect(await store.listSessions()).toEqual(['s']);
  });

  it('what it writes is what the next turn sends to the model, and turns add to its usage', async () => {
    const test = await testGreenroom();
    const store = test.greenroom.store();
    await store.createSession('s', { usage: { input_tokens: 1_000, custom: 7 } });
    await store.appendMessage('s', { role: 'user', content: 'My name is Ada.' });
    await store.appendMessage('s', { role: 'assistant', content: 'Hello Ada.' });
    await test.run('s', 'Who am I?');
    expect(textsOf(test.modelCalls.at(-1))?.[0]).toContain('My name is Ada.');
    const { usage } = (await store.loadSession('s'))?.metadata ?? {};
    expect(usage?.['input_tokens']).toBeGreaterThan(1_000);
    expect(usage?.['custom']).toBe(7);
  });

  it('a save replaces what the model sees; system messages and results are not for it', async () => {
    const test = await testGreenroom();
    const store = test.greenroom.store();
    await test.run('s', 'Forget this.');
    await store.saveSession('s', [
      { type: 'system', data: { session_id: 's', secret: 'of the program' } },
      { type: 'user', data: { message: { content: 'Typed question' } } },
      {
        type: 'assistant',
        data: { message: { content: [{ type: 'text', text: 'Typed answer' }] } },
      },
      { type: 'result', data: { total_cost_usd: 1.5 } },
    ]);
    await test.run('s', 'Go on.');
    const call = test.modelCalls.at(-1);
    expect(call?.body.messages).toHaveLength(3);
    expect(textsOf(call)?.join()).toContain('Typed answer');
    expect(call?.rawBody.toString()).not.toMatch(/Forget this|of the program|total_cost/);
    expect(call && lastText(call)).toBe('Go on.');
    const state = await store.loadSession('s');
    expect(state?.messages).toHaveLength(6);
    expect(state?.metadata.totalCostUsd).toBeGreaterThan(1.5);
  });

  it('an export of what it wrote comes back the same, to classic eyes too', async () => {
    const [here, there] = [await testGreenroom(), await testGreenroom()];
    const store = here.greenroom.store();
    await store.createSession('s', {
      ...{ model: 'claude-opus-4', usage: { input_tokens: 3, custom: 1 }, totalCostUsd: 0.5 },
      compactionState: { lastCompactionTurn: 1, summary: 'S', originalMessageIds: ['m1'] },
    });
    await store.saveSession(
      's',
      [
        { type: 'system', data: { session_id: 's' } },
        { type: 'assistant', data: { message: { content: 'Typed' } }, extra: [null] },
        { role: 'user', content: 'Late', timestamp: '2024-01-15T10:30:00.123456+02:00', field: 1 },
      ],
      { tags: ['kept'], description: 'Described' },
    );
    await store.appendMessage('s', { role: 'tool', content: [{ type: 'text', text: 'x' }] });
    await there.sessions.importSession(here.sessions.exportSession('s'));
    const { version: _, ...original } = (await store.loadSession('s')) ?? {};
    const { version: __, ...copy } = (await there.greenroom.store().loadSession('s')) ?? {};
    expect(copy).toEqual(original);
  });

  it('a turn that is open is not written into', async () => {
    const test = await testGreenroom();
    const store = test.greenroom.store();
    const reading = test.begin('s', '[[rehearse: wait-ms=60000]]');
    await reading.saw('turn.started');
    const message = { role: 'user', content: 'between' };
    await expect(store.appendMessage('s', message)).rejects.toMatchObject({
      code: 'invalid_state',
    });
    expect(await store.cleanupOldSessions({ maxAgeDays: 0, now: Date.now() + 1e9 })).toBe(0);
    await test.sessions.cancel('s');
  });

  it('an id is kept for a while after its session was deleted', async () => {
    const test = await testGreenroom();
    const store = test.greenroom.store();
    await store.createSession('s');
    await store.deleteSession('s');
    await expect(store.createSession('s')).rejects.toMatchObject({ code: 'session_deleted' });
    await expect(store.appendMessage('s', { role: 'user', content: '' })).rejects.toMatchObject({
      code: 'session_not_found',
    });
    expect(await store.loadSession('s')).toBeNull();
  });

  it('closed, it answers nothing, and the Greenroom goes on', async () => {
    const test = await testGreenroom();
    const store = test.greenroom.store();
    await store.close();
    await expect(store.listSessions()).rejects.toMatchObject({ code: 'store_closed' });
    await test.run('s', 'Hello');
    expect(await test.greenroom.store().listSessions()).toEqual(['s']);
  });

  it('the same data directory opens without a daemon when that one has stopped', async () => {
    const test = await testGreenroom();
    await test.run('s', 'Hello');
    await expect(openStore(`lmdb:${test.dataDir}`)).rejects.toMatchObject({ code: 'in_use' });
    await test.stop();
    const store = await openStore(`lmdb:${test.dataDir}`);
    await store.appendMessage('s', { role: 'user', content: 'From outside.' });
    await store.close();
    await test.start();
    const { entries } = await test.sessions.messages('s');
    expect(entries).toHaveLength(3);
  });
});
