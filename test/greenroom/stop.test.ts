/** How Greenroom stops: no new turns, running steps get their time, what is left is the next start's. */
import { describe, expect, it } from 'vitest';
import { holding, testGreenroom } from '../support/greenroom.ts';
import { gate, until } from '../support/until.ts';

describe('stop', () => {
  it('lets a running step finish, and its turn with it', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened), drainSeconds: 30 });
    const reading = test.begin('s', 'hold', { turnId: 't' });
    await reading.saw('delta');
    const stopping = test.stop();
    answer.open();
    expect(await reading.finished()).toMatchObject({ status: 'completed', attempt: 1 });
    await stopping;
    await test.start();
    expect(await test.sessions.turnStatus('s', 't')).toMatchObject({ status: 'completed' });
    expect(test.modelCalls).toHaveLength(1);
  });

  it('refuses new turns as draining, while reads go on', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened), drainSeconds: 30 });
    const reading = test.begin('s', 'hold');
    await reading.saw('delta');
    const { greenroom } = test;
    const stopping = greenroom.stop();
    const late = { code: 'draining', retryAfterMs: expect.any(Number) };
    await expect(test.run('s', 'late')).rejects.toMatchObject(late);
    await expect(test.run('new', 'late')).rejects.toMatchObject(late);
    expect(await greenroom.sessions.get('s')).toMatchObject({ status: 'running' });
    answer.open();
    await Promise.all([reading.done, stopping]);
  });

  it('begins no further step of a turn: the next start goes on with it', async () => {
    const answer = gate();
    const test = await testGreenroom({
      drainSeconds: 30,
      script: async ({ rawBody }) => {
        if (!rawBody.includes('tool_result')) await answer.opened;
        return undefined;
      },
    });
    const reading = test.begin('s', '[[rehearse: tool=Bash]] [[rehearse: text=done]]', {
      turnId: 't',
    });
    await until(() => test.modelCalls.length === 1);
    const stopping = test.stop();
    answer.open();
    await stopping;
    await expect(reading.done).rejects.toMatchObject({ code: 'draining' });
    expect(test.modelCalls).toHaveLength(1);
    await test.start();
    await until(async () => (await test.sessions.turnStatus('s', 't')).status === 'completed');
    expect(await test.sessions.turnStatus('s', 't')).toMatchObject({ steps: 2, attempt: 2 });
    expect(test.modelCalls).toHaveLength(2);
  });

  it('leaves waiting turns to the next start, which runs them in order', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened), drainSeconds: 30 });
    const first = test.begin('s', 'hold');
    await first.saw('delta');
    const waiting = ['b', 'c'].map((turnId) => test.begin('s', turnId, { turnId }));
    for (const reading of waiting) await reading.saw('turn.accepted');
    const stopping = test.stop();
    answer.open();
    await first.done;
    await stopping;
    for (const { done } of waiting) await expect(done).rejects.toMatchObject({ code: 'draining' });
    await test.start();
    await until(async () => (await test.sessions.turnStatus('s', 'c')).status === 'completed');
    const { entries } = await test.sessions.messages('s');
    expect(entries.slice(4)).toMatchObject([
      { turnId: 'b', message: { role: 'assistant' } },
      { turnId: 'c', message: { role: 'assistant' } },
    ]);
  });

  it('leaves a step that takes longer than its time to the next start', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened), drainSeconds: 0.05 });
    const reading = test.begin('s', 'hold', { turnId: 't' });
    await reading.saw('delta');
    await test.stop();
    await expect(reading.done).rejects.toMatchObject({ code: 'draining', retryAfterMs: 2_000 });
    answer.open();
    await test.start();
    await until(async () => (await test.sessions.turnStatus('s', 't')).status === 'completed');
    expect(await test.sessions.turnStatus('s', 't')).toMatchObject({ attempt: 2, steps: 1 });
    expect((await test.sessions.messages('s', { includePartial: true })).entries).toHaveLength(2);
  });

  it('may be asked for twice, and nothing answers afterwards', async () => {
    const test = await testGreenroom();
    const { greenroom } = test;
    await Promise.all([greenroom.stop(), greenroom.stop()]);
    expect(await greenroom.exited).toBe('shutdown');
    await expect(greenroom.sessions.get('s')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(greenroom.sessions.create('s')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(greenroom.sessions.search()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
