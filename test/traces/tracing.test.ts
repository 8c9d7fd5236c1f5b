/**
 * Spans of real turns, heard by OpenTelemetry's own SDK: their names and attributes by the conventions, what stands below
 * what, what becomes of errors, and that nothing of what is said is in them unless it is asked for.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  type ContextManager,
  context,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TELEMETRY } from '../../src/index.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { loadApi } from '../../src/traces/api.ts';
import { tracingOf } from '../../src/traces/tracing-of.ts';
import { ownGreenroom, type TestGreenroom } from '../support/greenroom.ts';
import { until } from '../support/until.ts';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

/** As a program has it that runs under an SDK for Node. */
class AsyncContexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();
  active = () => this.#storage.getStore() ?? ROOT_CONTEXT;
  with: ContextManager['with'] = (given, work, self, ...args) =>
    this.#storage.run(given, () => work.apply(self, args));
  bind = <T>(_: Context, target: T) => target;
  enable = () => this;
  disable = () => this;
}

beforeAll(() => {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncContexts());
});
afterAll(() => {
  trace.disable();
  context.disable();
});
beforeEach(() => exporter.reset());

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${CALLER}-01`;

const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
const named = (name: string): readonly ReadableSpan[] =>
  spans().filter((span) => span.name === name);
const only = (name: string): ReadableSpan => {
  const [span, ...more] = named(name);
  if (span === undefined || more.length > 0)
    throw new Error(`there are ${spans().map((one) => one.name)}`);
  return span;
};
const idOf = (span: ReadableSpan): string => span.spanContext().spanId;

const use = (tool: string, input: object) => `tool=${tool} input=${JSON.stringify(input)}`;
/** A turn that looks for files, then has a sub-agent say something. */
const SECRET = 'the word is tangerine';
const PROMPT = [
  `[[rehearse: ${use('Glob', { pattern: '*.tangerine' })}]]`,
  `[[rehearse: ${use('Agent', { description: 'Say it', prompt: `[[rehearse: text="${SECRET}"]]` })}]]`,
  '[[rehearse: text="both done"]]',
].join(' ');

const run = async (test: TestGreenroom, control: object = {}) => {
  await test.sessions.create('s', { tools: ['Glob', 'Agent'] });
  await test.run('s', PROMPT, { turnId: 't', ...control });
  await until(() => named('invoke_agent').length === 1);
};

describe('a turn with a tool and a sub-agent', () => {
  it('has a span below its caller, and below it its model calls, tool calls and the sub-agent', async () => {
    const test = await ownGreenroom({ traces: 'on' });
    await run(test, { traceparent: TRACEPARENT });
    const turn = only('invoke_agent');
    expect(turn.parentSpanContext).toMatchObject({
      traceId: TRACE,
      spanId: CALLER,
      isRemote: true,
    });
    const model = (await test.greenroom.status()).model;
    const steps = named(`chat ${model}`).filter(
      (one) => one.parentSpanContext?.spanId === idOf(turn),
    );
    expect(steps).toHaveLength(3);
    const glob = only('execute_tool Glob');
    const agent = only('execute_tool Agent');
    const child = only('invoke_agent general-purpose');
    expect(glob.parentSpanContext?.spanId).toBe(idOf(turn));
    expect(agent.parentSpanContext?.spanId).toBe(idOf(turn));
    expect(child.parentSpanContext?.spanId).toBe(idOf(agent));
    const ofChild = named(`chat ${model}`).filter((one) => !steps.includes(one));
    expect(ofChild.map((one) => one.parentSpanContext?.spanId)).toEqual([idOf(child)]);
    expect(new Set(spans().map((one) => one.spanContext().traceId))).toEqual(new Set([TRACE]));
  });

  it('is described by the names of the conventions', async () => {
    const test = await ownGreenroom({ traces: 'on' });
    await run(test, { traceparent: TRACEPARENT });
    const turn = only('invoke_agent');
    const { sessionId } = await test.sessions.get('s');
    const { usage } = await test.sessions.turnStatus('s', 't');
    expect(turn.attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.conversation.id': sessionId,
      'gen_ai.usage.output_tokens': usage?.outputTokens,
      'greenroom.outcome': 'completed',
      'greenroom.turn.id': 't',
      'greenroom.trace_id': TRACE,
    });
    const [first] = spans().filter(({ name }) => name.startsWith('chat '));
    expect(first?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': first?.name.slice('chat '.length),
      'gen_ai.response.finish_reasons': ['tool_call'],
      'gen_ai.response.id': expect.stringMatching(/^msg_/),
      'gen_ai.usage.input_tokens': expect.any(Number),
      'gen_ai.usage.cache_read.input_tokens': expect.any(Number),
    });
    expect(first?.events.map(({ name }) => name)).toEqual(['greenroom.step.first_byte']);
    expect(only('execute_tool Glob').attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'Glob',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': expect.stringMatching(/^toolu_/),
      'greenroom.outcome': 'ok',
    });
    expect(only('invoke_agent general-purpose').attributes).toMatchObject({
      'gen_ai.agent.name': 'general-purpose',
      'gen_ai.conversation.id': expect.stringMatching(/^sub-/),
    });
  });

  it('says nothing of what was said', async () => {
    const test = await ownGreenroom({ traces: 'on' });
    await run(test);
    expect(
      JSON.stringify(spans().map(({ attributes, events }) => [attributes, events])),
    ).not.toMatch(/tangerine|both done/);
  });

  it('says it where that is asked for', async () => {
    const test = await ownGreenroom({ traces: 'content' });
    await run(test);
    const read = (span: ReadableSpan, name: string) => JSON.parse(String(span.attributes[name]));
    expect(read(only('invoke_agent'), 'gen_ai.input.messages')).toEqual([
      { role: 'user', parts: [{ type: 'text', content: PROMPT }] },
    ]);
    const answers = spans().filter(({ name }) => name.startsWith('chat '));
    expect(answers.map((span) => read(span, 'gen_ai.output.messages'))).toContainEqual([
      { role: 'assistant', parts: [{ type: 'text', content: 'both done' }], finish_reason: 'stop' },
    ]);
    const glob = only('execute_tool Glob').attributes;
    expect(glob['gen_ai.tool.call.arguments']).toBe('{"pattern":"*.tangerine"}');
    expect(only('execute_tool Agent').attributes['gen_ai.tool.call.result']).toContain(SECRET);
  });
});

describe('a span', () => {
  it('stands below the one in which an embedding program asks', async () => {
    const test = await ownGreenroom({ traces: 'on' });
    const mine = trace.getTracer('a program').startSpan('my request');
    await context.with(trace.setSpan(ROOT_CONTEXT, mine), () => test.run('s', 'Hello'));
    expect(only('invoke_agent').parentSpanContext?.spanId).toBe(mine.spanContext().spanId);
  });

  it('of what fails or is refused has its code', async () => {
    const test = await ownGreenroom({ traces: 'on', maxRetries: 0 });
    await test.run('s', '[[rehearse: status=500 times=9]]', { turnId: 't' });
    const failed = only('invoke_agent');
    const code = (await test.sessions.turnStatus('s', 't')).error?.code;
    expect(failed.attributes['error.type']).toBe(code);
    expect(failed.status).toMatchObject({ code: 2, message: code });
    const [step] = spans().filter(({ name }) => name.startsWith('chat '));
    expect(step?.attributes['error.type']).toBe('api_error');
    exporter.reset();
    await expect(test.run('s', 'another', { turnId: 't' })).rejects.toThrow();
    expect(only('invoke_agent').attributes['error.type']).toBe('turn_id_reused');
  });

  it('is not kept where the caller keeps none', async () => {
    const test = await ownGreenroom({ traces: 'on' });
    await test.run('s', 'Hello', { traceparent: `00-${TRACE}-${CALLER}-00` });
    expect(spans()).toEqual([]);
  });

  it('of a turn that a crash has broken off goes on, and what was lost below it has ended', async () => {
    const test = await ownGreenroom({ traces: 'on' });
    const prompt = '[[rehearse: wait-ms=60000]]';
    const reading = test.begin('s', prompt, { turnId: 't' });
    const isRunning = async () => (await test.sessions.get('s')).status === 'running';
    await until(async () => (await test.rehearsal.requests.toArray().length) > 0 && isRunning());
    const ref = test.live('s');
    if (ref !== undefined) test.greenroom.system.exit(ref, { crashed: new Error('boom') });
    await until(() => test.rehearsal.requests.toArray().length > 1);
    await test.sessions.cancel('s');
    await reading.done;
    const turn = only('invoke_agent');
    expect(turn.attributes).toMatchObject({
      'greenroom.attempt': 2,
      'greenroom.outcome': 'cancelled',
    });
    expect(turn.status.code).toBe(0);
    expect(turn.events.map(({ name }) => name)).toEqual(Array(2).fill('greenroom.turn.started'));
    const steps = spans().filter(({ name }) => name.startsWith('chat '));
    const outcomes = steps.map(({ attributes }) => attributes['greenroom.outcome']);
    // The first one's end may come before the turn goes on, or not.
    expect(['lost', 'cancelled']).toContain(outcomes[0]);
    expect(outcomes.slice(1)).toEqual(['cancelled']);
  });

  it('is made once where two Greenrooms make spans, and ends when the program stops', async () => {
    const [test, other] = [
      await ownGreenroom({ traces: 'on' }),
      await ownGreenroom({ traces: 'on' }),
    ];
    await other.run('o', 'Hello');
    expect(named('invoke_agent')).toHaveLength(1);
    const reading = test.begin('s', '[[rehearse: wait-ms=60000]]');
    await until(async () => (await test.sessions.get('s')).status === 'running');
    await Promise.all([test.stop(), reading.done.catch(() => undefined)]);
    expect(named('invoke_agent')).toHaveLength(2);
    await other.run('o', 'Hello again');
    expect(named('invoke_agent')).toHaveLength(3);
  });
});

describe('without it', () => {
  it('nothing is heard, so nothing is made', async () => {
    const test = await ownGreenroom();
    expect(TELEMETRY.turnStart.isHeard).toBe(false);
    await test.run('s', 'Hello');
    expect(spans()).toEqual([]);
  });

  it('contents are not even told', async () => {
    await ownGreenroom({ traces: 'on' });
    expect(TELEMETRY.turnStart.isHeard).toBe(true);
    expect(TELEMETRY.content.isHeard).toBe(false);
  });

  it('a package that is not installed is a warning; one that cannot be loaded is an error', async () => {
    const lines: string[] = [];
    const log = createLog({ level: 'warn', pretty: false, write: (line) => void lines.push(line) });
    const failing = (code: string, message: string) => () =>
      Promise.reject(Object.assign(new Error(message), { code }));
    const missing = failing('ERR_MODULE_NOT_FOUND', "Cannot find package '@opentelemetry/api'");
    expect(
      await tracingOf('on', { log, clock: systemClock }, () => loadApi(missing)),
    ).toBeUndefined();
    expect(lines.join('')).toContain('npm install @opentelemetry/api');
    const inner = failing('ERR_MODULE_NOT_FOUND', "Cannot find package 'of-its-own'");
    await expect(
      tracingOf('on', { log, clock: systemClock }, () => loadApi(inner)),
    ).rejects.toThrow('of-its-own');
    expect(await tracingOf('off', { log, clock: systemClock })).toBeUndefined();
  });
});
