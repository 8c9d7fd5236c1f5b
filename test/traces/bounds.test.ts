/** What is kept for spans is bounded: turns that are open, requests that wait, what is said. Told from telemetry alone. */
import * as api from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TELEMETRY } from '../../src/model/telemetry.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { MAX_WAITING } from '../../src/traces/asked-turns.ts';
import { answerAttributes, MAX_CONTENT, promptAttributes } from '../../src/traces/content.ts';
import { MAX_TURNS, Tracing } from '../../src/traces/tracing.ts';

const exporter = new InMemorySpanExporter();
const tracing = new Tracing(api, {
  ...{ clock: virtualClock(), version: '0', withContent: true },
  onError: (error) => {
    throw error;
  },
});

beforeEach(() => {
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  tracing.start();
});
afterEach(async () => {
  await tracing.stop();
  api.trace.disable();
  exporter.reset();
});

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const turn = (at: number) => ({ tenant: 'a', sessionId: 's', turnId: `t${at}` });
const spanOf = (at: number) =>
  exporter
    .getFinishedSpans()
    .find(({ attributes }) => attributes['greenroom.turn.id'] === `t${at}`);

const receive = (at: number) =>
  TELEMETRY.turnReceived.tell({
    ...{ ...turn(at), traceId: TRACE, via: 'nats', spanId: '00f067aa0ba902b7', isSampled: true },
  });
const accept = (at: number) => TELEMETRY.turnAccepted.tell({ ...turn(at), attempt: 1 });

test('of requests that wait the oldest caller’s span is forgotten', async () => {
  for (let at = 0; at <= MAX_WAITING; at++) receive(at);
  for (const at of [0, 1, MAX_WAITING]) accept(at);
  await tracing.stop();
  expect(spanOf(0)?.parentSpanContext).toBeUndefined();
  for (const at of [1, MAX_WAITING]) expect(spanOf(at)?.parentSpanContext?.traceId).toBe(TRACE);
});

test('of more open turns there are no spans, until one has ended', async () => {
  for (let at = 0; at <= MAX_TURNS; at++) accept(at);
  const end = { status: 'completed', costUsd: null, durationMs: 0, attempt: 1, inputTokens: 1 };
  const tokens = { outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4 };
  for (const at of [MAX_TURNS, 0]) TELEMETRY.turnStop.tell({ ...turn(at), ...end, ...tokens });
  expect(spanOf(MAX_TURNS)).toBeUndefined();
  expect(spanOf(0)?.attributes).toMatchObject({
    ...{ 'gen_ai.usage.input_tokens': 8, 'gen_ai.usage.output_tokens': 2 },
    ...{ 'greenroom.outcome': 'completed' },
  });
  expect(spanOf(0)?.attributes).not.toHaveProperty('greenroom.cost_usd');
  accept(MAX_TURNS + 1);
  await tracing.stop();
  expect(spanOf(MAX_TURNS + 1)?.attributes['error.type']).toBe('stopped');
});

test('what comes late of an earlier attempt ends nothing of the one that runs', async () => {
  accept(0);
  const step = { ...turn(0), step: 1, model: 'm', provider: 'rehearsal', thread: 1 };
  const ended = { ...turn(0), step: 1, durationMs: 0 };
  const tool = { ...turn(0), tool: 'Bash', toolUseId: 'u' };
  TELEMETRY.stepStart.tell({ ...step, attempt: 1 });
  TELEMETRY.toolStart.tell({ ...tool, attempt: 1 });
  TELEMETRY.turnStart.tell({ ...turn(0), attempt: 2 });
  TELEMETRY.stepStart.tell({ ...step, attempt: 2 });
  TELEMETRY.toolStart.tell({ ...tool, attempt: 2 });
  TELEMETRY.stepStop.tell({ ...ended, attempt: 1, outcome: 'cancelled' });
  TELEMETRY.toolStop.tell({ ...tool, attempt: 1, outcome: 'cancelled', durationMs: 0 });
  TELEMETRY.stepStop.tell({ ...ended, attempt: 2, outcome: 'message' });
  TELEMETRY.toolStop.tell({ ...tool, attempt: 2, outcome: 'ok', durationMs: 0 });
  const told = exporter
    .getFinishedSpans()
    .map(({ name, attributes }) => [name, attributes['greenroom.outcome']]);
  expect(told).toEqual([
    ...[
      ['chat m', 'lost'],
      ['execute_tool Bash', 'lost'],
    ],
    ...[
      ['chat m', 'message'],
      ['execute_tool Bash', 'ok'],
    ],
  ]);
});

test('what is said is cut, and blocks of other kinds go by their name alone', () => {
  const long = promptAttributes('x'.repeat(2 * MAX_CONTENT))['gen_ai.input.messages'] as string;
  expect(long.length).toBeLessThan(MAX_CONTENT + 100);
  expect(long).toMatch(/\[… \d+ more characters\]$/);
  const image = { type: 'image', source: { data: 'AAAA' } };
  const blocks = [{ type: 'thinking', thinking: 'hm', signature: 's' }, image];
  expect(answerAttributes(blocks, 'end_turn')).toEqual({
    'gen_ai.output.messages':
      '[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"image"}],"finish_reason":"stop"}]',
  });
});

test('a provider that never answers holds the stop up for five seconds, one that fails not at all', async () => {
  const hanging = {
    getTracer: () => api.trace.getTracer('x'),
    forceFlush: () => new Promise(() => {}),
  };
  api.trace.disable();
  api.trace.setGlobalTracerProvider(hanging as unknown as api.TracerProvider);
  const clock = virtualClock();
  const errors: unknown[] = [];
  const options = {
    clock,
    version: '0',
    withContent: false,
    onError: (e: unknown) => void errors.push(e),
  };
  let isStopped = false;
  const stopping = new Tracing(api, options).stop().then(() => {
    isStopped = true;
  });
  await clock.advance(4_999);
  expect(isStopped).toBe(false);
  await clock.advance(1);
  await stopping;
  hanging.forceFlush = () => Promise.reject(new Error('no collector'));
  await new Tracing(api, options).stop();
  expect(errors).toEqual([new Error('no collector')]);
  api.trace.disable();
});
