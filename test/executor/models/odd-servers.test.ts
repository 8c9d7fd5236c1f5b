/** Servers that end, cut and frame their answers in ways of their own: what a step makes of each. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { MODEL, stepOf } from '../executing.ts';
import { type Play, served as servedBy } from '../model-server.ts';

const events = (text: string): readonly object[] => [
  {
    type: 'message_start',
    message: {
      ...{ id: 'msg_1', type: 'message', role: 'assistant', model: MODEL, content: [] },
      usage: { input_tokens: 1, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
  { type: 'message_stop' },
];

const framed = (event: object): string =>
  `event: ${(event as { type?: string } | null)?.type ?? 'message'}\ndata: ${JSON.stringify(event)}\n\n`;

const answer = (text: string): string => events(text).map(framed).join('');

/** Without its last event. */
const unfinished = (text: string): string => events(text).slice(0, -1).map(framed).join('');

/** The head says that events follow. */
const served = (play: Play) =>
  servedBy((response, socket) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    play(response, socket);
  });

const once = { retry: { maxRetries: 0, delayMs: 1, timeoutMs: 30_000 } };

describe('an answer that is whole', () => {
  it('waits for no end of its connection, which is not kept', async () => {
    const { run, seen } = await served((response) => void response.write(answer('whole')));
    expect(await run(stepOf('hi', once))).toMatchObject({ type: 'message', text: 'whole' });
    await until(() => [...seen.sockets].every(({ destroyed }) => destroyed));
  });

  it('counts though its connection is cut behind it', async () => {
    const { run, seen } = await served((response, socket) => {
      response.write(answer('whole'), () => socket.destroy());
    });
    expect(await run(stepOf('hi'))).toMatchObject({ type: 'message', text: 'whole' });
    expect(seen.requests).toBe(1);
  });

  it('is not changed by what comes behind it', async () => {
    const late = framed({ type: 'error', error: { type: 'api_error', message: 'too late' } });
    const more = unfinished('another');
    const { run } = await served((response) => void response.end(answer('whole') + late + more));
    expect(await run(stepOf('hi', once))).toMatchObject({ type: 'message', text: 'whole' });
  });

  it('leaves its connection to the next one, also when its end comes a little later', async () => {
    const { run, seen } = await served((response) => {
      response.write(answer('whole'));
      setTimeout(() => response.end(), 50);
    });
    for (let n = 0; n < 3; n += 1) {
      expect(await run(stepOf('hi', once))).toMatchObject({ text: 'whole' });
      await new Promise((resolve) => void setTimeout(resolve, 200));
    }
    expect(seen.sockets.size).toBe(1);
  });

  it('may come byte by byte, with characters and line ends cut', async () => {
    const bytes = Buffer.from(answer('größer 漢字 🙂').replaceAll('\n', '\r\n'));
    const { run } = await served(async (response) => {
      for (const byte of bytes) {
        response.write(Uint8Array.of(byte));
        await new Promise((resolve) => void setImmediate(resolve));
      }
      response.end();
    });
    expect(await run(stepOf('hi', once))).toMatchObject({ text: 'größer 漢字 🙂' });
  });

  it('may be one line of forty megabytes', async () => {
    const text = 'x'.repeat(40_000_000);
    const { run } = await served((response) => void response.end(answer(text)));
    const outcome = await run(stepOf('hi', once));
    expect(outcome.text.length).toBe(text.length);
  });
});

describe('an answer that is not', () => {
  it.each([
    [
      'is cut',
      (response: ServerResponse, socket: Socket) =>
        void response.write(unfinished('half'), () => socket.destroy()),
    ],
    [
      'ends before its message',
      (response: ServerResponse) => void response.end(unfinished('half')),
    ],
    [
      'is JSON and no events',
      (response: ServerResponse) => void response.end('{"type":"message"}'),
    ],
    ['is a page', (response: ServerResponse) => void response.end('<html>Welcome</html>')],
    ['is empty', (response: ServerResponse) => void response.end()],
    [
      'has an event of nothing',
      (response: ServerResponse) => void response.end(framed(null as never)),
    ],
    [
      'has an event that is no JSON',
      (response: ServerResponse) => void response.end('event: message_start\ndata: {"type":\n\n'),
    ],
    [
      'has a delta of nothing',
      (response: ServerResponse) =>
        void response.end(
          framed(events('')[0] ?? {}) + framed({ type: 'content_block_delta', index: 0 }),
        ),
    ],
  ] as [string, Play][])(
    '%s is tried again, and is a failure of the connection',
    async (_, play) => {
      const { start, seen } = await served(play);
      const twice = { retry: { ...once.retry, maxRetries: 1 } };
      expect(await start(stepOf('hi', twice)).outcome).toMatchObject({
        ...{ type: 'failed', error: { type: 'connection_error', retryable: true } },
      });
      expect(seen.requests).toBe(2);
    },
  );

  it('is ended when it is cancelled, and keeps what it had said', async () => {
    const { start, seen } = await served((response) => void response.write(unfinished('half')));
    const step = start(stepOf('hi'));
    await step.first('delta');
    step.cancel();
    expect(await step.outcome).toEqual({ type: 'cancelled', partialText: 'half' });
    await until(() => [...seen.sockets].every(({ destroyed }) => destroyed));
    expect(seen.requests).toBe(1);
  });

  it('is ended when it is cancelled before a word of it', async () => {
    const { start, seen } = await served(() => undefined);
    const step = start(stepOf('hi'));
    await until(() => seen.requests === 1);
    step.cancel();
    expect(await step.outcome).toEqual({ type: 'cancelled', partialText: '' });
    await until(() => [...seen.sockets].every(({ destroyed }) => destroyed));
  });

  it('is ended when it falls silent in its midst', async () => {
    const { start } = await served((response) => void response.write(unfinished('half')));
    const silent = { maxRetries: 0, delayMs: 1, timeoutMs: 200 };
    expect(await start(stepOf('hi', { retry: silent })).outcome).toMatchObject({
      ...{ type: 'failed', error: { type: 'timeout' }, partialText: 'half' },
    });
  });
});
