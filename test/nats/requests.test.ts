import { headers } from 'nats';
import { describe, expect, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { FakeDaemon } from '../support/fake-daemon.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { ask, refusal, startWithBroker } from './gateway.ts';

/** Of one endpoint, as `$SRV.STATS` has it. */
interface Told {
  readonly name: string;
  readonly num_requests: number;
  readonly processing_time: number;
  readonly average_processing_time: number;
}

/** Everything that comes within a moment. */
const gather = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe.skipIf(withoutNatsServer())('requests', () => {
  test('a verb on a session is checked, asked of the door and answered', async () => {
    await using gateway = await startWithBroker();
    gateway.door.onVerb = () => ({ session: { title: 'x' } });
    const reply = await ask(gateway, 'session.s1.update', '{"title":"x"}');
    expect(reply.json()).toEqual({ session: { title: 'x' } });
    expect(gateway.door.calls).toEqual([
      { key: 'acme/s1', verb: 'update', request: { title: 'x' } },
    ]);
  });

  test('a verb on all sessions is for the tenant of the subject', async () => {
    await using gateway = await startWithBroker();
    gateway.door.onVerb = () => ({ count: 3, costUsd: 0 });
    expect((await ask(gateway, 'sessions.count')).json()).toEqual({ count: 3, costUsd: 0 });
    expect(gateway.door.calls[0]).toMatchObject({ key: 'acme', verb: 'count', request: {} });
  });

  test.each([
    ['its verb', 'sessions.cleanup', undefined, 600_000],
    ['all verbs that name none', 'sessions.count', undefined, 30_000],
    ['its header', 'sessions.cleanup', '1234', 1_234],
  ])('a request has until the deadline of %s', async (_, subject, header, timeoutMs) => {
    await using gateway = await startWithBroker();
    const { clock } = gateway.door;
    const given = headers();
    if (header !== undefined) given.set('Greenroom-Timeout-Ms', header);
    const beforeMs = clock.monotonic();
    await gateway.client.request(`greenroom.v1.acme.${subject}`, '', {
      ...{ timeout: 5_000, headers: given },
    });
    const afterMs = clock.monotonic();
    const [context] = gateway.door.contexts;
    expect(context).toMatchObject({ tenant: 'acme', via: 'nats' });
    expect(context?.deadlineMs).toBeGreaterThanOrEqual(beforeMs + timeoutMs);
    expect(context?.deadlineMs).toBeLessThanOrEqual(afterMs + timeoutMs);
  });

  test.each([
    '$JS.API.STREAM.DELETE.GREENROOM_TURNS',
    '$SRV.PING',
    'greenroom.v1.beta.events.s1',
    'greenroom.v1.acme.session.s1.delete',
  ])('one whose answer would go to %s is not carried out', async (reply) => {
    await using gateway = await startWithBroker();
    const heard: string[] = [];
    gateway.client.subscribe(reply, { callback: (_, { subject }) => void heard.push(subject) });
    const subject = 'greenroom.v1.acme.session.s1';
    for (const verb of ['get', 'ask']) gateway.client.publish(`${subject}.${verb}`, '{', { reply });
    gateway.client.publish(`${subject}.get`, '', { reply });
    gateway.client.publish('$SRV.INFO.greenroom', '', { reply });
    await ask(gateway, 'sessions.count');
    await gateway.client.flush();
    expect(gateway.door.calls).toEqual([{ key: 'acme', verb: 'count', request: {} }]);
    expect(heard).toEqual([]);
    const stats = await gateway.client.request('$SRV.STATS.greenroom');
    expect(stats.json<{ endpoints: object[] }>().endpoints).toContainEqual(
      expect.objectContaining({ name: 'session-get', num_errors: 2, last_error: 'forbidden' }),
    );
  });

  test('its statistics count each request once, with its time, also of one that fails', async () => {
    await using gateway = await startWithBroker();
    gateway.door.onVerb = async (_key, verb) => {
      await ask(gateway, 'daemon.nothing'); // some time passes
      if (verb === 'count') throw new GreenroomError('unavailable', 'not now');
      return {};
    };
    const asked = ['session.s1.get', 'session.s2.get', 'sessions.count', 'session.s1.update'];
    for (const subject of asked)
      await ask(gateway, subject, subject.endsWith('update') ? '{"title":7}' : '');
    const stats = await gateway.client.request('$SRV.STATS.greenroom');
    const { endpoints, started } = stats.json<{ endpoints: Told[]; started: string }>();
    const of = (name: string) => endpoints.find((one) => one.name === name);
    const times = {
      processing_time: expect.any(Number),
      average_processing_time: expect.any(Number),
    };
    expect(of('session-get')).toMatchObject({ num_requests: 2, num_errors: 0, last_error: '' });
    expect(of('sessions-count')).toMatchObject({
      ...{ num_requests: 1, num_errors: 1, last_error: 'unavailable', ...times },
    });
    expect(of('session-update')).toMatchObject({
      ...{ num_requests: 1, num_errors: 1, last_error: 'invalid_request' },
      ...{ processing_time: 0, average_processing_time: 0 }, // refused before anything was done
    });
    for (const name of ['session-get', 'sessions-count']) {
      const { processing_time: spent = 0, num_requests: count = 0 } = of(name) ?? {};
      expect(spent).toBeGreaterThan(0);
      // Both are rounded to whole nanoseconds, each from the exact sum.
      expect(Math.abs((of(name)?.average_processing_time ?? 0) - spent / count)).toBeLessThan(1.1);
    }
    expect(of('session-delete')).toMatchObject({ num_requests: 0, processing_time: 0 });
    expect(Date.parse(started)).toBeGreaterThan(0);
  });

  test('a verb on the daemon is answered by the daemon, whatever else the request says', async () => {
    const life = { pid: 7, startedAt: '2026-11-20T09:00:00.000Z' };
    const daemon = new FakeDaemon({ ping: () => life });
    await using gateway = await startWithBroker({ api: { daemon } });
    expect((await ask(gateway, 'daemon.ping', '{"full":true}')).json()).toEqual(life);
  });

  test('a verb on the daemon checks its request like all others', async () => {
    await using gateway = await startWithBroker();
    const reply = await ask(gateway, 'daemon.inspect', '{"path":7}');
    expect(refusal(reply)).toEqual({ status: '400', code: 'invalid_request' });
  });

  test('a verb that is none is refused with those that there are', async () => {
    await using gateway = await startWithBroker();
    const reply = await ask(gateway, 'daemon.stop');
    expect(refusal(reply).code).toBe('unknown_verb');
    expect((reply.json() as { error: { message: string } }).error.message).toContain(
      'ping, status, tree, inspect',
    );
  });

  test('a turn on the queue is nothing to answer', async () => {
    await using gateway = await startWithBroker();
    const silent = gateway.client.request('greenroom.v1.acme.session.s1.turn', 'hello', {
      timeout: 300,
    });
    await ask(gateway, 'session.s1.get');
    await expect(silent).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(gateway.door.accepted).toEqual([]);
  });

  test('what was begun is answered before the gateway ends', async () => {
    await using gateway = await startWithBroker();
    let answer: (() => void) | undefined;
    gateway.door.onVerb = () => new Promise<object>((resolve) => (answer = () => resolve({})));
    const reply = ask(gateway, 'session.s1.get');
    await expect.poll(() => answer).toBeDefined();
    const stopped = gateway.stop();
    answer?.();
    expect((await reply).json()).toEqual({});
    await stopped;
  });

  test('the service is seen by whoever looks for services', async () => {
    await using gateway = await startWithBroker();
    await ask(gateway, 'session.s1.get');
    await ask(gateway, 'session.s1.get', '{"x":1}');
    const services = gateway.client.services.client();
    const [found] = await gather(await services.ping('greenroom'));
    expect(found).toMatchObject({ name: 'greenroom', version: '1.2.3' });
    const [info] = await gather(await services.info('greenroom', found?.id));
    expect(info?.endpoints).toContainEqual(
      expect.objectContaining({ name: 'session-get', subject: 'greenroom.v1.*.session.*.get' }),
    );
    const [stats] = await gather(await services.stats('greenroom', found?.id));
    expect(stats?.endpoints).toContainEqual(
      expect.objectContaining({
        name: 'session-get',
        num_requests: 2,
        num_errors: 1,
        last_error: 'invalid_request',
      }),
    );
  });
});
