/** The life of a turn, told by its trace: every way in, in order, also across a crash; and every line of the log. */
import { connect, headers, type NatsConnection } from 'nats';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { onTelemetry, type TurnTraceReply } from '../../src/index.ts';
import type { ActorRef } from '../../src/otp/ref.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Script } from '../../src/rehearsal/endpoints.ts';
import {
  lastText,
  type TestGreenroom,
  testGreenroom,
  unstartedGreenroom,
} from '../support/greenroom.ts';
import { GreenroomProcess } from '../support/greenroom-process.ts';
import { startBroker, type TestBroker, withoutNatsServer } from '../support/nats.ts';
import { gate, until } from '../support/until.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

type Line = Record<string, unknown> & { readonly level: string; readonly msg: string };

const logOf = () => {
  const lines: Line[] = [];
  const log = createLog({ pretty: false, write: (line) => lines.push(JSON.parse(line) as Line) });
  return { log, lines };
};

/** `station`, with what is told of it: `received via nats`, `step_started 1 on a thread`. */
const told = ({ stations }: TurnTraceReply): string[] =>
  stations.map(({ station, via, step, thread, attempt, outcome }) =>
    [
      station,
      ...(via === undefined ? [] : [`via ${via}`]),
      ...(step === undefined ? [] : [step]),
      ...(thread === undefined ? [] : ['on a thread']),
      ...(attempt === undefined || attempt === 1 ? [] : [`attempt ${attempt}`]),
      ...(outcome === undefined ? [] : [outcome]),
    ].join(' '),
  );

const traceOf = (test: TestGreenroom, sessionId: string, turnId: string) =>
  test.sessions.turnTrace(sessionId, turnId);

const isThere = (test: TestGreenroom, sessionId: string, turnId: string, station: string) =>
  until(async () => {
    const trace = await traceOf(test, sessionId, turnId).catch(() => undefined);
    return trace?.stations.some((one) => one.station === station);
  });

/** What each answered turn goes through, once it is stored. */
const ANSWERED = [
  ...['started', 'step_started 1 on a thread', 'first_byte 1', 'step_ended 1 message'],
  ...['committed 1', 'finished completed'],
];

/** Says nothing to a prompt that says "wait" before the promise is settled. */
const silentUntil =
  (opened: Promise<unknown>): Script =>
  async (request) => {
    if (lastText(request).includes('wait')) await opened;
    return undefined;
  };

describe('a turn of a program in the same process', () => {
  it('is received, wakes its session, is stored, runs, is answered and ends', async () => {
    const test = await testGreenroom();
    const [accepted] = await test.run('s', 'Hello', { turnId: 't', traceId: TRACE });
    expect(accepted).toMatchObject({ type: 'turn.accepted', traceId: TRACE });
    const trace = await traceOf(test, 's', 't');
    expect(told(trace)).toEqual(['received via embedded', 'woken', 'accepted', ...ANSWERED]);
    expect(trace).toMatchObject({ isWhole: true, omitted: 0, turn: { traceId: TRACE } });
    const times = trace.stations.map(({ at }) => at);
    expect(times).toEqual(times.toSorted());
  });

  it('waits for the turn before it, and is stored long before it runs', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: silentUntil(answer.opened) });
    const first = test.begin('s', 'wait', { turnId: 'a' });
    await isThere(test, 's', 'a', 'step_started');
    const second = test.begin('s', 'Hello', { turnId: 'b' });
    await second.saw('turn.accepted');
    expect(told(await traceOf(test, 's', 'b'))).toEqual(['received via embedded', 'accepted']);
    answer.open();
    await Promise.all([first.done, second.done]);
    const [a, b] = [await traceOf(test, 's', 'a'), await traceOf(test, 's', 'b')];
    expect(told(b)).toEqual(['received via embedded', 'accepted', ...ANSWERED]);
    const at = (trace: TurnTraceReply, name: string) =>
      trace.stations.find(({ station }) => station === name)?.at ?? '';
    expect(at(b, 'accepted') <= at(a, 'finished')).toBe(true);
    expect(at(b, 'started') >= at(a, 'finished')).toBe(true);
  });

  it('tells each of its model calls, and what made one be made again', async () => {
    const test = await testGreenroom();
    const prompt = '[[rehearse: status=529 times=1]]';
    await test.run('s', prompt, { turnId: 't' });
    const steps = told(await traceOf(test, 's', 't')).filter((line) => / 1/.test(line));
    expect(steps).toEqual([
      ...['step_started 1 on a thread', 'retried 1 overloaded_error', 'first_byte 1'],
      ...['step_ended 1 message', 'committed 1'],
    ]);
  });

  it('that names a trace that is none is refused, and not begun', async () => {
    const test = await testGreenroom();
    for (const traceId of ['', 'abc', '0'.repeat(32), TRACE.toUpperCase()])
      await expect(test.run('s', 'Hello', { traceId })).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('traceId must be 32 lower-case hex digits'),
      });
    expect(test.modelCalls).toEqual([]);
  });
});

describe('a turn that goes on after a restart', () => {
  it('keeps its trace, and tells what is stored of the time before', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: silentUntil(answer.opened) });
    test.begin('s', 'wait', { turnId: 't', traceId: TRACE });
    await isThere(test, 's', 't', 'step_started');
    await test.restart();
    answer.open();
    await isThere(test, 's', 't', 'finished');
    const trace = await traceOf(test, 's', 't');
    expect(trace).toMatchObject({ isWhole: false, turn: { traceId: TRACE, attempt: 2 } });
    expect(told(trace)).toEqual(['accepted', 'started', 'started attempt 2', ...ANSWERED.slice(1)]);
  });

  it('keeps it over kill -9 too (P3)', async () => {
    const answer = gate();
    const test = await unstartedGreenroom({ script: silentUntil(answer.opened) });
    const child = new GreenroomProcess(test.dataDir, test.rehearsal.url);
    child.turn('s', 'wait', 't', TRACE);
    await child.saw('turn.started', 't');
    child.turn('s', 'Hello', 'behind', '1'.repeat(32));
    await child.saw('turn.accepted', 'behind');
    await child.kill();
    answer.open();
    await test.start();
    await isThere(test, 's', 'behind', 'finished');
    const traces = await Promise.all(['t', 'behind'].map((id) => traceOf(test, 's', id)));
    expect(traces.map(({ turn }) => [turn.traceId, turn.status])).toEqual([
      [TRACE, 'completed'],
      ['1'.repeat(32), 'completed'],
    ]);
  });

  it('of a turn that had ended only what is stored is known', async () => {
    const test = await testGreenroom();
    await test.run('s', 'Hello', { turnId: 't', traceId: TRACE });
    await test.restart();
    const trace = await traceOf(test, 's', 't');
    expect(told(trace)).toEqual(['accepted', 'started', 'committed 1', 'finished completed']);
    expect(trace).toMatchObject({ isWhole: false, turn: { traceId: TRACE } });
  });
});

/** Of one session, as `supervisors/session.ts` has it. */
const MAX_RESTARTS = 5;

/** As often as its budget allows, and once more: each time the actor that lives now, in the middle of its turn. */
const crashBeyondBudget = async (test: TestGreenroom, name: string): Promise<void> => {
  const crashed = new Set<ActorRef>();
  while (crashed.size <= MAX_RESTARTS) {
    await until(() => test.live(name) !== undefined && !crashed.has(test.live(name) as ActorRef));
    const ref = test.live(name) as ActorRef;
    crashed.add(ref);
    test.greenroom.system.exit(ref, { crashed: new Error(`bad message ${crashed.size}`) });
  }
};

describe('the log', () => {
  it('says of every line about a turn which session, turn and trace it is', async () => {
    const { log, lines } = logOf();
    const test = await testGreenroom({ log, maxRetries: 0 });
    const ids = { turnId: 'failing', traceId: TRACE };
    await test.run('s', '[[rehearse: status=529]]', ids);
    await until(() => lines.length > 0);
    expect(lines).toMatchObject([{ tenant: 'default', sessionId: 's', ...ids }]);
  });

  it('says it of the crashes, the restarts and the parking of a session that is sick', async () => {
    const { log, lines } = logOf();
    const answer = gate();
    const test = await testGreenroom({ log, script: silentUntil(answer.opened) });
    const ids = { turnId: 'sick', traceId: TRACE };
    const reading = test.begin('s', 'wait', ids);
    await isThere(test, 's', 'sick', 'step_started');
    await crashBeyondBudget(test, 's');
    await reading.done;
    answer.open();
    await until(() => lines.some(({ msg }) => msg.includes('interrupted')));
    const kinds = new Set(lines.map(({ report }) => (report as { kind?: string })?.kind));
    expect(kinds).toEqual(
      new Set(['crash', 'child_exited', 'child_restarted', 'parked', undefined]),
    );
    for (const line of lines)
      expect(line).toMatchObject({ tenant: 'default', sessionId: 's', ...ids });
  });
});

describe.skipIf(withoutNatsServer())('over NATS', () => {
  let broker: TestBroker;
  let bare: NatsConnection;
  beforeAll(async () => {
    broker = await startBroker();
    bare = await connect({ servers: broker.url });
    return async () => {
      await bare.close();
      await broker.stop();
    };
  });
  // Each test has a prefix, and so a queue of its own.
  let prefixes = 0;
  const started = async (options: Parameters<typeof testGreenroom>[0] = {}) => {
    prefixes += 1;
    const prefix = `life${prefixes}`;
    const nats = { url: broker.url };
    const small = { queueMb: 1, refusedMb: 1 };
    const test = await testGreenroom({ prefix, nats, ...small, ...options });
    await test.run('warm', 'Hello'); // the thread is up
    return { test, subject: (rest: string) => `${prefix}.v1.default.session.${rest}` };
  };
  const withHeader = (name: string, value: string) => {
    const fields = headers();
    fields.set(name, value);
    return { headers: fields };
  };

  it('a queued turn is handed over, stored, acknowledged, run and answered', async () => {
    const answer = gate();
    const { test, subject } = await started({ script: silentUntil(answer.opened) });
    const body = JSON.stringify({ prompt: 'wait', turnId: 't' });
    await bare.jetstream().publish(subject('s.turn'), body, withHeader('Greenroom-Trace', TRACE));
    await isThere(test, 's', 't', 'acked');
    answer.open();
    await isThere(test, 's', 't', 'finished');
    const trace = await traceOf(test, 's', 't');
    expect(told(trace)).toEqual([
      ...['received via queue', 'handed_over', 'woken', 'accepted'],
      ...['started', 'step_started 1 on a thread', 'acked', ...ANSWERED.slice(2)],
    ]);
    expect(trace).toMatchObject({ isWhole: true, turn: { traceId: TRACE } });
  });

  it('an ask is received, stored, run and answered, under the trace of a traceparent', async () => {
    const { test, subject } = await started();
    const received: unknown[] = [];
    onTestFinished(onTelemetry('greenroom.turn.received', (fields) => void received.push(fields)));
    const accepted = await bare.request(
      subject('s.ask'),
      JSON.stringify({ prompt: 'Hello', turnId: 't' }),
      { timeout: 10_000, ...withHeader('traceparent', TRACEPARENT) },
    );
    expect(accepted.json()).toMatchObject({ type: 'turn.accepted', traceId: TRACE });
    await isThere(test, 's', 't', 'finished');
    expect(told(await traceOf(test, 's', 't'))).toEqual([
      ...['received via nats', 'woken', 'accepted', ...ANSWERED],
    ]);
    const callers = { traceId: TRACE, spanId: '00f067aa0ba902b7', isSampled: true };
    expect(received).toMatchObject([{ turnId: 't', via: 'nats', ...callers }]);
  });

  it('a queued turn of a session that has no room is asked for again, under one trace', async () => {
    const answer = gate();
    const script = silentUntil(answer.opened);
    const { test, subject } = await started({ script, queuePerSession: 1 });
    test.begin('s', 'wait', { turnId: 'first' });
    await isThere(test, 's', 'first', 'step_started');
    const body = JSON.stringify({ prompt: 'Hello', turnId: 't' });
    const refusals: unknown[] = [];
    const received: unknown[] = [];
    onTestFinished(onTelemetry('greenroom.turn.received', (fields) => void received.push(fields)));
    const unsubscribe = onTelemetry('greenroom.turn.refused', (fields) => refusals.push(fields));
    await bare.jetstream().publish(subject('s.turn'), body, withHeader('traceparent', TRACEPARENT));
    await until(() => refusals.length > 0);
    unsubscribe();
    expect(refusals[0]).toMatchObject({ turnId: 't', code: 'queue_full', isFinal: false });
    answer.open();
    await isThere(test, 's', 't', 'finished');
    const trace = await traceOf(test, 's', 't');
    const before = told(trace).slice(0, told(trace).indexOf('accepted'));
    expect(before[0]).toBe('received via queue');
    expect(new Set(before.slice(1, -1))).toEqual(new Set(['handed_over', 'refused queue_full']));
    expect(before.at(-1)).toBe('handed_over');
    expect(trace.turn.status).toBe('completed');
    expect(trace.turn.traceId).toBe(TRACE);
    expect(received[0]).toMatchObject({ via: 'queue', traceId: TRACE, spanId: '00f067aa0ba902b7' });
  });

  it('a traceparent that is malformed is ignored, and a header of ours is refused', async () => {
    const { test, subject } = await started();
    const ask = async (name: string, value: string) => {
      const options = { timeout: 10_000, ...withHeader(name, value) };
      const { data } = await bare.request(subject('s.ask'), 'Hello', options);
      return JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>;
    };
    const accepted = await ask('traceparent', `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`);
    expect(accepted['traceId']).toMatch(/^[0-9a-f]{32}$/);
    expect(accepted['traceId']).not.toBe(TRACE);
    expect(await ask('Greenroom-Trace', 'mine')).toMatchObject({
      error: { code: 'invalid_request', message: expect.stringContaining('Greenroom-Trace') },
    });
    const fields = withHeader('Greenroom-Trace', 'mine').headers;
    fields.set('Greenroom-Turn-Id', 'refused-one');
    await bare.jetstream().publish(subject('s.turn'), 'Hello', { headers: fields });
    await isThere(test, 's', 'refused-one', 'finished');
    expect(await test.sessions.turnStatus('s', 'refused-one')).toMatchObject({
      status: 'rejected',
      error: { code: 'invalid_request' },
    });
  });
});
