/** Where breakpoints of the prompt cache go: what is sent, parsed again, beside what the session has. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Request, requestOf } from '../../../src/executor/models/request.ts';
import type { ModelStep } from '../../../src/session/ports/executor.ts';

type Json = Record<string, unknown>;
interface Body {
  readonly messages: Json[];
  readonly tools?: Json[];
  readonly system?: string | Json[];
}

const LONG = 'long enough to be kept. '.repeat(40);
const HOUR = { type: 'ephemeral', ttl: '1h' };
const MINUTES = { type: 'ephemeral' };

const bytesOf = (messages: readonly unknown[], indent = 0): Buffer =>
  Buffer.from(messages.map((message) => JSON.stringify(message, null, indent)).join(','));

const sentBy = (messages: Uint8Array, more: Partial<ModelStep> = {}): Body => {
  const retry = { maxRetries: 0, delayMs: 1, timeoutMs: 1 };
  const step = { model: 'm', maxTokens: 1, wantsDeltas: false, retry, messages, ...more };
  const { params, pieces }: Request = requestOf(step);
  const text = pieces.map((piece) =>
    typeof piece === 'string' ? piece : Buffer.from(piece).toString(),
  );
  const rest = JSON.stringify(params).slice('{"messages":[]'.length);
  return JSON.parse(`{"messages":${text.join('')}${rest}`);
};

const sent = (messages: readonly unknown[], more: Partial<ModelStep> = {}): Body =>
  sentBy(bytesOf(messages), more);

const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const text = (said: string) => ({ type: 'text', text: said });
const toolUse = (id: string) => ({ type: 'tool_use', id, name: 'Look', input: { at: '{"]' } });
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: [text('seen')] });

/** Paths of all breakpoints, in the order in which the API reads them. */
const marks = (value: unknown, path = ''): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'cache_control'
      ? [`${path} ${(inner as { ttl?: string }).ttl ?? '5m'}`.trim()]
      : marks(inner, `${path}/${key}`),
  );
};
const marksOf = ({ tools, system, messages }: Body): string[] => marks({ tools, system, messages });

const withoutMarks = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (typeof value !== 'object' || value === null) return value;
  const others = Object.entries(value).filter(([key]) => key !== 'cache_control');
  return Object.fromEntries(others.map(([key, inner]) => [key, withoutMarks(inner)]));
};

/** The API reads a text as the block list of it. */
const asBlocks = (messages: readonly Json[]): unknown =>
  messages.map(({ content, ...others }) => ({
    ...others,
    content: typeof content === 'string' ? [text(content)] : content,
  }));

/** What comes back of a value that was written as JSON: zero, where it was zero below. */
const asWritten = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('breakpoints of the prompt cache', () => {
  it('stand at the last tool, the system prompt, the last message and the prompt before it', () => {
    const body = sent(
      [user('do it'), assistant([text('yes'), toolUse('a')]), user([result('a'), text(LONG)])],
      { tools: JSON.stringify([{ name: 'A' }, { name: 'B' }]), system: 'Be brief.' },
    );
    expect(marksOf(body)).toEqual([
      '/tools/1 1h',
      '/system/0 1h',
      '/messages/0/content/0 5m',
      '/messages/2/content/1 5m',
    ]);
    expect(body.system).toEqual([{ ...text('Be brief.'), cache_control: HOUR }]);
    expect(body.messages[0]).toEqual(user([{ ...text('do it'), cache_control: MINUTES }]));
  });

  it('do not change a byte of the messages otherwise, and are four at most', () => {
    const said = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc
        .array(fc.constantFrom('\\', '"', '{', '}', '[', ']', ',', ':', '\n'), { minLength: 1 })
        .map((all) => all.join('')),
    );
    const block = fc.oneof(
      said.map(text),
      fc.constant(text('')),
      said.map((thinking) => ({ type: 'thinking', thinking, signature: 'c2ln' })),
      fc.constant({ type: 'redacted_thinking', data: 'ZGF0YQ==' }),
      fc
        .tuple(said, fc.jsonValue().map(asWritten))
        .map(([id, input]) => ({ type: 'tool_use', id, name: 'Look', input: { input } })),
      fc
        .tuple(said, fc.array(said.map(text)))
        .map(([id, content]) => ({ type: 'tool_result', tool_use_id: id, content })),
      said.map((name) => ({ type: 'server_tool_use', id: name, name: 'web_search', input: {} })),
      fc.constant({ type: 'something_new', deep: [{ text: '' }] }),
    );
    const message = fc.record({
      role: fc.constantFrom('user', 'assistant'),
      content: fc.oneof(said, fc.array(block, { maxLength: 6 })),
    });
    const arbitrary = fc.record({
      messages: fc.array(message, { minLength: 1, maxLength: 8 }),
      indent: fc.nat(1),
      tools: fc.array(fc.record({ name: said, defer_loading: fc.boolean() }), { maxLength: 3 }),
      system: fc.option(said, { nil: undefined }),
    });
    fc.assert(
      fc.property(arbitrary, ({ messages, indent, tools, system }) => {
        const full = [...messages, user(LONG)];
        const body = sentBy(bytesOf(full, indent), {
          tools: JSON.stringify(tools, null, indent),
          ...(system === undefined ? {} : { system }),
        });
        expect(asBlocks(withoutMarks(body.messages) as Json[])).toEqual(
          asBlocks(withoutMarks(full) as Json[]),
        );
        expect(withoutMarks(body.tools ?? [])).toEqual(tools);
        const all = marksOf(body);
        expect(all.length).toBeLessThanOrEqual(4);
        if (full.length > 1) expect(all).toContain(`/messages/${full.length - 1}/content/0 5m`);
        const lives = all.map((mark) => mark.slice(-2));
        expect(lives).toEqual([...lives].sort());
        for (const path of all)
          expect(blockAt(body, path)).not.toMatch(/thinking|something_new|"text":""/);
      }),
      { numRuns: 150 },
    );
  });

  it('are at no tool that is loaded later, and at none where one has its own', () => {
    const tools = [{ name: 'A' }, { name: 'B', defer_loading: true }];
    expect(marksOf(sent([user(LONG)], { tools: JSON.stringify(tools) }))[0]).toBe('/tools/0 1h');
    const own = JSON.stringify([{ name: 'A', cache_control: HOUR }, { name: 'B' }]);
    expect(marksOf(sent([user(LONG)], { tools: own }))).toContain('/tools/0 1h');
    expect(marksOf(sent([user(LONG)], { tools: own }))).not.toContain('/tools/1 1h');
  });

  it('are none where a lone prompt is all that there is, unless they are wanted', () => {
    expect(marksOf(sent([user(LONG)]))).toEqual([]);
    expect(sent([user(LONG)]).messages).toEqual([user(LONG)]);
    expect(marksOf(sent([user(LONG)], { cache: true }))).toEqual(['/messages/0/content/0 5m']);
    expect(marksOf(sent([user(LONG), assistant('yes'), user('on')]))).toHaveLength(2);
  });

  it('are none where they are not wanted, nor in what no model would keep', () => {
    expect(marksOf(sent([user(LONG)], { system: LONG, cache: false }))).toEqual([]);
    expect(marksOf(sent([user('a'), assistant('b'), user('c')], { system: 'Be brief.' }))).toEqual(
      [],
    );
  });

  it('skip what takes none: thinking, empty text, blocks that are not known', () => {
    const thinking = { type: 'thinking', thinking: 'hm', signature: 'c2ln' };
    const odd = [toolUse('a'), thinking, text(''), { type: 'something_new' }];
    const body = sent([user(LONG), assistant(odd)]);
    expect(marksOf(body)).toEqual(['/messages/0/content/0 5m', '/messages/1/content/0 5m']);
  });

  it('give up in a message that takes too long to read', () => {
    const input = Array.from({ length: 100_000 }, (_, n) => n);
    const body = sent([user(LONG), assistant([{ ...toolUse('a'), input: { input } }])]);
    expect(marksOf(body)).toEqual([]);
  });
});

const blockAt = (body: Body, mark: string): string => {
  const path = mark.split(' ')[0]?.split('/').slice(1) ?? [];
  return JSON.stringify(path.reduce<unknown>((value, key) => (value as Json)[key], body));
};
