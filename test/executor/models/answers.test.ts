/** What a model may answer beside a text, over HTTP and through the real SDK: nothing of it is lost or changed. */
import { describe, expect, it } from 'vitest';
import { messageForModel } from '../../../src/session/context/model-message.ts';
import type { ModelStep, StepOutcome } from '../../../src/session/ports/executor.ts';
import { contextOf, executingOnLentThreads, stepOf, user } from '../executing.ts';

type Said = Extract<StepOutcome, { type: 'message' }> & { readonly body: unknown };

const LONG = 'long enough to be kept. '.repeat(400);
const contentOf = (body: string): Record<string, unknown>[] => JSON.parse(body).content;
const parsed = (body: string): object => JSON.parse(body);

describe('the answer of a model step', () => {
  it('keeps what a tool of the server did, and counts and prices it', async () => {
    const { run } = await executingOnLentThreads();
    const found = [
      {
        type: 'web_search_result',
        url: 'https://a',
        title: 'A',
        encrypted_content: 'eA==',
        page_age: null,
      },
    ];
    const prompt = `[[rehearse: text=Searching server-tool=web_search input={"query":"tide"} result=${JSON.stringify(found)} server-tool=web_search input={"query":"moon"} result=[] text=Found chunks=3 usage.input_tokens=0 usage.output_tokens=0]]`;
    const { body, usage, costNanoUsd, toolUses, stopReason, text } = await run(stepOf(prompt));
    const [, use, result] = contentOf(body);
    expect(use).toMatchObject({
      type: 'server_tool_use',
      name: 'web_search',
      input: { query: 'tide' },
    });
    expect(result).toMatchObject({
      type: 'web_search_tool_result',
      tool_use_id: use?.['id'],
      content: found,
    });
    expect([usage.webSearchRequests, costNanoUsd]).toEqual([2, 2 * 10_000_000]);
    expect([toolUses, stopReason, text]).toEqual([[], 'end_turn', 'SearchingFound']);
  });

  it('that pauses goes back unchanged, and is gone on with', async () => {
    const { run } = await executingOnLentThreads();
    const prompt = user(
      '[[rehearse: text=wait server-tool=web_search input={"query":"a"} stop=pause_turn]] [[rehearse: text=done]]',
    );
    const paused = await run(stepOf('', { context: contextOf(prompt) }));
    expect(paused).toMatchObject({ stopReason: 'pause_turn', toolUses: [] });
    expect(Buffer.from(messageForModel(Buffer.from(paused.body)) ?? []).toString()).toBe(
      paused.body,
    );
    const done = await run(stepOf('', { context: contextOf(prompt, parsed(paused.body)) }));
    expect(done).toMatchObject({ stopReason: 'end_turn', text: 'done' });
  });

  it('that is a refusal says of which kind and why', async () => {
    const { run } = await executingOnLentThreads();
    const told = 'text=no refusal="not that" refusal-category=cyber';
    expect(await run(stepOf(`[[rehearse: ${told}]]`))).toMatchObject({
      stopReason: 'refusal',
      refusal: { category: 'cyber', explanation: 'not that' },
    });
    expect(await run(stepOf('hi'))).not.toHaveProperty('refusal');
  });

  it.each(['model_context_window_exceeded', 'max_tokens'])(
    'that ends with %s says so',
    async (reason) => {
      const { run } = await executingOnLentThreads();
      expect(await run(stepOf(`[[rehearse: text=half stop=${reason}]]`))).toMatchObject({
        stopReason: reason,
        text: 'half',
      });
    },
  );

  it('that ends in a way that nobody knows yet says so', async () => {
    const stopReason = 'ran_out_of_ideas' as 'end_turn';
    const script = () =>
      ({ kind: 'message', content: [{ type: 'text', text: 'hm' }], stopReason }) as const;
    const { run } = await executingOnLentThreads({ rehearsal: { script } });
    expect(await run(stepOf('hi'))).toMatchObject({ stopReason: 'ran_out_of_ideas', text: 'hm' });
  });

  it('keeps a block of a type that nobody knows yet', async () => {
    const { run } = await executingOnLentThreads();
    const block = { type: 'hologram', pixels: [1, { deep: '"]]"' }], note: null };
    const { body, toolUses } = await run(
      stepOf(`[[rehearse: text=see block=${JSON.stringify(block)}]]`),
    );
    expect(contentOf(body)[1]).toEqual(block);
    expect(toolUses).toEqual([]);
  });

  it.each(['{"command":"ls', '{"command":"ls"', '{', '{"a":tru', '{"a":"\\', '{"a":"\\u00'])(
    'whose tool was cut off in its input %s has the use, and can be written',
    async (cut) => {
      const { run } = await executingOnLentThreads();
      const told = `tool=Bash input-text=${JSON.stringify(cut)} stop=max_tokens chunks=2`;
      const { body, toolUses, stopReason } = await run(stepOf(`[[rehearse: ${told}]]`));
      expect(stopReason).toBe('max_tokens');
      expect(toolUses).toMatchObject([{ name: 'Bash' }]);
      expect(contentOf(body)).toMatchObject([
        { type: 'tool_use', id: toolUses[0]?.id, name: 'Bash' },
      ]);
    },
  );

  it('has every tool that is asked for, each with an id of its own', async () => {
    const { run } = await executingOnLentThreads();
    const tools = 'tool=A input={"n":1} tool=B tool=A input={"n":2} tool=C id=toolu_mine';
    const { toolUses } = await run(stepOf(`[[rehearse: ${tools} chunks=4]]`));
    expect(toolUses.map(({ name, input }) => [name, input])).toEqual([
      ['A', { n: 1 }],
      ['B', {}],
      ['A', { n: 2 }],
      ['C', {}],
    ]);
    const ids = toolUses.map(({ id }) => id);
    expect([new Set(ids).size, ids[3]]).toEqual([4, 'toolu_mine']);
  });

  it('that is too long a prompt is a failure that another try does not mend', async () => {
    const { start } = await executingOnLentThreads();
    expect(await start(stepOf('[[rehearse: too-long=200001]]')).outcome).toMatchObject({
      type: 'failed',
      error: {
        type: 'invalid_request_error',
        status: 400,
        retryable: false,
        message: 'prompt is too long: 200001 tokens > 200000 maximum',
      },
    });
  });

  it('to a request for JSON fits its schema', async () => {
    const { run } = await executingOnLentThreads();
    const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
    const outputConfig = { effort: 'low', format: { type: 'json_schema', schema } };
    expect(await run(stepOf('hi', { outputConfig }))).toMatchObject({ text: '{"n":0}' });
  });
});

describe('the prompt cache of a session', () => {
  const tools = JSON.stringify([
    { name: 'Look', description: LONG, input_schema: { type: 'object' } },
  ]);
  const more: Partial<ModelStep> = { tools, system: LONG };

  it('is read by each step as far as the step before it went', async () => {
    const { run, rehearsal } = await executingOnLentThreads();
    const prompt = user(`[[rehearse: tool=Look]] [[rehearse: text=seen]] ${LONG}`);
    const first = await run(stepOf('', { ...more, context: contextOf(prompt) }));
    const id = first.toolUses[0]?.id;
    const result = {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: id, content: LONG }],
    };
    const context = contextOf(prompt, parsed(first.body), result);
    const second = await run(stepOf('', { ...more, context }));
    expect(first.usage.cacheReadInputTokens).toBe(0);
    expect(first.usage.cacheCreation1hInputTokens).toBeGreaterThan(2 * (LONG.length / 4));
    expect(first.usage.cacheCreation5mInputTokens).toBeGreaterThan(LONG.length / 4);
    expect(second.usage.cacheReadInputTokens).toBe(first.usage.cacheCreationInputTokens);
    expect(second.usage.cacheCreation1hInputTokens).toBe(0);
    expect([...rehearsal.requests].map(({ status }) => status)).toEqual([200, 200]);
    const uncached = (usage: Said['usage']) => usage.inputTokens;
    expect(uncached(second.usage)).toBeLessThan(200);
  });

  it('is read also behind an answer of more blocks than the API looks back', async () => {
    const { run } = await executingOnLentThreads();
    const prompt = user(`[[rehearse: ${'tool=Look '.repeat(25)}]] ${LONG}`);
    const first = await run(stepOf('', { ...more, context: contextOf(prompt) }));
    const content = first.toolUses.map(({ id }) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: 'ok',
    }));
    const context = contextOf(prompt, parsed(first.body), { role: 'user', content });
    const { usage } = await run(stepOf('', { ...more, context }));
    expect(usage.cacheReadInputTokens).toBe(first.usage.cacheCreationInputTokens);
  });

  it('says why it was missed, and how much of it', async () => {
    const { run } = await executingOnLentThreads();
    const first = await run(stepOf('one', { ...more, previousMessageId: null }));
    expect(first).not.toHaveProperty('cacheMiss');
    const again = { ...more, previousMessageId: first.messageId };
    expect(await run(stepOf('one', { ...again, system: `${LONG}!` }))).toMatchObject({
      cacheMiss: { type: 'system_changed', missedInputTokens: expect.any(Number) },
    });
    const lost = await run(stepOf('one', { ...more, previousMessageId: 'msg_none' }));
    expect(lost.cacheMiss).toEqual({ type: 'previous_message_not_found' });
  });

  it('is not used by a request that is not to be kept', async () => {
    const { run } = await executingOnLentThreads();
    const { usage } = await run(stepOf('one', { ...more, cache: false }));
    expect(usage).toMatchObject({ cacheCreationInputTokens: 0, cacheReadInputTokens: 0 });
  });
});
