import { describe, expect, it, onTestFinished } from 'vitest';
import { startRehearsal } from '../../../src/rehearsal/server.ts';
import { unmarked } from '../../support/unmarked.ts';
import { contextOf, executingOnLentThreads, MODEL, stepOf, textOf, user } from '../executing.ts';

describe('a model step', () => {
  it('comes back with the message as the API gave it, its usage and its cost', async () => {
    const { run } = await executingOnLentThreads();
    const prompt = '[[rehearse: text="Hi there" usage.input_tokens=1000 usage.output_tokens=10]]';
    const outcome = await run(stepOf(prompt));
    expect(JSON.parse(outcome.body)).toEqual({
      role: 'assistant',
      content: [{ type: 'text', text: 'Hi there', citations: null }],
    });
    expect(outcome).toMatchObject({ text: 'Hi there', stopReason: 'end_turn', toolUses: [] });
    expect(outcome).toMatchObject({ model: MODEL, provider: 'rehearsal' });
    expect(outcome.usage).toMatchObject({ inputTokens: 1000, outputTokens: 10 });
    expect(outcome.costNanoUsd).toBe(1000 * 5_000 + 10 * 25_000);
  });

  it('sends the messages as they lie in shared memory, and nothing behind their end', async () => {
    const { run, rehearsal } = await executingOnLentThreads();
    const messages = [
      user('one'),
      { role: 'assistant', content: 'two' },
      user('drei, vier – fünf'),
    ];
    await run(stepOf('', { context: contextOf(...messages), system: 'Say "messages":[] twice.' }));
    expect(JSON.parse([...rehearsal.requests][0]?.rawBody.toString() ?? '')).toEqual({
      messages,
      model: MODEL,
      max_tokens: 1000,
      system: 'Say "messages":[] twice.',
      stream: true,
    });
  });

  it('sends the tools as the text that they are, and what the API has to know besides', async () => {
    const { run, rehearsal } = await executingOnLentThreads();
    const schema = '{"type":"object","maximum":12345678901234567890,"title":"größer"}';
    const tools = `[{"name":"Look","input_schema":${schema}}]`;
    const asked = { toolChoice: { type: 'auto' }, outputConfig: { effort: 'low' } };
    await run(stepOf('hi', { tools, ...asked, thinking: { type: 'adaptive' } }));
    const text = [...rehearsal.requests][0]?.rawBody.toString() ?? '';
    expect(text).toContain(`"tools":[{"name":"Look","input_schema":${schema}`);
    expect(JSON.parse(text)).toMatchObject({
      messages: [user('hi')],
      tool_choice: { type: 'auto' },
      thinking: { type: 'adaptive' },
      output_config: { effort: 'low' },
    });
  });

  it.each(['', '[]'])('offers no tools where its list of them is "%s"', async (tools) => {
    const { run, rehearsal } = await executingOnLentThreads();
    await run(stepOf('hi', { tools }));
    expect(JSON.parse([...rehearsal.requests][0]?.rawBody.toString() ?? '')).not.toHaveProperty(
      'tools',
    );
  });

  it('sends a history of 10,000 messages whole', async () => {
    const { run, rehearsal } = await executingOnLentThreads();
    const messages = Array.from({ length: 10_000 }, (_, n) => ({
      role: n % 2 === 0 ? 'user' : 'assistant',
      content: `${n}: ${'grün '.repeat(4)}`,
    }));
    await run(stepOf('', { context: contextOf(...messages, user('and now?')) }));
    const body = JSON.parse([...rehearsal.requests][0]?.rawBody.toString() ?? '');
    expect(unmarked(body.messages)).toEqual(unmarked([...messages, user('and now?')]));
  });

  it('streams text, thinking and tool input as deltas of their blocks', async () => {
    const { start } = await executingOnLentThreads();
    const prompt =
      '[[rehearse: thinking="Let me see" text="Listing" tool=Bash input={"command":"ls"} chunks=3]]';
    const { events, outcome } = start(stepOf(prompt));
    await outcome;
    const joined = (key: string) =>
      events.map((event) => (key in event ? event[key as never] : '')).join('');
    expect([joined('thinking'), joined('text')]).toEqual(['Let me see', 'Listing']);
    expect(JSON.parse(joined('inputJson'))).toEqual({ command: 'ls' });
    expect(new Set(events.map((event) => ('block' in event ? event.block : -1)))).toEqual(
      new Set([0, 1, 2]),
    );
  });

  it('sends no deltas where none are wanted', async () => {
    const { start } = await executingOnLentThreads();
    const { events, outcome } = start(stepOf('[[rehearse: text=quiet]]', { wantsDeltas: false }));
    expect(await outcome).toMatchObject({ type: 'message', text: 'quiet' });
    expect(events).toEqual([]);
  });

  it('names the tools that are asked for', async () => {
    const { run } = await executingOnLentThreads();
    const outcome = await run(stepOf('[[rehearse: tool=Look input={"at":"sky"}]]'));
    const [{ id, input }] = JSON.parse(outcome.body).content;
    expect(input).toEqual({ at: 'sky' });
    expect(outcome).toMatchObject({ stopReason: 'tool_use', toolUses: [{ id, name: 'Look' }] });
  });

  it('counts what an advisor used, iteration by iteration', async () => {
    const { run } = await executingOnLentThreads();
    const iterations = [
      { type: 'message', input_tokens: 10, output_tokens: 1 },
      { type: 'advisor', model: 'claude-opus-5', input_tokens: 500, output_tokens: 7 },
    ];
    const outcome = await run(
      stepOf(`[[rehearse: text=x usage.iterations=${JSON.stringify(iterations)}]]`),
    );
    expect(outcome.usage).toMatchObject({ inputTokens: 510, outputTokens: 8 });
  });

  it('has no cost where the model has no price', async () => {
    const { run } = await executingOnLentThreads();
    const outcome = await run(stepOf('hello', { model: 'claude-unheard-of' }));
    expect(outcome.costNanoUsd).toBeNull();
  });

  it.each(['refusal', 'max_tokens', 'pause_turn', 'model_context_window_exceeded'])(
    'that ends in %s is a message that says so',
    async (stopReason) => {
      const { run } = await executingOnLentThreads();
      const outcome = await run(stepOf(`[[rehearse: text=so stop=${stopReason}]]`));
      expect(outcome).toMatchObject({ stopReason, text: 'so' });
    },
  );

  it('that the API refuses fails with the type and status of the refusal', async () => {
    const { start } = await executingOnLentThreads();
    const prompt = '[[rehearse: status=400 message="prompt is too long: 1 > 0 maximum"]]';
    expect(await start(stepOf(prompt)).outcome).toEqual({
      type: 'failed',
      error: {
        type: 'invalid_request_error',
        message: 'prompt is too long: 1 > 0 maximum',
        status: 400,
        retryable: false,
        tooLong: {},
      },
      partialText: '',
      provider: 'rehearsal',
    });
  });

  it('that is too long says so, with the numbers that the API gave', async () => {
    const { start } = await executingOnLentThreads();
    expect(await start(stepOf('[[rehearse: too-long=210000]]')).outcome).toMatchObject({
      error: { status: 400, tooLong: { tokens: 210_000, windowTokens: 200_000 } },
    });
  });

  it.each([
    ['a key that is no header', { apiKey: 'sk-PASS\nWORD' }],
    ['a password in the address', { baseUrl: 'http://user:PASS@WORD@127.0.0.1:1' }],
  ])('that fails over %s does not repeat it', async (_, more) => {
    const endpoint = () => ({ baseUrl: 'http://127.0.0.1:1', apiKey: 'any', ...more });
    const { start } = await executingOnLentThreads({ endpoint });
    const { outcome, events } = start(stepOf('hello'));
    expect(await outcome).toMatchObject({ type: 'failed' });
    expect(JSON.stringify([await outcome, events])).not.toMatch(/PASS|WORD/);
  });

  it('that the API refuses in words with the key in them does not repeat it', async () => {
    const rehearsal = await startRehearsal();
    onTestFinished(() => rehearsal.close());
    const endpoint = () => ({ baseUrl: rehearsal.url, apiKey: 'key-PASSWORD' });
    const { start } = await executingOnLentThreads({ endpoint });
    const told = '[[rehearse: status=400 message="key-PASSWORD will not do"]]';
    const outcome = await start(stepOf(told)).outcome;
    expect(outcome).toMatchObject({ error: { message: '(hidden) will not do' } });
  });

  it('that is cancelled ends at once with what it had said', async () => {
    const { start, rehearsal } = await executingOnLentThreads();
    const step = start(stepOf('[[rehearse: text="half of it, and more" chunks=2 stall-after=3]]'));
    await step.first('delta');
    step.cancel();
    expect(await step.outcome).toEqual({ type: 'cancelled', partialText: textOf(step.events) });
    expect(textOf(step.events)).not.toBe('');
    expect(rehearsal.requests.size).toBe(1);
  });

  it('that is cancelled before anything came was cancelled all the same', async () => {
    const { start } = await executingOnLentThreads();
    const step = start(stepOf('[[rehearse: text=late wait-ms=600000]]'));
    step.cancel();
    expect(await step.outcome).toEqual({ type: 'cancelled', partialText: '' });
  });
});
