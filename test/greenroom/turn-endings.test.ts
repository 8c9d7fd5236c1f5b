/** How turns end: cancelled, retried, refused, cut off, out of tools or out of limits. */
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/rehearsal/answer.ts';
import { holding, lastText, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';
import { unmarked } from '../support/unmarked.ts';
import { gate } from '../support/until.ts';

interface Shown {
  readonly role: string;
  readonly content: unknown;
}
const shownToModel = (test: TestGreenroom): Shown[] => JSON.parse(test.lastCall).messages;

const never = () => holding(new Promise(() => undefined));

describe('a cancel of a running turn', () => {
  it('ends it at once and keeps what was said, for people and not for the model', async () => {
    const test = await testGreenroom({ script: never() });
    const reading = test.begin('s', 'hold', { turnId: 't' });
    await reading.saw('delta');
    expect(await test.sessions.cancel('s')).toMatchObject({ turnId: 't', status: 'cancelled' });
    expect(await reading.finished()).toMatchObject({ status: 'cancelled', text: 'first ' });
    expect((await test.sessions.messages('s')).entries).toHaveLength(1);
    const { entries } = await test.sessions.messages('s', { includePartial: true });
    expect(entries[1]).toMatchObject({ isPartial: true, message: { content: 'first ' } });
    await test.run('s', 'go on');
    expect(shownToModel(test).map(({ content }) => content)).toEqual(['hold', 'go on']);
  });

  it('lets the next one in its queue run', async () => {
    const test = await testGreenroom({ script: never() });
    const first = test.begin('s', 'hold');
    await first.saw('delta');
    const second = test.begin('s', 'next');
    await second.saw('turn.accepted');
    await test.sessions.cancel('s');
    expect((await second.finished()).status).toBe('completed');
    expect(await test.sessions.get('s')).toMatchObject({ status: 'idle', numTurns: 2 });
  });

  it('is heard while the turn waits before its next attempt', async () => {
    const test = await testGreenroom({ retryDelaySeconds: 600 });
    const reading = test.begin('s', '[[rehearse: status=529]]');
    await reading.saw('retry');
    expect((await test.sessions.cancel('s')).status).toBe('cancelled');
    expect((await reading.finished()).status).toBe('cancelled');
  });
});

describe('a cancel', () => {
  it('of a queued turn takes it out of the queue and its prompt out of what the model sees', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    const first = test.begin('s', 'hold');
    await first.saw('delta');
    const [second, third] = ['b', 'c'].map((turnId) => test.begin('s', turnId, { turnId }));
    await third?.saw('turn.accepted');
    expect((await test.sessions.cancel('s', 'b')).status).toBe('cancelled');
    expect((await second?.finished())?.status).toBe('cancelled');
    answer.open();
    await third?.done;
    expect(shownToModel(test).filter(({ role }) => role === 'user')).toEqual([
      { role: 'user', content: 'hold' },
      { role: 'user', content: 'c' },
    ]);
    expect(test.modelCalls).toHaveLength(2);
  });

  it('of a finished turn answers with its record', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello', { turnId: 't' });
    expect(await test.sessions.cancel('s', 't')).toMatchObject({ status: 'completed' });
  });

  it('of nothing is refused', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello');
    await expect(test.sessions.cancel('s')).rejects.toMatchObject({ code: 'invalid_state' });
    await expect(test.sessions.cancel('s', 'no')).rejects.toMatchObject({ code: 'turn_not_found' });
    await expect(test.sessions.cancel('no')).rejects.toMatchObject({ code: 'session_not_found' });
  });
});

describe('a model call that fails', () => {
  it('is tried again, visibly, when the API says to', async () => {
    const test = await testGreenroom({ retryDelaySeconds: 600 });
    const events = await test.run('s', '[[rehearse: status=429 retry-after=0 times=2 text=ok]]');
    expect(events.filter(({ type }) => type === 'retry')).toMatchObject([
      { delayMs: 0, error: { type: 'rate_limit_error' } },
      { delayMs: 0 },
    ]);
    expect(events.flatMap(({ n }) => n ?? [])).toEqual(events.map((_, at) => at + 1));
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'ok' });
    expect((await test.sessions.turns('s')).turns).toMatchObject([{ retries: 2, steps: 1 }]);
    expect((await test.sessions.get('s')).retryCount).toBe(2);
  });

  it('for good ends its turn as failed, and the session takes the next', async () => {
    const test = await testGreenroom({ maxRetries: 1 });
    const events = await test.run('s', '[[rehearse: status=529]]');
    expect(finishedOf(events)).toMatchObject({
      status: 'failed',
      error: { code: 'overloaded_error', retryable: true },
    });
    expect(test.modelCalls).toHaveLength(2);
    expect(await test.sessions.get('s')).toMatchObject({ errorCount: 1, status: 'idle' });
    expect(finishedOf(await test.run('s', 'again')).status).toBe('completed');
    expect(shownToModel(test)).toHaveLength(2);
  });

  it('by the settings of its session is tried as often as those say', async () => {
    const test = await testGreenroom();
    await test.sessions.create('s', { retry: { maxRetries: 0 } });
    await test.run('s', '[[rehearse: status=529]]');
    expect(test.modelCalls).toHaveLength(1);
  });

  it('in the middle of its stream is tried again, and its first words are void', async () => {
    const test = await testGreenroom();
    const events = await test.run('s', '[[rehearse: text=whole cut-after=3 times=1]]');
    expect(events.map(({ type }) => type)).toContain('retry');
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'whole' });
    const { entries } = await test.sessions.messages('s', { includePartial: true });
    expect(entries).toHaveLength(2);
  });

  it('in the middle of its stream for good leaves what was said, for people only', async () => {
    const test = await testGreenroom({ maxRetries: 0 });
    await test.run('s', '[[rehearse: text=onetwo chunks=2 cut-after=3]]');
    const { entries } = await test.sessions.messages('s', { includePartial: true });
    expect(entries[1]).toMatchObject({ isPartial: true, message: { content: 'one' } });
    await test.run('s', 'go on');
    expect(shownToModel(test)).toHaveLength(2);
  });

  it('by taking too long is a timeout', async () => {
    const test = await testGreenroom({ maxRetries: 0, timeoutSeconds: 0.05 });
    expect(finishedOf(await test.run('s', '[[rehearse: stall-after=1]]'))).toMatchObject({
      status: 'failed',
      error: { code: 'timeout' },
    });
  });
});

describe('an answer', () => {
  it('that is a refusal fails its turn and takes it out of what the model sees', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello');
    const events = await test.run('s', '[[rehearse: text="I would" refusal="no"]]');
    expect(finishedOf(events)).toMatchObject({
      status: 'failed',
      stopReason: 'refusal',
      error: { code: 'refusal' },
    });
    await test.run('s', 'something else');
    expect(shownToModel(test).map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });

  it.each(['max_tokens', 'stop_sequence', 'model_context_window_exceeded'])(
    'that ends with %s completes its turn and says so',
    async (reason) => {
      const test = await testGreenroom();
      const events = await test.run('s', `[[rehearse: text=half stop=${reason}]]`);
      expect(finishedOf(events)).toMatchObject({ status: 'completed', stopReason: reason });
    },
  );

  it('that asks for tools is told that there are none, and the turn goes on', async () => {
    const test = await testGreenroom();
    const events = await test.run(
      's',
      '[[rehearse: tool=Bash input={"command":"ls"} tool=Read]] [[rehearse: text=done]]',
    );
    expect(events.map(({ type }) => type).filter((type) => type !== 'delta')).toEqual([
      ...['turn.accepted', 'turn.started', 'message'],
      ...['tool.refused', 'tool.refused', 'message'],
      ...['message', 'turn.finished'],
    ]);
    const [, asked, told] = unmarked(shownToModel(test));
    expect(told?.content).toEqual(
      asked?.content.map(({ id, name }) => ({
        type: 'tool_result',
        tool_use_id: id,
        is_error: true,
        content: `There is no tool ${name} in this session.`,
      })),
    );
    expect(await test.sessions.get('s')).toMatchObject({ toolCallCount: 2, messageCount: 4 });
  });

  it('that pauses is gone on with', async () => {
    const test = await testGreenroom();
    const events = await test.run(
      's',
      '[[rehearse: text=wait stop=pause_turn]] [[rehearse: text=done]]',
    );
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    expect(test.modelCalls).toHaveLength(2);
  });

  it('without any content completes its turn, and the model does not see it', async () => {
    const empty: Answer = { kind: 'message', content: [] };
    const test = await testGreenroom({
      script: (request) => (lastText(request) === 'hello' ? empty : undefined),
    });
    expect(finishedOf(await test.run('s', 'hello')).status).toBe('completed');
    await test.run('s', 'and?');
    expect(shownToModel(test).map(({ content }) => content)).toEqual(['hello', 'and?']);
  });
});

describe('a limit', () => {
  it('of turns refuses what comes after', async () => {
    const test = await testGreenroom();
    await test.run('s', 'one', { session: { limits: { maxTurns: 1 } } });
    await expect(test.run('s', 'two')).rejects.toMatchObject({ code: 'max_turns_reached' });
  });

  it('of steps ends a turn that goes on asking for tools', async () => {
    const test = await testGreenroom({
      script: () => ({ kind: 'message', content: [{ type: 'tool_use', name: 'Bash', input: {} }] }),
    });
    const events = await test.run('s', 'go', { maxSteps: 3 });
    expect(finishedOf(events)).toMatchObject({ status: 'completed', stopReason: 'max_steps' });
    expect(test.modelCalls).toHaveLength(3);
  });

  it('of money of a session ends the turn that reaches it and refuses the next', async () => {
    const test = await testGreenroom();
    const events = await test.run('s', '[[rehearse: tool=Bash]] [[rehearse: text=never]]', {
      session: { limits: { maxCostUsd: 1e-6 } },
    });
    expect(finishedOf(events)).toMatchObject({ stopReason: 'budget_exceeded' });
    expect(test.modelCalls).toHaveLength(1);
    await expect(test.run('s', 'more')).rejects.toMatchObject({ code: 'budget_exceeded' });
  });

  it('of money of a turn ends that turn alone', async () => {
    const test = await testGreenroom();
    const events = await test.run('s', '[[rehearse: tool=Bash]] [[rehearse: text=never]]', {
      maxCostUsd: 1e-6,
    });
    expect(finishedOf(events)).toMatchObject({ stopReason: 'budget_exceeded' });
    expect(finishedOf(await test.run('s', 'more')).stopReason).toBe('end_turn');
  });

  it('of money is refused for a model without a price', async () => {
    const test = await testGreenroom();
    await expect(
      test.run('s', 'hello', { model: 'claude-unpriced-9', maxCostUsd: 1 }),
    ).rejects.toMatchObject({ code: 'price_unknown' });
    expect(test.modelCalls).toEqual([]);
  });
});

describe('a session with real answers', () => {
  it('refuses a rehearsal turn, unless the turn asks for it', async () => {
    const test = await testGreenroom();
    await test.run('s', 'for real');
    await test.restart({ provider: 'rehearsal' });
    await expect(test.run('s', 'not really')).rejects.toMatchObject({ code: 'provider_mismatch' });
    const events = await test.run('s', 'please', { provider: 'rehearsal' });
    expect(finishedOf(events)).toMatchObject({ status: 'completed', stopReason: 'end_turn' });
    expect((await test.sessions.get('s')).provider).toBe('anthropic');
  });
});
