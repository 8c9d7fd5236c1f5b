import { headers, type Msg } from 'nats';
import { describe, expect, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { apiName } from '../../src/nats/api.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { ask, refusal, startWithBroker } from './gateway.ts';

describe.skipIf(withoutNatsServer())('refusals', () => {
  test.each([
    ['session.s1.get', '{', '400', 'invalid_json'],
    ['session.s1.get', '[', '400', 'invalid_json'],
    ['session.s1.get', `${'['.repeat(500)}${']'.repeat(500)}`, '400', 'invalid_json'],
    ['session.s1.get', '[]', '400', 'invalid_request'],
    ['session.s1.get', '{"x":1}', '400', 'invalid_request'],
    ['session.s1.update', '{"title":7}', '400', 'invalid_request'],
    ['session.s1.update', '{"permissionMode":"whatever"}', '422', 'invalid_settings'],
    ['sessions.search', '{"after":"no date"}', '422', 'invalid_criteria'],
    ['sessions.search', '{"limit":5000}', '422', 'invalid_criteria'],
    ['sessions.search', '{"colour":"red"}', '422', 'invalid_criteria'],
    ['session.a$b.get', '', '400', 'invalid_session_id'],
    [`session.${'x'.repeat(129)}.get`, '', '400', 'invalid_session_id'],
    ['session.a.b.get', '', '400', 'invalid_session_id'],
    ['session.s1.dance', '', '400', 'unknown_verb'],
    ['session.s1', '', '400', 'unknown_verb'],
    ['sessions.dance', '', '400', 'unknown_verb'],
    ['sessions.search.more', '', '400', 'unknown_verb'],
    ['daemon.dance', '', '400', 'unknown_verb'],
    ['session.s1.ask', '', '400', 'invalid_request'],
    ['session.s1.ask', '   ', '400', 'invalid_request'],
    ['session.s1.ask', '{"promt":"x"}', '400', 'invalid_request'],
    ['session.s1.ask', '{"prompt":"x"', '400', 'invalid_json'],
    ['session.s1.ask', '{"prompt":"x","turnId":"a b"}', '400', 'invalid_request'],
  ])('%s with %j is refused', async (rest, body, status, code) => {
    await using gateway = await startWithBroker();
    expect(refusal(await ask(gateway, rest, body))).toEqual({ status, code });
    expect(gateway.door.calls).toEqual([]);
    expect(gateway.door.accepted).toEqual([]);
  });

  test('a tenant that is no id is refused', async () => {
    await using gateway = await startWithBroker();
    const reply = await gateway.client.request('greenroom.v1.a$.session.s1.get');
    expect(refusal(reply).code).toBe('invalid_session_id');
  });

  test('bytes that are no UTF-8 are refused', async () => {
    await using gateway = await startWithBroker();
    const reply = await gateway.client.request(
      'greenroom.v1.acme.session.s1.ask',
      new Uint8Array([0xff, 0xfe]),
    );
    expect(refusal(reply).code).toBe('invalid_request');
  });

  test("the door's refusal has its code, its status and its details", async () => {
    await using gateway = await startWithBroker();
    gateway.door.onVerb = () => {
      throw new GreenroomError('version_conflict', 'changed\r\nmeanwhile', {
        details: { version: 4 },
      });
    };
    const reply = await ask(gateway, 'session.s1.tag', '{"tags":["a"]}');
    expect(refusal(reply)).toEqual({ status: '409', code: 'version_conflict' });
    expect(reply.json()).toMatchObject({ error: { retryable: false, details: { version: 4 } } });
  });

  test('a bug keeps its text to itself', async () => {
    await using gateway = await startWithBroker();
    gateway.door.onVerb = () => {
      throw new Error('password is hunter2');
    };
    const reply = await ask(gateway, 'session.s1.get');
    expect(refusal(reply)).toEqual({ status: '500', code: 'internal' });
    expect(reply.string()).not.toContain('hunter2');
  });

  test('a bug leaves one crash report, which has its stack and names the request', async () => {
    await using gateway = await startWithBroker();
    const bug = new Error('password is hunter2');
    gateway.door.onVerb = () => {
      throw bug;
    };
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const fields = headers();
    fields.set('Greenroom-Trace', traceId);
    await gateway.client.request('greenroom.v1.acme.session.s1.get', '', {
      ...{ timeout: 5_000, headers: fields },
    });
    expect(gateway.reports).toEqual([
      {
        ...{ kind: 'fault', actor: 'nats-api', error: bug },
        during: 'the request greenroom.v1.acme.session.s1.get',
        where: { tenant: 'acme', sessionId: 's1', traceId },
      },
    ]);
  });

  test('a turn that meets a bug leaves a crash report too', async () => {
    await using gateway = await startWithBroker();
    gateway.door.onTurn = () => {
      throw new TypeError('no such thing');
    };
    expect(refusal(await ask(gateway, 'session.s1.ask', 'hello')).code).toBe('internal');
    expect(gateway.reports).toMatchObject([
      { kind: 'fault', during: 'the request greenroom.v1.acme.session.s1.ask' },
    ]);
  });

  test('a timeout that is no number of milliseconds is refused', async () => {
    await using gateway = await startWithBroker();
    for (const timeout of ['abc', '-5', '0', '1.5', '1e3', '0x10']) {
      const fields = headers();
      fields.set('Greenroom-Timeout-Ms', timeout);
      const subject = 'greenroom.v1.acme.session.s1.get';
      const reply = await gateway.client.request(subject, '', { timeout: 5_000, headers: fields });
      expect([timeout, refusal(reply).code]).toEqual([timeout, 'invalid_request']);
    }
    expect(gateway.door.calls).toEqual([]);
  });

  test('more requests than the limit are refused, and only those', async () => {
    await using gateway = await startWithBroker({ api: { limits: { inFlight: 2 } } });
    const release: (() => void)[] = [];
    gateway.door.onVerb = () => new Promise<object>((resolve) => release.push(() => resolve({})));
    const replies = [1, 2, 3].map(() => ask(gateway, 'session.s1.get'));
    expect(refusal((await replies[2]) as Msg)).toEqual({ status: '429', code: 'mailbox_full' });
    for (const answer of release) answer();
    expect((await replies[0])?.json()).toEqual({});
  });

  test('a tenant that fills the limit leaves room for another one', async () => {
    await using gateway = await startWithBroker({ api: { limits: { inFlight: 3 } } });
    const release: (() => void)[] = [];
    gateway.door.onVerb = () => new Promise<object>((resolve) => release.push(() => resolve({})));
    const replies = ['acme', 'acme', 'acme', 'acme', 'beta', 'beta'].map((tenant) =>
      gateway.client.request(`greenroom.v1.${tenant}.session.s1.get`, '', { timeout: 5_000 }),
    );
    for (const at of [3, 5])
      expect(refusal((await replies[at]) as Msg)).toEqual({ status: '429', code: 'mailbox_full' });
    expect(gateway.system.fetch(apiName).stats.inFlight).toBe(4);
    for (const answer of release) answer();
    for (const at of [0, 1, 2, 4]) expect((await replies[at])?.json()).toEqual({});
  });

  test('a request that is not answered in its time is told so, once', async () => {
    await using gateway = await startWithBroker({ api: { limits: { timeoutMs: 10 } } });
    let answer: (() => void) | undefined;
    gateway.door.onVerb = () => new Promise<object>((resolve) => (answer = () => resolve({})));
    const reply = await ask(gateway, 'session.s1.get');
    expect(refusal(reply)).toEqual({ status: '408', code: 'deadline_exceeded' });
    answer?.();
    expect(gateway.system.fetch(apiName).stats.inFlight).toBe(0);
  });

  test('a daemon that drains refuses what is new', async () => {
    await using gateway = await startWithBroker();
    gateway.system.fetch(apiName).drain();
    expect(refusal(await ask(gateway, 'session.s1.get'))).toEqual({
      status: '503',
      code: 'draining',
    });
  });
});
