/** What we read of a stream is what the SDK's own reader makes of the same bytes. */
import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventLines, type ServerEvent } from '../../../src/executor/models/event-lines.ts';
import { MessageDraft, type StreamEvent } from '../../../src/executor/models/message-draft.ts';

type Event = { readonly type: string } & Readonly<Record<string, unknown>>;

const start: Event = {
  type: 'message_start',
  message: {
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] },
    ...{ stop_reason: null, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } },
  },
};
const stop: readonly Event[] = [
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null, container: { id: 'c', expires_at: '' } },
    usage: { output_tokens: 7 },
  },
  { type: 'message_stop' },
];

const cutIn = (text: string, at: number): readonly string[] => [text.slice(0, at), text.slice(at)];

const json = fc.json({ maxDepth: 2 }).map((text) => `{"a":${text},"b":"é \\u00e9"}`);

const textBlock = fc
  .array(fc.string({ unit: 'grapheme' }), { maxLength: 3 })
  .map((texts) => [
    { type: 'text', text: '', citations: null },
    ...texts.map((text) => ({ type: 'text_delta', text })),
    { type: 'citations_delta', citation: { type: 'char_location', cited_text: texts[0] ?? '' } },
  ]);
const thinkingBlock = fc.string().map((thinking) => [
  { type: 'thinking', thinking: '', signature: '' },
  { type: 'thinking_delta', thinking },
  { type: 'thinking_delta', thinking: '!' },
  { type: 'signature_delta', signature: 'abc' },
]);
const toolBlock = fc
  .tuple(fc.constantFrom('tool_use', 'server_tool_use', 'mcp_tool_use'), json, fc.nat(), fc.nat(9))
  .map(([type, text, at, lost]) => [
    { type, id: 'toolu_1', name: 'Look', input: {} },
    ...cutIn(lost === 0 ? text.slice(0, at % text.length) : text, at % text.length).map(
      (partial_json) => ({ type: 'input_json_delta', partial_json }),
    ),
  ]);
const otherBlock = fc.constantFrom(
  [{ type: 'hologram', pixels: [1, 2], input: 'no tool' }],
  [{ type: 'fallback', to: { model: 'another' } }],
  [
    { type: 'compaction', content: null },
    { type: 'compaction_delta', content: 'in short', encrypted_content: 'xyz' },
  ],
);

const play = fc
  .array(fc.oneof(textBlock, thinkingBlock, toolBlock, otherBlock), { maxLength: 4 })
  .map((blocks): readonly Event[] => [
    start,
    ...(blocks as readonly (readonly object[])[]).flatMap(([block, ...deltas], index) => [
      { type: 'content_block_start', index, content_block: block },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]),
    ...stop,
  ]);

const bytesOf = (events: readonly Event[], lineEnd: string): Buffer =>
  Buffer.from(
    [': hello', ...events.flatMap((event) => linesOf(event)), '']
      .map((line) => `${line}${lineEnd}`)
      .join(''),
  );

const linesOf = (event: Event): readonly string[] => [
  `event: ${event.type}`,
  `data: ${JSON.stringify(event)}`,
  '',
];

const piecesOf = (bytes: Buffer, size: number): readonly Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );

const bySdk = (pieces: readonly Buffer[]): Promise<object> => {
  const body = new ReadableStream({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const headers = { 'content-type': 'text/event-stream' };
  const client = new Anthropic({
    ...{ apiKey: 'k', maxRetries: 0, logLevel: 'off' },
    fetch: () => Promise.resolve(new Response(body, { headers })),
  });
  const asked = { model: 'm', max_tokens: 1, messages: [] };
  return client.beta.messages.stream(asked).finalMessage();
};

const eventsIn = (pieces: readonly Buffer[]): readonly ServerEvent[] => {
  const lines = new EventLines();
  return [...pieces.flatMap((piece) => lines.take(piece)), ...lines.end()];
};

const byUs = (pieces: readonly Buffer[]): object => {
  const draft = new MessageDraft();
  for (const { data } of eventsIn(pieces)) draft.see(JSON.parse(data) as StreamEvent);
  const { usage: _, ...message } = draft.finished().message;
  return message;
};

/** What the API said, without what only one of the two writes, and what the SDK's helper for schemas adds. */
const plain = ({ usage: _, stop_details: __, ...message }: Record<string, unknown>): unknown =>
  JSON.parse(
    JSON.stringify(message, (key, value: unknown) => (key === 'parsed_output' ? undefined : value)),
  );

describe('a message that is streamed', () => {
  it('is read as the SDK reads it, whatever it is made of and however it is cut', async () => {
    const lineEnds = fc.constantFrom('\n', '\r\n', '\r');
    await fc.assert(
      fc.asyncProperty(play, lineEnds, fc.integer({ min: 1, max: 400 }), async (events, end, n) => {
        const pieces = piecesOf(bytesOf(events, end), n);
        expect(plain(byUs(pieces) as never)).toEqual(plain((await bySdk(pieces)) as never));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['whose end has not come', [start]],
    ['that has not begun', stop],
    ['within another', [start, start]],
  ])('%s is none', (_, events) => {
    const draft = new MessageDraft();
    expect(() => {
      for (const event of events) draft.see(structuredClone(event) as unknown as StreamEvent);
      draft.finished();
    }).toThrow(Anthropic.AnthropicError);
  });

  it('has no tool input that is no JSON in any way', () => {
    const draft = new MessageDraft();
    const block = { type: 'tool_use', id: 't', name: 'Look', input: {} };
    const delta = { type: 'input_json_delta', partial_json: 'rm -rf' };
    for (const event of [
      structuredClone(start),
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_delta', index: 0, delta },
      ...stop,
    ])
      draft.see(event as unknown as StreamEvent);
    expect(() => draft.finished()).toThrow(/no JSON/);
  });
});

describe('lines of events', () => {
  const read = (...pieces: readonly string[]) =>
    eventsIn(pieces.map((piece) => Buffer.from(piece)));

  it('make an event at an empty line, with all its data', () => {
    expect(read('event: a\ndata: 1\nid: 7\ndata:2\n', '\nevent: b\ndata:  3\n\n')).toEqual([
      { name: 'a', data: '1\n2' },
      { name: 'b', data: ' 3' },
    ]);
  });

  it('make none without a name, without data, or without an end', () => {
    expect(read('data: 1\n\n', 'event: a\n\n', ': hello\n\n', 'event: b\ndata: 2')).toEqual([]);
  });

  it('may be cut between the two characters of a line end', () => {
    expect(read('event: a\r', '\ndata: 1\r', '\n\r', '\n')).toEqual([{ name: 'a', data: '1' }]);
  });
});
