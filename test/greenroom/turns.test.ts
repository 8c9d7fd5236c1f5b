/** Turns as their sender sees them: order, double texting, ids, events, costs. */
import { describe, expect, it } from 'vitest';
import type { WireEvent } from '../../src/index.ts';
import { holding, testGreenroom } from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';
import { unmarked } from '../support/unmarked.ts';
import { gate } from '../support/until.ts';

const numbersOf = (events: readonly WireEvent[]) =>
  events.flatMap(({ n }) => (n === undefined ? [] : [n]));
const promptsOf = (request: string) =>
  unmarked(JSON.parse(request).messages).flatMap(({ content }) => content.map(({ text }) => text));
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

describe('a turn', () => {
  it('tells its life in order, numbered from 1 without gaps', async () => {
    const test = await testGreenroom();
    const events = await test.run('s', '[[rehearse: text="one two"]]');
    expect(events.map(({ type }) => type)).toEqual([
      'turn.accepted',
      'turn.started',
      'delta',
      'message',
      'turn.finished',
    ]);
    expect(numbersOf(events)).toEqual(upTo(5));
    expect(finishedOf(events)).toMatchObject({
      status: 'completed',
      stopReason: 'end_turn',
      text: 'one two',
      attempt: 1,
    });
  });

  it('leaves its prompt and its answer in the transcript, its record in the ledger', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello', { turnId: 't1' });
    const { entries } = await test.sessions.messages('s');
    expect(entries).toMatchObject([
      { seq: 1, turnId: 't1', message: { role: 'user', content: 'hello' } },
      { seq: 2, turnId: 't1', message: { role: 'assistant' }, stopReason: 'end_turn' },
    ]);
    expect((await test.sessions.turns('s')).turns).toMatchObject([
      { turnId: 't1', status: 'completed', seq: 1, lastSeq: 2, steps: 1, attempt: 1 },
    ]);
  });

  it('without deltas when none are wanted', async () => {
    const test = await testGreenroom();
    const events = await test.run('s', 'hello', { includePartialMessages: false });
    expect(events.map(({ type }) => type)).toEqual([
      'turn.accepted',
      'turn.started',
      'message',
      'turn.finished',
    ]);
    expect(numbersOf(events)).toEqual(upTo(4));
  });

  it('counts its usage and its cost once in its record, its entries and its session', async () => {
    const test = await testGreenroom();
    const usage = 'usage.input_tokens=1000 usage.output_tokens=100';
    await test.run('s', `[[rehearse: text=a ${usage}]]`, { turnId: 'a' });
    await test.run('s', `[[rehearse: tool=Bash ${usage}]] [[rehearse: text=b]]`, { turnId: 'b' });
    const { entries } = await test.sessions.messages('s');
    const sum = (of: (entry: (typeof entries)[number]) => number | null | undefined) =>
      entries.reduce((total, entry) => total + (of(entry) ?? 0), 0);
    const session = await test.sessions.get('s');
    expect(sum((entry) => (entry.type === 'message' ? entry.usage?.inputTokens : 0))).toBe(
      session.usage.inputTokens,
    );
    expect(sum((entry) => (entry.type === 'message' ? entry.usage?.outputTokens : 0))).toBe(
      session.usage.outputTokens,
    );
    const cost = sum((entry) => (entry.type === 'message' ? entry.costUsd : 0));
    expect(session.totalCostUsd).toBeCloseTo(cost, 9);
    expect(cost).toBeGreaterThan(0);
    const { turns } = await test.sessions.turns('s');
    expect(turns.reduce((total, turn) => total + (turn.costUsd ?? 0), 0)).toBeCloseTo(cost, 9);
    expect((await test.sessions.count()).costUsd).toBeCloseTo(cost, 9);
  });
});

describe('a list of turns', () => {
  it('is in the order of time, also where their ids are the caller’s own', async () => {
    const test = await testGreenroom();
    const ids = ['t8', 't9', 't10', 'b', 't11', 'a'];
    for (const turnId of ids) await test.run('s', 'Hello', { turnId });
    const listed = async (page: { limit?: number; cursor?: string }) => {
      const { turns, nextCursor } = await test.sessions.turns('s', page);
      return { ids: turns.map(({ turnId }) => turnId), nextCursor };
    };
    expect((await listed({})).ids).toEqual(ids.toReversed());
    const first = await listed({ limit: 2 });
    expect(first).toEqual({ ids: ['a', 't11'], nextCursor: 't11' });
    expect(await listed({ limit: 4, cursor: 't11' })).toEqual({
      ids: ['b', 't10', 't9', 't8'],
      nextCursor: 't8',
    });
    expect((await listed({ limit: 4, cursor: 't8' })).ids).toEqual([]);
  });
});

describe('further turns while one runs', () => {
  it('wait and run in the order in which they were accepted', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    const first = test.begin('s', 'hold', { turnId: 'a' });
    await first.saw('delta');
    const others = ['b', 'c', 'd'].map((turnId) => test.begin('s', turnId, { turnId }));
    for (const other of others) await other.saw('turn.accepted');
    expect((await test.sessions.turns('s')).turns.map(({ status }) => status)).toEqual([
      'queued',
      'queued',
      'queued',
      'running',
    ]);
    answer.open();
    await Promise.all(others.map(({ done }) => done));
    const { entries } = await test.sessions.messages('s');
    const answered = entries.flatMap((entry) =>
      entry.type === 'message' && entry.message.role === 'assistant' ? [entry.turnId] : [],
    );
    expect(answered).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each(['new', 'asleep'])(
    'sent at once to a session that is %s are accepted in the order in which they were sent',
    async (how) => {
      const test = await testGreenroom();
      if (how === 'asleep') {
        await test.sessions.create('s');
        await test.restart();
      }
      const ids = ['a', 'b', 'c', 'd', 'e'];
      const readings = ids.map((turnId) => test.begin('s', turnId, { turnId }));
      await Promise.all(readings.map(({ done }) => done));
      const { turns } = await test.sessions.turns('s');
      const inOrder = turns.toSorted((one, other) => one.seq - other.seq);
      expect(inOrder.map(({ turnId }) => turnId)).toEqual(ids);
    },
  );

  it('are each shown to the model behind what was said before', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    const first = test.begin('s', 'hold');
    await first.saw('delta');
    const second = test.begin('s', 'next');
    await second.saw('turn.accepted');
    answer.open();
    await second.done;
    const { messages } = JSON.parse(test.lastCall);
    expect(messages.map(({ role }: { role: string }) => role)).toEqual([
      'user',
      'assistant',
      'user',
    ]);
    expect(messages[2].content).toBe('next');
  });

  it('are refused where the policy is to reject, and nothing of them is stored', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    const first = test.begin('s', 'hold', { session: { onBusy: 'reject' } });
    await first.saw('delta');
    await expect(test.run('s', 'me too', { turnId: 'b' })).rejects.toMatchObject({
      code: 'invalid_state',
    });
    answer.open();
    await first.done;
    expect((await test.sessions.turns('s')).turns).toHaveLength(1);
    expect(await test.run('s', 'now', { turnId: 'b' })).toHaveLength(5);
  });

  it('end the one that runs where they interrupt: what it did stays', async () => {
    const test = await testGreenroom({ script: holding(new Promise(() => undefined)) });
    const first = test.begin('s', 'hold');
    await first.saw('delta');
    const waiting = test.begin('s', 'not any more');
    await waiting.saw('turn.accepted');
    const second = test.begin('s', 'look here', { onBusy: 'interrupt' });
    expect(await first.finished()).toMatchObject({ status: 'interrupted', text: 'first ' });
    expect(await waiting.finished()).toMatchObject({ status: 'interrupted' });
    expect(await second.finished()).toMatchObject({ status: 'completed' });
    expect(promptsOf(test.lastCall)).toEqual(['hold', 'look here']);
  });

  it('end the one that runs where they roll back: the model never saw it', async () => {
    const test = await testGreenroom({ script: holding(new Promise(() => undefined)) });
    const first = test.begin('s', 'hold', { session: { onBusy: 'rollback' } });
    await first.saw('delta');
    const second = test.begin('s', 'look here');
    expect(await first.finished()).toMatchObject({ status: 'interrupted' });
    expect(await second.finished()).toMatchObject({ status: 'completed' });
    expect(promptsOf(test.lastCall)).toEqual(['look here']);
    expect((await test.sessions.get('s')).numTurns).toBe(2);
  });

  it('are refused with queue_full when as many wait as may', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened), queuePerSession: 2 });
    const open = ['hold a', 'b'].map((prompt) => test.begin('s', prompt));
    for (const reading of open) await reading.saw('turn.accepted');
    await expect(test.run('s', 'c')).rejects.toMatchObject({
      code: 'queue_full',
      retryAfterMs: expect.any(Number),
    });
    answer.open();
    await Promise.all(open.map(({ done }) => done));
    expect((await test.sessions.get('s')).numTurns).toBe(2);
  });
});

describe('a turn id', () => {
  it('sent again while its turn runs joins it: one run, both hear the end', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    const first = test.begin('s', 'hold', { turnId: 't' });
    await first.saw('delta');
    const again = test.begin('s', 'hold', { turnId: 't' });
    await test.sessions.get('s');
    answer.open();
    expect(await again.finished()).toEqual(await first.finished());
    expect(test.modelCalls).toHaveLength(1);
  });

  it('sent again afterwards is answered with its record, without a model call', async () => {
    const test = await testGreenroom();
    const first = finishedOf(await test.run('s', 'hello', { turnId: 't' }));
    const again = await test.run('s', 'hello', { turnId: 't' });
    const { n: _n, at: _at, ...told } = first;
    expect(again).toMatchObject([told]);
    expect(test.modelCalls).toHaveLength(1);
    expect(await test.sessions.get('s')).toMatchObject({ numTurns: 1, messageCount: 2 });
  });

  it('sent again after a restart is answered with its record, without a model call', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello', { turnId: 't' });
    await test.restart();
    expect(finishedOf(await test.run('s', 'hello', { turnId: 't' }))).toMatchObject({
      status: 'completed',
      text: 'Rehearsal answer to: hello',
    });
    expect(test.modelCalls).toHaveLength(1);
  });

  it('sent again after passivation is answered with its record, without a model call', async () => {
    const test = await testGreenroom({ cacheSessions: 1 });
    await test.run('s', 'hello', { turnId: 't' });
    await test.run('other', 'hello');
    expect(finishedOf(await test.run('s', 'hello', { turnId: 't' })).status).toBe('completed');
    expect(test.modelCalls).toHaveLength(2);
    expect((await test.sessions.get('s')).numTurns).toBe(1);
  });

  it.each([
    ['has ended', { mode: 'background' }],
    ['has run all its turns', { limits: { maxTurns: 1 } }],
    ['has spent its money', { model: 'claude-haiku-4-5', limits: { maxCostUsd: 0.000_001 } }],
  ] as const)('sent again to a session that %s is answered with its record', async (_, session) => {
    const test = await testGreenroom();
    await test.run('s', 'hello', { turnId: 't', session });
    await test.restart(); // the ledger alone knows it
    await expect(test.run('s', 'new')).rejects.toMatchObject({ name: 'GreenroomError' });
    const again = finishedOf(await test.run('s', 'hello', { turnId: 't' }));
    expect(again).toMatchObject({ status: 'completed', text: 'Rehearsal answer to: hello' });
    await expect(test.run('s', 'other', { turnId: 't' })).rejects.toMatchObject({
      code: 'turn_id_reused',
    });
    expect(test.modelCalls).toHaveLength(1);
  });

  it.each(['while it runs', 'afterwards', 'after a restart'])(
    'sent again with another prompt is refused %s',
    async (when) => {
      const answer = gate();
      const test = await testGreenroom({ script: holding(answer.opened) });
      const first = test.begin('s', 'hold', { turnId: 't' });
      await first.saw('delta');
      if (when !== 'while it runs') answer.open();
      if (when !== 'while it runs') await first.done;
      if (when === 'after a restart') await test.restart();
      await expect(test.run('s', 'another', { turnId: 't' })).rejects.toMatchObject({
        code: 'turn_id_reused',
      });
      answer.open();
      await first.done;
      expect(test.modelCalls).toHaveLength(1);
    },
  );

  it('may be the same in two sessions', async () => {
    const test = await testGreenroom();
    await test.run('a', 'hello', { turnId: 't' });
    await test.run('b', 'other', { turnId: 't' });
    expect(test.modelCalls).toHaveLength(2);
  });
});
