import type Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import { MODEL, paramsFor, rehearsing } from './rehearsing.ts';

describe('the rehearsal, asked through the SDK', () => {
  it('answers a prompt with a short text that repeats it', async () => {
    const { ask } = await rehearsing();
    const message = await ask('What time is it?');
    expect(message).toMatchObject({
      role: 'assistant',
      model: MODEL,
      stop_reason: 'end_turn',
      content: [{ type: 'text', text: 'Rehearsal answer to: What time is it?' }],
    });
  });

  it('gives the same request the same answer, from another server too', async () => {
    const [one, other] = [await rehearsing(), await rehearsing()];
    const [first, again, elsewhere] = [
      await one.ask('hello'),
      await one.ask('hello'),
      await other.ask('hello'),
    ];
    expect(again).toEqual(first);
    expect(elsewhere).toEqual(first);
    expect((await one.ask('hello!')).id).not.toBe(first.id);
  });

  it('streams the message that it gives whole', async () => {
    const { ask, client } = await rehearsing();
    const prompt =
      '[[rehearse: thinking="Let me see" text="Listing" tool=Bash input={"command":"ls -l"} chunks=3]]';
    const streamed = await ask(prompt);
    const whole = await client.messages.create(paramsFor(prompt));
    // `stream` is a part of the request, so what is derived from the request differs.
    const { id: _id, usage, content, ...rest } = whole;
    const anyId = (block: Anthropic.ContentBlock) =>
      block.type === 'tool_use' ? { ...block, id: expect.any(String) } : block;
    expect(streamed).toMatchObject({ ...rest, content: content.map(anyId) });
    expect(streamed.usage.output_tokens).toBe(usage.output_tokens);
    expect(whole.stop_reason).toBe('tool_use');
  });

  it('sends the events of a stream in the order of the API', async () => {
    const { rehearsal } = await rehearsing();
    const response = await fetch(`${rehearsal.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: 'Bearer any', 'anthropic-version': '2026-10-21' },
      body: JSON.stringify({ ...paramsFor('[[rehearse: text="one two" chunks=2]]'), stream: true }),
    });
    const names = [...(await response.text()).matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
    expect(names).toEqual([
      ...['message_start', 'content_block_start', 'ping', 'content_block_delta'],
      ...['content_block_delta', 'content_block_stop', 'message_delta', 'message_stop'],
    ]);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('request-id')).toMatch(/^req_01/);
  });

  it('cuts a text into as many deltas as it was told, and never inside a character', async () => {
    const { client } = await rehearsing();
    const deltas: string[] = [];
    const stream = client.messages.stream(paramsFor('[[rehearse: text="a😀b😀c" chunks=4]]'));
    stream.on('text', (delta) => deltas.push(delta));
    await stream.done();
    expect(deltas.join('')).toBe('a😀b😀c');
    expect(deltas).toHaveLength(4);
    expect(deltas.every((delta) => Buffer.from(delta).toString() === delta)).toBe(true);
  });

  it('asks for tools with an input that arrives in pieces, then answers their result', async () => {
    const { client, ask } = await rehearsing();
    const prompt = '[[rehearse: tool=Read input={"path":"/a \\"b\\""} tool=Bash chunks=5]]';
    const asked = await ask(prompt);
    const uses = asked.content.filter((block) => block.type === 'tool_use');
    expect(uses.map(({ name, input }) => [name, input])).toEqual([
      ['Read', { path: '/a "b"' }],
      ['Bash', {}],
    ]);
    const messages: Anthropic.MessageParam[] = [
      { role: 'user', content: prompt },
      { role: 'assistant', content: asked.content },
      {
        role: 'user',
        content: uses.map(({ id }) => ({
          type: 'tool_result',
          tool_use_id: id,
          content: `of ${uses[0]?.name}`,
        })),
      },
    ];
    const next = await client.messages.stream({ ...paramsFor(''), messages }).finalMessage();
    expect(next.content).toMatchObject([{ text: 'The tool answered: of Read' }]);
  });

  it('takes its own thinking back and refuses it altered', async () => {
    const { client, ask } = await rehearsing();
    const prompt = '[[rehearse: thinking="Hm." text="Yes."]]';
    const { content } = await ask(prompt);
    const follow = (blocks: Anthropic.ContentBlockParam[]) =>
      client.messages.create({
        ...paramsFor(''),
        messages: [
          { role: 'user', content: prompt },
          { role: 'assistant', content: blocks },
          { role: 'user', content: 'Sure?' },
        ],
      });
    await expect(follow(content)).resolves.toMatchObject({ stop_reason: 'end_turn' });
    const altered = content.map((b) => (b.type === 'thinking' ? { ...b, thinking: 'Ha.' } : b));
    await expect(follow(altered)).rejects.toThrow(/Invalid `signature` in `thinking` block/);
  });

  it('stops at max_tokens and at a stop sequence as the request says', async () => {
    const { ask } = await rehearsing();
    const prompt = '[[rehearse: text="one two three STOP four"]]';
    expect(await ask(prompt, { max_tokens: 2 })).toMatchObject({
      stop_reason: 'max_tokens',
      content: [{ text: 'one two ' }],
      usage: { output_tokens: 2 },
    });
    expect(await ask(prompt, { stop_sequences: ['STOP', 'four'] })).toMatchObject({
      stop_reason: 'stop_sequence',
      stop_sequence: 'STOP',
      content: [{ text: 'one two three ' }],
    });
  });

  it('refuses with HTTP 200, and pauses a turn that goes on with the next group', async () => {
    const { ask, client } = await rehearsing();
    expect(await ask('[[rehearse: refusal="No."]]')).toMatchObject({
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', explanation: 'No.' },
    });
    const prompt = '[[rehearse: text="So far" stop=pause_turn]] [[rehearse: text="Rest"]]';
    const paused = await ask(prompt);
    expect(paused.stop_reason).toBe('pause_turn');
    const messages: Anthropic.MessageParam[] = [
      { role: 'user', content: prompt },
      { role: 'assistant', content: paused.content },
    ];
    const rest = await client.messages.stream({ ...paramsFor(''), messages }).finalMessage();
    expect(rest).toMatchObject({ stop_reason: 'end_turn', content: [{ text: 'Rest' }] });
  });
});

describe('the usage that the rehearsal reports', () => {
  it('is a quarter of the bytes, as the documented rule says', async () => {
    const { ask, rehearsal } = await rehearsing();
    const { usage } = await ask('[[rehearse: thinking="12345678" text="123456789"]]');
    const bytes = rehearsal.requests.last?.rawBody.length ?? 0;
    expect(usage.input_tokens).toBe(Math.ceil(bytes / 4));
    expect(usage.output_tokens).toBe(5);
    expect(usage.output_tokens_details).toEqual({ thinking_tokens: 2 });
    expect(usage.service_tier).toBe('standard');
  });

  it('has the cache fields as told, with the split summed up', async () => {
    const { ask } = await rehearsing();
    const { usage } = await ask(
      '[[rehearse: text="ok" usage.input_tokens=7 usage.cache_read_input_tokens=100 ' +
        'usage.cache_creation.ephemeral_5m_input_tokens=20 ' +
        'usage.cache_creation.ephemeral_1h_input_tokens=3 usage.service_tier=priority]]',
    );
    expect(usage).toMatchObject({
      input_tokens: 7,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 23,
      cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 3 },
      service_tier: 'priority',
    });
  });

  it('counts tokens by the same rule, or as told', async () => {
    const { client, rehearsal } = await rehearsing();
    const count = (content: string) =>
      client.messages.countTokens({ model: MODEL, messages: [{ role: 'user', content }] });
    const { input_tokens } = await count('hello');
    expect(input_tokens).toBe(Math.ceil((rehearsal.requests.last?.rawBody.length ?? 0) / 4));
    expect(await count('[[rehearse: count-tokens=250000]]')).toEqual({ input_tokens: 250_000 });
  });
});

describe('the models that the rehearsal lists', () => {
  it('come as a page and one by one', async () => {
    const { client } = await rehearsing();
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toContain('claude-opus-5');
    expect(await client.models.retrieve('claude-opus-5')).toMatchObject({ type: 'model' });
    await expect(client.models.retrieve('gpt-9')).rejects.toMatchObject({ status: 404 });
  });
});
