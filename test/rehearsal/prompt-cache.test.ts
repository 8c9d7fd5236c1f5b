/** The accounting of the prompt cache: what is read and written, for how long, and why it was missed. */
import { describe, expect, it } from 'vitest';
import { PromptCache } from '../../src/rehearsal/prompt-cache.ts';
import { rehearsing } from './rehearsing.ts';

type Fields = Record<string, unknown>;

const MINUTES = { type: 'ephemeral' };
const HOUR = { type: 'ephemeral', ttl: '1h' };
/** A text of so many tokens, four bytes each, its quotes included. */
const words = (tokens: number, letter = 'x') => letter.repeat(4 * tokens - 2);
const text = (said: string, mark?: object): Fields =>
  mark === undefined
    ? { type: 'text', text: said }
    : { type: 'text', text: said, cache_control: mark };
const user = (...content: Fields[]) => ({ role: 'user', content });
const asking = (...messages: Fields[]) => ({ model: 'claude-opus-5', messages });
const MINUTE_MS = 60_000;

const cache = () => new PromptCache(100);
const nothing = { read: 0, written5m: 0, written1h: 0 };

describe('the prompt cache', () => {
  it('is written at a breakpoint and read by the request that goes on from there', () => {
    const kept = cache();
    const first = text(words(1000));
    expect(kept.use(asking(user({ ...first, cache_control: MINUTES })), 0)).toEqual({
      ...nothing,
      written5m: 1000,
    });
    const next = asking(
      user(first),
      { role: 'assistant', content: 'yes' },
      user(text(words(600), MINUTES)),
    );
    expect(kept.use(next, 0)).toEqual({ ...nothing, read: 1000, written5m: 601 });
  });

  it('takes a text alone for the block that it is', () => {
    const kept = cache();
    kept.use(asking(user(text(words(1000), MINUTES))), 0);
    const next = asking({ role: 'user', content: words(1000) }, user(text('on', MINUTES)));
    expect(kept.use(next, 0)).toMatchObject({ read: 1000 });
  });

  it('keeps for an hour what is marked so, and the rest for five minutes from its last use', () => {
    const kept = cache();
    const request = {
      ...asking(user(text(words(1000), MINUTES))),
      system: [text(words(1000), HOUR)],
    };
    expect(kept.use(request, 0)).toEqual({ read: 0, written1h: 1000, written5m: 1000 });
    expect(kept.use(request, 4 * MINUTE_MS)).toEqual({ ...nothing, read: 2000 });
    expect(kept.use(request, 8 * MINUTE_MS)).toEqual({ ...nothing, read: 2000 });
    expect(kept.use(request, 14 * MINUTE_MS)).toEqual({
      read: 1000,
      written1h: 0,
      written5m: 1000,
    });
    expect(kept.use(request, 80 * MINUTE_MS)).toEqual({
      read: 0,
      written1h: 1000,
      written5m: 1000,
    });
  });

  it.each([
    ['claude-opus-5', 512],
    ['claude-sonnet-4-5', 1_024],
    ['claude-opus-4-7', 2_048],
    ['claude-haiku-4-5-20251001', 4_096],
  ])('of %s keeps nothing below %i tokens', (model, least) => {
    const used = (tokens: number) =>
      cache().use({ ...asking(user(text(words(tokens), MINUTES))), model }, 0);
    expect(used(least - 1)).toEqual(nothing);
    expect(used(least)).toEqual({ ...nothing, written5m: least });
  });

  it('is looked for no more than 20 blocks before a breakpoint', () => {
    const following = (blocks: number) => {
      const kept = cache();
      const first = text(words(600));
      kept.use(asking(user({ ...first, cache_control: MINUTES })), 0);
      const more = Array.from({ length: blocks - 1 }, () => text('a'));
      return kept.use(asking(user(first, ...more, text('z', MINUTES))), 0).read;
    };
    expect([following(20), following(21)]).toEqual([600, 0]);
  });

  it('begins anew behind what has changed: tools, system, what the messages depend on', () => {
    const kept = cache();
    const request = {
      ...asking(user(text(words(600), MINUTES))),
      tools: [{ name: 'A', description: words(600), cache_control: HOUR }],
      system: [text(words(600), HOUR)],
    };
    kept.use(request, 0);
    const readOf = (more: Fields) => kept.use({ ...request, ...more }, 0).read;
    const all = readOf({});
    const system = readOf({ thinking: { type: 'adaptive' } });
    const tools = readOf({ system: [text(words(600, 'y'), HOUR)] });
    expect(all).toBeGreaterThan(system);
    expect(system).toBeGreaterThan(tools);
    expect(tools).toBeGreaterThan(0);
    expect(readOf({ tools: [] })).toBe(0);
    expect(readOf({ model: 'claude-opus-5-5' })).toBe(0);
  });

  it('forgets the oldest prefixes where there are too many', () => {
    const kept = new PromptCache(2);
    const request = (letter: string) => asking(user(text(words(600, letter), MINUTES)));
    for (const letter of ['a', 'b', 'c']) kept.use(request(letter), 0);
    expect(kept.use(request('c'), 0)).toMatchObject({ read: 600 });
    expect(kept.use(request('a'), 0)).toMatchObject({ read: 0 });
  });
});

describe('the reason of a miss', () => {
  const diagnosed = (previous: string | null) => ({
    diagnostics: { previous_message_id: previous },
  });
  const earlier = { ...asking(user(text(words(600)))), tools: [{ name: 'A' }], system: 'kind' };
  const following = (more: Fields, previous = 'msg_1') => {
    const kept = cache();
    kept.diagnose({ ...earlier, ...diagnosed(null) }, 'msg_1');
    return kept.diagnose({ ...earlier, ...diagnosed(previous), ...more }, 'msg_2');
  };

  it('is none where the prompt before is the beginning of this one', () => {
    expect(following({ messages: [...earlier.messages, user(text('on'))] })).toBeNull();
    expect(cache().diagnose(earlier, 'msg_1')).toBeNull();
  });

  const missed = Math.floor((4 * 600 + '{"name":"A"}"kind"'.length) / 4);

  it.each<[string, Fields]>([
    ['model_changed', { model: 'claude-sonnet-5' }],
    ['system_changed', { system: 'cruel' }],
    ['tools_changed', { tools: [{ name: 'B' }] }],
    ['messages_changed', { messages: [user(text('other'))] }],
  ])('is %s, with what was missed', (type, more) => {
    expect(following(more)?.cache_miss_reason).toMatchObject({
      type,
      cache_missed_input_tokens: missed,
    });
  });

  it('is that it cannot be known where something else differs, or the message before is not known', () => {
    expect(following({ thinking: { type: 'adaptive' } })?.cache_miss_reason).toEqual({
      type: 'unavailable',
    });
    expect(following({}, 'msg_0')?.cache_miss_reason).toEqual({
      type: 'previous_message_not_found',
    });
  });
});

describe('the usage of a marked request', () => {
  it('adds up to the bytes of its body divided by four, streamed or not', async () => {
    const { client, rehearsal } = await rehearsing();
    const params = {
      model: 'claude-opus-5',
      max_tokens: 10,
      messages: [
        { role: 'user' as const, content: 'short' },
        { role: 'assistant' as const, content: 'x' },
        {
          role: 'user' as const,
          content: [
            {
              type: 'text' as const,
              text: words(600),
              cache_control: { type: 'ephemeral' as const },
            },
          ],
        },
      ],
    };
    const total = (usage: {
      input_tokens: number;
      cache_creation_input_tokens: number | null;
      cache_read_input_tokens: number | null;
    }) =>
      usage.input_tokens +
      (usage.cache_creation_input_tokens ?? 0) +
      (usage.cache_read_input_tokens ?? 0);
    const { usage: written } = await client.messages.create(params);
    expect(written).toMatchObject({ cache_creation_input_tokens: 602, cache_read_input_tokens: 0 });
    expect(total(written)).toBe(Math.ceil((rehearsal.requests.last?.rawBody.length ?? 0) / 4));
    const { usage: read } = await client.messages.stream(params).finalMessage();
    expect(read).toMatchObject({ cache_creation_input_tokens: 0, cache_read_input_tokens: 602 });
    expect(total(read)).toBe(Math.ceil((rehearsal.requests.last?.rawBody.length ?? 0) / 4));
  });
});
