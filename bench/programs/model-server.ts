/**
 * A model's address that only takes the time: when the first byte of a request came, when the last,
 * and how many. Its answer is always the same, and it looks at nothing.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveCalls } from '../harness/remote.ts';

export interface Arrival {
  /** Microseconds of the monotonic clock, which all processes of a machine share. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly bytes: number;
}

const nowUs = (): number => Number(process.hrtime.bigint()) / 1000;

const EVENTS: readonly { readonly type: string }[] = [
  {
    type: 'message_start',
    ...{
      message: {
        id: 'msg_bench',
        type: 'message',
        role: 'assistant',
        model: 'claude-sonnet-4-5',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 10, output_tokens: 1 },
      },
    },
  },
  { type: 'content_block_start', ...{ index: 0, content_block: { type: 'text', text: '' } } },
  { type: 'content_block_delta', ...{ index: 0, delta: { type: 'text_delta', text: 'Yes.' } } },
  { type: 'content_block_stop', ...{ index: 0 } },
  {
    type: 'message_delta',
    ...{ delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 3 } },
  },
  { type: 'message_stop' },
];
const ANSWER = EVENTS.map(
  (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
).join('');

let last: Arrival | undefined;
let lastBody = '';
let keepsBody = false;

const receive = (request: IncomingMessage, response: ServerResponse): void => {
  const firstUs = nowUs();
  let bytes = 0;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (keepsBody) chunks.push(chunk);
  });
  request.on('end', () => {
    last = { firstUs, lastUs: nowUs(), bytes };
    if (keepsBody) lastBody = Buffer.concat(chunks).toString();
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(ANSWER);
  });
};

const calls = {
  open: async (_: null): Promise<string> => {
    const server = createServer({ keepAliveTimeout: 300_000 }, receive);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  /** From now on bodies are kept, or not. */
  keep: async (keeps: boolean): Promise<void> => {
    keepsBody = keeps;
  },
  last: async (_: null): Promise<Arrival> => {
    if (last === undefined) throw new Error('no request came');
    return last;
  },
  lastBody: async (_: null): Promise<string> => lastBody,
};

export type ModelServerCalls = typeof calls;
serveCalls(calls);
