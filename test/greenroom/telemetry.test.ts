/** Telemetry: real work tells its events with the declared fields, and what a listener does hurts nobody. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { onTelemetry, TELEMETRY, type TelemetryName } from '../../src/index.ts';
import { sharedGreenroom } from '../support/greenroom.ts';
import { until } from '../support/until.ts';

type Told = Readonly<Record<string, unknown>> & { readonly event: TelemetryName };

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

/** Hears everything until the test is over; what does not fit its declaration fails it. */
const listening = (): Told[] => {
  const told: Told[] = [];
  for (const { name: event, fields } of Object.values(TELEMETRY)) {
    const stop = onTelemetry(
      event,
      (given) => {
        told.push({ event, ...(fields.parse(given) as object) });
      },
      fail,
    );
    onTestFinished(stop);
  }
  return told;
};
const failures: unknown[] = [];
const fail = (error: unknown) => void failures.push(error);
afterEach(() => expect(failures.splice(0)).toEqual([]));

const shared = sharedGreenroom();

describe('telemetry', () => {
  it('tells a turn from its acceptance to its end, with its steps and its commits', async () => {
    const told = listening();
    await shared().run('s', 'Hello', { turnId: 't', traceId: TRACE });
    await until(() => told.filter(({ event }) => event === 'greenroom.commit').length === 2);
    const turn = { tenant: 'default', sessionId: 's', turnId: 't', traceId: TRACE, attempt: 1 };
    const ofTurn = told.filter(({ turnId }) => turnId === 't');
    const { attempt: _, ...asked } = turn;
    expect(ofTurn).toMatchObject([
      { event: 'greenroom.turn.received', ...asked, via: 'embedded' },
      { event: 'greenroom.content', turnId: 't', kind: 'prompt', content: 'Hello' },
      { event: 'greenroom.turn.accepted', ...turn },
      { event: 'greenroom.turn.start', ...turn },
      { event: 'greenroom.step.start', ...turn, step: 1, thread: expect.any(Number) },
      { event: 'greenroom.step.first_byte', ...turn, step: 1 },
      { event: 'greenroom.content', turnId: 't', kind: 'answer' },
      {
        event: 'greenroom.step.stop',
        ...turn,
        step: 1,
        outcome: 'message',
        stopReason: 'end_turn',
      },
      { event: 'greenroom.turn.stop', ...turn, status: 'completed' },
    ]);
    const versions = told.flatMap(({ event, version }) =>
      event === 'greenroom.commit' ? [version] : [],
    );
    expect(versions).toEqual([1, 2]);
  });

  it('tells what was refused, searched, asked and made again', async () => {
    const told = listening();
    await shared().run('s', '[[rehearse: status=529 times=1]]', { turnId: 't' });
    await expect(
      shared().run('s', 'another prompt', { turnId: 't', traceId: TRACE }),
    ).rejects.toMatchObject({ code: 'turn_id_reused' });
    await shared().sessions.search({});
    await expect(shared().sessions.get('nobody')).rejects.toMatchObject({
      code: 'session_not_found',
    });
    const of = (event: TelemetryName) => told.filter((one) => one.event === event);
    expect(of('greenroom.step.retry')).toMatchObject([{ errorType: 'overloaded_error', step: 1 }]);
    expect(of('greenroom.turn.refused')).toMatchObject([
      { turnId: 't', traceId: TRACE, via: 'embedded', code: 'turn_id_reused', isFinal: true },
    ]);
    expect(of('greenroom.search')).toMatchObject([{ tenant: 'default', verb: 'search' }]);
    expect(of('greenroom.request')).toMatchObject([
      { verb: 'search', code: undefined },
      { verb: 'get', sessionId: 'nobody', code: 'session_not_found' },
    ]);
  });

  it('tells what became of a tool call', async () => {
    const told = listening();
    await shared().sessions.create('s', { tools: ['Glob', 'Read'] });
    const use = (tool: string, input: object) =>
      `[[rehearse: tool=${tool} input=${JSON.stringify(input)}]]`;
    const prompt = `${use('Glob', { pattern: '*' })} ${use('Read', { file_path: 'gone' })} [[rehearse: text=done]]`;
    await shared().run('s', prompt, { turnId: 't', traceId: TRACE });
    const turn = { tenant: 'default', sessionId: 's', turnId: 't', traceId: TRACE, attempt: 1 };
    expect(told.filter(({ event }) => event.startsWith('greenroom.tool.'))).toMatchObject([
      { ...turn, tool: 'Glob', toolUseId: expect.stringMatching(/^toolu_/) },
      { ...turn, tool: 'Glob', outcome: 'ok' },
      { ...turn, tool: 'Read' },
      { ...turn, tool: 'Read', outcome: 'error' },
    ]);
    const said = told.flatMap(({ event, kind }) => (event === 'greenroom.content' ? [kind] : []));
    const call = ['answer', 'arguments', 'result'];
    expect(said).toEqual(['prompt', ...call, ...call, 'answer']);
  });

  it('tells a crash with the turn that was under way', async () => {
    const told = listening();
    const test = shared();
    const reading = test.begin('s', '[[rehearse: wait-ms=60000]]', { turnId: 't', traceId: TRACE });
    await until(() => told.some(({ event }) => event === 'greenroom.step.start'));
    const ref = test.live('s');
    if (ref !== undefined) test.greenroom.system.exit(ref, { crashed: new Error('boom') });
    await until(() => told.some(({ attempt }) => attempt === 2));
    expect(told.filter(({ event }) => event === 'greenroom.actor.crash')).toMatchObject([
      { sessionId: 's', turnId: 't', traceId: TRACE, reason: expect.stringContaining('boom') },
    ]);
    await test.sessions.cancel('s');
    await reading.done;
  });

  it('of what nobody hears makes nothing', () => {
    for (const event of Object.values(TELEMETRY)) expect(event.isHeard).toBe(false);
  });
});

describe('a listener that throws', () => {
  it('disturbs no turn, and its error goes where it was asked to go', async () => {
    const errors: unknown[] = [];
    const boom = new Error('a bug of the listener');
    for (const { name } of Object.values(TELEMETRY))
      onTestFinished(
        onTelemetry(
          name,
          () => {
            throw boom;
          },
          (error) => errors.push(error),
        ),
      );
    const { status } = await shared().begin('s', 'Hello').finished();
    expect(status).toBe('completed');
    expect(errors.length).toBeGreaterThan(5);
    expect(new Set(errors)).toEqual(new Set([boom]));
  });

  it("of Node's own channel is an uncaught exception on a later tick, and the turn goes on", async () => {
    const uncaught: unknown[] = [];
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    const boom = new Error('a bug of the subscriber');
    const throwing = () => {
      throw boom;
    };
    subscribe('greenroom.turn.accepted', throwing);
    try {
      const { status } = await shared().begin('s', 'Hello').finished();
      expect(status).toBe('completed');
      await until(() => uncaught.length > 0);
      expect(uncaught).toEqual([boom]);
    } finally {
      unsubscribe('greenroom.turn.accepted', throwing);
      process.removeAllListeners('uncaughtException');
      for (const listener of others) process.on('uncaughtException', listener);
    }
  });
});
