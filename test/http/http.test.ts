/** Health and metrics of a real Greenroom, over HTTP. */
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { movedHttp } from '../../src/app/moved-http.ts';
import { type HttpArgs, HttpServer, httpName } from '../../src/http/http-server.ts';
import { LIMITS } from '../../src/http/listening.ts';
import { startGreenroom } from '../../src/index.ts';
import { METRICS } from '../../src/metrics/declared.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { linkName } from '../../src/nats/link.ts';
import { System } from '../../src/otp/system.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { newContextMemory } from '../../src/session/memory/context-memory.ts';
import { Activity } from '../../src/session/runtime/activity.ts';
import { SessionCache } from '../../src/session/runtime/session-cache.ts';
import { readExposition } from '../metrics/exposition.ts';
import { FakeDoor } from '../nats/fake-door.ts';
import { FakeDaemon } from '../support/fake-daemon.ts';
import {
  holding,
  ownGreenroom,
  sharedGreenroom,
  type TestGreenroom,
} from '../support/greenroom.ts';
import { natsServer, withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { dawdle, exchange, portOf } from './raw.ts';

const addressOf = (test: TestGreenroom): string => {
  const { http } = test.greenroom.status();
  if (http === null) throw new Error('it is not served');
  return http;
};

const scrape = async (url: string) => readExposition(await (await fetch(`${url}/metrics`)).text());

/** The value of a sample: by the metric's name, and that of its label. */
const sampleOf = async (url: string, name: string, label?: string): Promise<number> => {
  const samples = (await scrape(url)).flatMap((metric) => metric.samples);
  const found = samples.filter(
    (one) =>
      one.name === name && (label === undefined || Object.values(one.labels).includes(label)),
  );
  return found.reduce((sum, { value }) => sum + value, 0);
};

/** How much a metric has grown since it was asked first. */
const growth = async (url: string, name: string, label?: string) => {
  const before = await sampleOf(url, name, label);
  return async () => (await sampleOf(url, name, label)) - before;
};

const reasonsAt = async (url: string): Promise<readonly string[]> => {
  const { reasons } = (await (await fetch(`${url}/readyz`)).json()) as {
    reasons: { reason: string }[];
  };
  return reasons.map(({ reason }) => reason);
};

const LOOPBACK: HttpArgs['settings'] = {
  ...{ httpHost: '127.0.0.1', httpHosts: undefined, httpProxy: 'off' as const },
  ...{ httpTlsCert: undefined, httpTlsKey: undefined, httpRate: 0 },
};

const shared = sharedGreenroom({ httpPort: 0 });

describe('health', () => {
  it('a running Greenroom is alive and ready', async () => {
    const url = addressOf(shared());
    const alive = await fetch(`${url}/livez`);
    expect([alive.status, await alive.json()]).toEqual([200, { status: 'alive' }]);
    const ready = await fetch(`${url}/readyz?verbose`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', reasons: [] }]);
  });

  it('while it drains it is alive and not ready, and then it is gone at once', async () => {
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const test = await ownGreenroom({ httpPort: 0, drainSeconds: 60, script: holding(gate) });
    const url = addressOf(test);
    const turn = test.begin('s', 'hold this');
    await until(() => test.modelCalls.length === 1);
    const idle = await dawdle(url);
    const stopped = test.stop();
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ reasons: [{ reason: 'draining' }] });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    go();
    await turn.done;
    await stopped;
    await idle.ended;
    await expect(fetch(`${url}/livez`)).rejects.toThrow();
  });

  it.skipIf(withoutNatsServer())(
    'without its broker it is not ready, and then it is again',
    async () => {
      const test = await ownGreenroom({
        httpPort: 0,
        nats: { port: 0 },
        natsServerBin: natsServer,
      });
      const url = addressOf(test);
      expect(await reasonsAt(url)).toEqual([]);
      expect(await sampleOf(url, 'greenroom_broker_connected')).toBe(1);
      const { nc } = test.greenroom.system.fetch(linkName);
      await nc.close();
      await until(async () => (await reasonsAt(url)).includes('broker_away'));
      await until(async () => (await reasonsAt(url)).length === 0);
    },
  );
});

describe('metrics', () => {
  it('are all that are declared, each once, in a format that a strict reader reads', async () => {
    const url = addressOf(shared());
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const metrics = readExposition(await response.text());
    const served = metrics.map(({ name, type, help }) => [name, type, help]);
    const declared = METRICS.map(({ name, type, help }) => [name, type, help]);
    expect(served.toSorted()).toEqual(declared.toSorted());
  });

  it('count turns, tokens and dollars as the ledger has them', async () => {
    const url = addressOf(shared());
    const grown = {
      accepted: await growth(url, 'greenroom_turns_accepted_total'),
      completed: await growth(url, 'greenroom_turns_total', 'completed'),
      failed: await growth(url, 'greenroom_turns_total', 'failed'),
      seconds: await growth(url, 'greenroom_turn_duration_seconds_count'),
      input: await growth(url, 'greenroom_tokens_total', 'input'),
      output: await growth(url, 'greenroom_tokens_total', 'output'),
      read: await growth(url, 'greenroom_tokens_total', 'cache_read'),
      dollars: await growth(url, 'greenroom_cost_dollars_total'),
      errors: await growth(url, 'greenroom_model_call_errors_total', 'overloaded_error'),
      commits: await growth(url, 'greenroom_commit_duration_seconds_count'),
    };
    await shared().run('s', 'Hello');
    await shared().run('s', '[[rehearse: status=529 times=1]]');
    await shared().run('s', '[[rehearse: status=400]]');
    const { turns } = await shared().sessions.turns('s');
    const sum = (of: (turn: (typeof turns)[number]) => number) =>
      turns.reduce((total, turn) => total + of(turn), 0);
    expect(await grown.accepted()).toBe(3);
    expect(await grown.completed()).toBe(2);
    expect(await grown.failed()).toBe(1);
    expect(await grown.seconds()).toBe(3);
    expect(await grown.errors()).toBe(1);
    expect(await grown.commits()).toBeGreaterThanOrEqual(3);
    expect(await grown.input()).toBe(sum(({ usage }) => usage.inputTokens));
    expect(await grown.output()).toBe(sum(({ usage }) => usage.outputTokens));
    expect(await grown.read()).toBe(sum(({ usage }) => usage.cacheReadInputTokens));
    expect(await grown.dollars()).toBeCloseTo(
      sum(({ costUsd }) => costUsd ?? 0),
      9,
    );
    expect(await grown.output()).toBeGreaterThan(0);
  });

  it('count tool calls by tool and outcome, and what waits for a person', async () => {
    const url = addressOf(shared());
    const globs = await growth(url, 'greenroom_tool_calls_total', 'Glob');
    const good = await growth(url, 'greenroom_tool_call_outcomes_total', 'ok');
    await shared().sessions.create('s', { tools: ['Glob', 'Write'] });
    const use = (tool: string, input: object) =>
      `[[rehearse: tool=${tool} input=${JSON.stringify(input)}]]`;
    await shared().run('s', `${use('Glob', { pattern: '*' })} [[rehearse: text=done]]`);
    expect([await globs(), await good()]).toEqual([1, 1]);
    const asking = shared().begin('s', use('Write', { file_path: 'a', content: 'a' }));
    await until(async () => (await sampleOf(url, 'greenroom_sessions_waiting')) === 1);
    await shared().sessions.cancel('s');
    await asking.done;
    expect(await sampleOf(url, 'greenroom_sessions_waiting')).toBe(0);
  });

  it('count refusals, requests, searches and crashes', async () => {
    const url = addressOf(shared());
    const reused = await growth(url, 'greenroom_turns_refused_total', 'turn_id_reused');
    const missing = await growth(url, 'greenroom_request_errors_total', 'session_not_found');
    const searched = await growth(url, 'greenroom_search_duration_seconds_count');
    const crashed = await growth(url, 'greenroom_actor_crashes_total', 'session');
    await shared().run('s', 'one', { turnId: 't' });
    await expect(shared().run('s', 'another', { turnId: 't' })).rejects.toThrow();
    await expect(shared().sessions.get('nobody')).rejects.toThrow();
    await shared().sessions.search({});
    const ref = shared().live('s');
    if (ref !== undefined) shared().greenroom.system.exit(ref, { crashed: new Error('boom') });
    await until(async () => (await crashed()) === 1);
    expect([await reused(), await missing()]).toEqual([1, 1]);
    expect(await searched()).toBeGreaterThanOrEqual(1);
  });

  it('name no session, no turn and no tenant', async () => {
    const url = addressOf(shared());
    await shared().run('a-secret-name', 'a-secret-prompt', { turnId: 'a-secret-turn' });
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).not.toMatch(/a-secret|default"/);
  });

  it('are one look for all that ask at once', async () => {
    const url = addressOf(shared());
    const texts = await Promise.all(Array.from({ length: 50 }, () => scrape(url)));
    expect(texts).toHaveLength(50);
  });
});

describe('the door', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    'takes no %s',
    async (method) => {
      const url = addressOf(shared());
      const heard = await exchange(url, `${method} /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      expect(heard).toMatch(/^HTTP\/1.1 405 /);
      expect(heard).toContain('\r\nAllow: GET, HEAD\r\n');
      expect(heard).not.toContain('greenroom_');
    },
  );

  it('answers HEAD as GET, without the body', async () => {
    const response = await fetch(`${addressOf(shared())}/metrics`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(1_000);
    expect(await response.text()).toBe('');
  });

  it.each([
    'Host: evil.example',
    'Host: evil.example:4280',
    'Host: localhost.evil.example',
    'Host: 127.0.0.1.evil.example',
    'Host: 0.0.0.0:4280',
    'Host: evil.example\r\nHost: localhost',
    'Host:',
  ])('tells nothing to a request with %j', async (header) => {
    for (const path of ['/livez', '/readyz', '/metrics', '/nothing']) {
      const heard = await exchange(
        addressOf(shared()),
        `GET ${path} HTTP/1.1\r\n${header}\r\n\r\n`,
      );
      expect(heard).toMatch(/^HTTP\/1.1 (?:421|400) /);
      expect(heard).not.toMatch(/alive|ready|greenroom_/);
    }
  });

  it.each([
    ['HTTP/1.1 without a Host', 'GET /metrics HTTP/1.1\r\n\r\n', 400],
    ['HTTP/1.0 without a Host', 'GET /metrics HTTP/1.0\r\n\r\n', 421],
    ['a whole address', 'GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n', 404],
    ['another path', 'GET /metrics/../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n', 404],
    ['no path', 'GET * HTTP/1.1\r\nHost: localhost\r\n\r\n', 404],
    ['no HTTP', 'hello\r\n\r\n', 400],
  ])('refuses %s', async (_, bytes, status) => {
    const heard = await exchange(addressOf(shared()), bytes);
    expect(heard).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(heard).not.toContain('greenroom_');
  });

  it('makes no tunnel', async () => {
    const heard = await exchange(
      addressOf(shared()),
      'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    );
    expect(heard).not.toMatch(/^HTTP\/1.1 200/);
  });

  it('serves a scrape while hundreds of peers never finish what they ask', async () => {
    const url = addressOf(shared());
    const peers = await Promise.all(Array.from({ length: 300 }, () => dawdle(url)));
    const { connections } = shared().greenroom.system.fetch(httpName);
    expect(connections).toBeLessThanOrEqual(LIMITS.newConnections);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await scrape(url)).length).toBe(METRICS.length);
    for (const { socket } of peers) socket.destroy();
    await until(() => shared().greenroom.system.fetch(httpName).connections === 0);
  });

  it('is back after a crash, on the same port, with what it had counted', async () => {
    const test = await ownGreenroom({ httpPort: 0 });
    const url = addressOf(test);
    await test.run('s', 'Hello');
    const before = await sampleOf(url, 'greenroom_turns_total', 'completed');
    const { ref } = test.node('gateways', 'http', 'server');
    if (ref !== undefined) test.greenroom.system.exit(ref, { crashed: new Error('boom') });
    await until(() => test.node('gateways', 'http', 'server').restarts === 1);
    await until(() => test.greenroom.status().http !== null);
    expect(addressOf(test)).toBe(url);
    expect(await sampleOf(url, 'greenroom_turns_total', 'completed')).toBe(before);
  });
});

describe('the port', () => {
  const taken = async (): Promise<number> => {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return (server.address() as { port: number }).port;
  };

  it('that is named and taken is refused, and nothing is left of the start', async () => {
    const httpPort = await taken();
    await shared().stop();
    await expect(shared().start({ httpPort })).rejects.toMatchObject({
      message: expect.stringContaining(`port ${httpPort} is taken by another program`),
    });
    await shared().start();
    expect((await fetch(`${addressOf(shared())}/livez`)).status).toBe(200);
  });

  it('that is not named is another one where the usual one is taken', async () => {
    const serve = async () => {
      const system = new System({ clock: systemClock, onReport: () => undefined });
      const observed = {
        ...{ isUp: () => false, wantsBroker: false, metrics: new Metrics(systemClock) },
        runtime: {
          activity: new Activity(),
          cache: new SessionCache({ sessions: 1, bytes: 1 }),
          memory: newContextMemory(),
        },
      };
      const door = new FakeDoor();
      const ref = await HttpServer.start(system, {
        ...{ wanted: true, port: undefined, past: { port: undefined }, observed },
        ...{ settings: { ...LOOPBACK }, door, daemon: new FakeDaemon(), feed: door.feed },
      });
      onTestFinished(() => void system.exit(ref, 'shutdown'));
      return system;
    };
    const [one, two] = [await serve(), await serve()];
    const [first, second] = [one.fetch(httpName).url, two.fetch(httpName).url];
    expect(portOf(first)).not.toBe(portOf(second));
    expect(portOf(second)).not.toBe(4280);
    expect(await reasonsAt(second)).toEqual(['starting', 'store_away']);
    const finding = `port 4280 is taken by another program: HTTP is at ${second}`;
    expect(movedHttp(two)).toEqual([
      { finding, nextStep: expect.stringContaining('GREENROOM_HTTP_PORT') },
    ]);
    expect(movedHttp(new System({ clock: systemClock, onReport: () => undefined }))).toEqual([]);
  });

  it('of an embedded Greenroom is not there unless the program names one', async () => {
    const test = await ownGreenroom();
    expect(test.greenroom.status()).toMatchObject({ http: null, warnings: [] });
    await test.restart({ httpPort: 'off' });
    expect(test.greenroom.status().http).toBeNull();
  });

  it('is a port', async () => {
    await expect(
      startGreenroom({ dataDir: shared().dataDir, httpPort: 65_536 }),
    ).rejects.toMatchObject({ code: 'invalid_settings' });
  });
});
