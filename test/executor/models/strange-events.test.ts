/** Servers that are not quite the API's: what a step makes of events that the API would not send. */
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { MODEL, stepOf } from '../executing.ts';
import { type Play, served } from '../model-server.ts';

type Event = { readonly type: string } & Readonly<Record<string, unknown>>;

const message = {
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model: MODEL, content: [] },
};
const usage = { input_tokens: 1, output_tokens: 1 };
const start: Event = { type: 'message_start', message: { ...message, usage } };
const said = (text: string, index: unknown = 0): readonly Event[] => [
  { type: 'content_block_start', index, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index, delta: { type: 'text_delta', text } },
  { type: 'content_block_stop', index },
];
const called = (input: string): readonly Event[] => [
  {
    ...{ type: 'content_block_start', index: 0 },
    content_block: { type: 'tool_use', id: 'toolu_1', name: 'Look', input: {} },
  },
  {
    ...{ type: 'content_block_delta', index: 0 },
    delta: { type: 'input_json_delta', partial_json: input },
  },
];
const ended: Event = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage };
const stop: Event = { type: 'message_stop' };

const framed = (event: Event): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

const once = { retry: { maxRetries: 0, delayMs: 1, timeoutMs: 5_000 } };

const outcomeOf = async (body: string, status = 200) => {
  const { start: begin } = await served((response) => void response.writeHead(status).end(body));
  return begin(stepOf('hi', once)).outcome;
};

const played = (...events: readonly Event[]) => outcomeOf(events.map(framed).join(''));

describe('an answer that is whole in spite of it', () => {
  it('may have an event without data', async () => {
    const before = `event: message_start\ndata:\n\nevent: keepalive\ndata\n\n`;
    const rest = [start, ...said('hi'), ended, stop].map(framed).join('');
    expect(await outcomeOf(before + rest)).toMatchObject({ type: 'message', text: 'hi' });
  });

  it.each([
    ['is missing', undefined],
    ['is null', null],
  ])('counts nothing where its usage %s', async (_, none) => {
    const begun = { type: 'message_start', message: { ...message, usage: none } };
    expect(await played(begun, ...said('hi'), { ...ended, usage: none }, stop)).toMatchObject({
      ...{ type: 'message', text: 'hi', usage: { inputTokens: 0, outputTokens: 0 } },
    });
  });

  it('may count its blocks from one', async () => {
    expect(await played(start, ...said('one, ', 1), ...said('two', 2), ended, stop)).toMatchObject({
      ...{ type: 'message', text: 'one, two' },
    });
  });

  it('may begin a text without one', async () => {
    const [begun, ...rest] = said('hi');
    const without = { ...begun, type: 'content_block_start', content_block: { type: 'text' } };
    expect(await played(start, without, ...rest, ended, stop)).toMatchObject({ text: 'hi' });
    expect(await played(start, without, ...rest)).toMatchObject({ partialText: 'hi' });
  });

  it.each(['null', ''])('may have %j for the input of a tool without one', async (input) => {
    expect(await played(start, ...called(input), ended, stop)).toMatchObject({
      ...{ type: 'message', toolUses: [{ id: 'toolu_1', input: {} }] },
    });
  });

  it('may list what it did as nothing', async () => {
    const listed = { ...ended, usage: { ...usage, iterations: [null, { type: 'message' }] } };
    expect(await played(start, ...said('hi'), listed, stop)).toMatchObject({ text: 'hi' });
  });

  it('keeps a tool input that names what objects have anyway', async () => {
    const input = '{"__proto__":{"isAdmin":true},"constructor":1}';
    const outcome = await played(start, ...called(input), ended, stop);
    if (outcome.type !== 'message') throw new Error(JSON.stringify(outcome));
    expect(Buffer.from(outcome.body).toString()).toContain(input);
    expect(JSON.stringify(outcome.toolUses[0]?.input)).toBe(input);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });
});

describe('an answer that is not', () => {
  it.each(['7', '"text"', '[1]'])(
    'asks for a tool with %s for an input, which the API would refuse for good',
    async (input) => {
      expect(await played(start, ...called(input), ended, stop)).toMatchObject({
        ...{ type: 'failed', error: { type: 'connection_error', retryable: true } },
      });
    },
  );

  it.each([
    ['a type that is no text', { type: 7, message: 'no' }],
    ['no type', { message: 'no' }],
    ['a message that is no text', { type: 'api_error', message: { why: 'no' } }],
    ['neither', null],
  ])('ends with an error that has %s', async (_, error) => {
    const outcome = await played(start, ...said('half'), { type: 'error', error });
    expect(outcome).toMatchObject({ type: 'failed', partialText: 'half' });
    if (outcome.type !== 'failed') return;
    expect(typeof outcome.error.type).toBe('string');
    expect(typeof outcome.error.message).toBe('string');
  });

  it.each([
    ['a type that is no text', { type: 7, message: 'no' }],
    ['a message that is no text', { type: 'api_error', message: { why: 'no' } }],
    ['a list for a message', { type: 'api_error', message: ['no'] }],
    ['nothing', null],
  ])('is a refusal that has %s', async (_, error) => {
    const outcome = await outcomeOf(JSON.stringify({ type: 'error', error }), 400);
    expect(outcome).toMatchObject({ type: 'failed', error: { status: 400 } });
    if (outcome.type !== 'failed') return;
    expect(typeof outcome.error.type).toBe('string');
    expect(typeof outcome.error.message).toBe('string');
  });

  it.each([
    ['starts a block of nothing', [{ type: 'content_block_start', index: 0, content_block: null }]],
    ['changes a block that is not there', [{ type: 'content_block_delta', index: 5 }]],
    ['ends with nothing', [{ ...ended, delta: null }]],
    ['begins twice', [start]],
  ] as [string, Event[]][])('%s is a failure of the connection', async (_, events) => {
    expect(await played(start, ...events, ended, stop)).toMatchObject({
      ...{ type: 'failed', error: { type: 'connection_error', retryable: true } },
    });
  });

  it('is a line without an end, and is not kept for good', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    const { start: begin, seen } = await served((response) => {
      const more = (): void => {
        while (!response.destroyed) if (!response.write(piece)) break;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    expect(await begin(stepOf('hi', once)).outcome).toMatchObject({
      ...{ type: 'failed', error: { type: 'connection_error', retryable: true } },
    });
    expect(seen.requests).toBe(1);
  });
});

describe('a count of tokens', () => {
  const counting = (play: Play) =>
    served(play).then(
      ({ start: begin }) =>
        begin(stepOf('hi', { counts: true, retry: { maxRetries: 0, delayMs: 1, timeoutMs: 400 } }))
          .outcome,
    );
  const half = (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).write('{"input_');

  it.each([
    ['is a page', (response) => void response.end('<html>')],
    ['is nothing', (response) => void response.end('null')],
    ['has no number', (response) => void response.end('{"input_tokens":"many"}')],
    [
      'is cut',
      (response) => {
        half(response);
        setTimeout(() => response.destroy(), 50);
      },
    ],
  ] as [string, Play][])('that %s is a failure of the connection', async (_, play) => {
    expect(await counting(play)).toMatchObject({
      ...{ type: 'failed', error: { type: 'connection_error', retryable: true } },
    });
  });

  it('that falls silent in its midst is not waited for', async () => {
    expect(await counting(half)).toMatchObject({ type: 'failed', error: { type: 'timeout' } });
  });
});

describe('what gateways make of the API', () => {
  const contentOf = async (...events: readonly Event[]): Promise<readonly object[]> => {
    const outcome = await played(start, ...events, ended, stop);
    expect(outcome.type).toBe('message');
    const { body } = outcome as Extract<typeof outcome, { type: 'message' }>;
    return (JSON.parse(Buffer.from(body).toString()) as { content: object[] }).content;
  };
  const delta = (index: number, of: object): Event => ({
    ...{ type: 'content_block_delta', index },
    delta: of,
  });

  it('an error that is named in its data alone is that error', async () => {
    const error = { type: 'overloaded_error', message: 'Overloaded' };
    const body = `event: message\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`;
    expect(await outcomeOf(framed(start) + body)).toMatchObject({
      ...{ type: 'failed', error: { ...error, retryable: true } },
    });
  });

  it('tool input for a text leaves the text as it is', async () => {
    const [begin, ...rest] = said('hi');
    const odd = delta(0, { type: 'input_json_delta', partial_json: '' });
    expect(await contentOf(begin ?? stop, odd, ...rest)).toEqual([{ type: 'text', text: 'hi' }]);
  });

  it('input that comes whole with its tool is kept, without a delta or with an empty one', async () => {
    const tool = { type: 'tool_use', id: 'toolu_1', name: 'Look', input: { path: '/a' } };
    const begin: Event = { type: 'content_block_start', index: 0, content_block: tool };
    expect(await contentOf(begin)).toEqual([tool]);
    const empty = delta(0, { type: 'input_json_delta', partial_json: '' });
    expect(await contentOf(begin, empty)).toEqual([tool]);
  });

  it('a delta without a word adds none', async () => {
    const [begin, ...rest] = said('hi');
    const odd = delta(0, { type: 'text_delta' });
    expect(await contentOf(begin ?? stop, odd, ...rest)).toEqual([{ type: 'text', text: 'hi' }]);
  });
});
