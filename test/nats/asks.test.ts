import { createInbox, headers, type Msg } from 'nats';
import { describe, expect, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { Asks } from '../../src/nats/asks.ts';
import type { Outbox } from '../../src/nats/outbox.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { Publication } from '../../src/session/events/feed.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { finished } from './fake-door.ts';
import { type Gateway, startWithBroker } from './gateway.ts';

interface Heard {
  readonly type: string | undefined;
  readonly n: string | undefined;
}

/** Everything that an ask says, up to and without the empty message. */
const listen = async ({ client }: Gateway, body: string): Promise<Msg[]> => {
  const inbox = createInbox();
  const subscription = client.subscribe(inbox);
  client.publish('greenroom.v1.acme.session.s1.ask', body, { reply: inbox });
  const all: Msg[] = [];
  for await (const msg of subscription) {
    if (msg.data.length === 0) break;
    all.push(msg);
  }
  return all;
};

const heard = (msg: Msg): Heard => ({
  type: (msg.json() as { type?: string }).type,
  n: msg.headers?.get('Greenroom-N'),
});

describe.skipIf(withoutNatsServer())('asks', () => {
  test('each event comes to the inbox with its number, then an empty message', async () => {
    await using gateway = await startWithBroker();
    const { door } = gateway;
    door.afterTurn = (key, turnId) =>
      door.tell(key, turnId, [
        { type: 'turn.accepted', seq: 1 },
        { type: 'delta', block: 0, text: 'hi' },
        finished('hi'),
      ]);
    expect((await listen(gateway, 'hello')).map(heard)).toEqual([
      { type: 'turn.accepted', n: '1' },
      { type: 'delta', n: '2' },
      { type: 'turn.finished', n: '3' },
    ]);
  });

  test.each(['hello', '  [1, 2] is not JSON to us\n', '"quoted"', 'grüße 👋'])(
    'what does not begin with a brace is the prompt itself: %j',
    async (prompt) => {
      await using gateway = await startWithBroker();
      const { door } = gateway;
      door.afterTurn = (key, turnId) => door.tell(key, turnId, [finished()]);
      await listen(gateway, prompt);
      expect(door.accepted.map((turn) => turn.prompt)).toEqual([prompt]);
    },
  );

  test('a refusal is one message with the error, then the empty one', async () => {
    await using gateway = await startWithBroker();
    gateway.door.onTurn = () => {
      throw new GreenroomError('queue_full', 'no room');
    };
    const [only, ...rest] = await listen(gateway, 'hello');
    expect(only?.headers?.get('Nats-Service-Error-Code')).toBe('429');
    expect(rest).toEqual([]);
  });

  test('an invalid ask ends with the empty message too', async () => {
    await using gateway = await startWithBroker();
    const [only, ...rest] = await listen(gateway, '{"prompt":7}');
    expect(only?.headers?.get('Nats-Service-Error-Code')).toBe('400');
    expect(rest).toEqual([]);
  });

  test('the header names the turn of a plain prompt', async () => {
    await using gateway = await startWithBroker();
    const { client, door } = gateway;
    const fields = headers();
    fields.set('Greenroom-Turn-Id', 'mine-1');
    client.publish('greenroom.v1.acme.session.s1.ask', 'hello', { headers: fields });
    await expect.poll(() => door.accepted.map(({ turnId }) => turnId)).toEqual(['mine-1']);
  });

  test("every event is told on its session's subject too", async () => {
    await using gateway = await startWithBroker();
    const { client, door } = gateway;
    const types: (string | undefined)[] = [];
    client.subscribe('greenroom.v1.acme.events.s1', {
      callback: (_, msg) => types.push(heard(msg).type),
    });
    await client.flush();
    door.afterTurn = (key, turnId) =>
      door.tell(key, turnId, [{ type: 'turn.started' }, finished()]);
    await listen(gateway, 'hello');
    await expect.poll(() => types).toEqual(['turn.started', 'turn.finished']);
  });

  test("news of sessions are told on their tenant's lifecycle subject", async () => {
    await using gateway = await startWithBroker();
    const { client, door } = gateway;
    const news: unknown[] = [];
    client.subscribe('greenroom.v1.acme.lifecycle', {
      callback: (_, msg) => news.push(msg.json()),
    });
    await client.flush();
    door.feed.announce('acme' as never, { type: 'session.created', sessionId: 's1' });
    await expect
      .poll(() => news)
      .toEqual([
        { at: expect.any(String), tenant: 'acme', type: 'session.created', sessionId: 's1' },
      ]);
  });

  test('an event larger than a quarter of the largest message comes without its content', async () => {
    await using gateway = await startWithBroker();
    const { door } = gateway;
    door.afterTurn = (key, turnId) => door.tell(key, turnId, [finished('x'.repeat(300_000))]);
    const [only] = await listen(gateway, 'hello');
    expect(only?.json()).toMatchObject({
      type: 'turn.finished',
      status: 'completed',
      truncated: true,
    });
    expect(only?.data.length).toBeLessThan(1_000);
  });
});

describe('a silent ask', () => {
  const key = { tenant: 'acme', sessionId: 's1' } as never;
  const event = {
    key,
    turnId: 't1' as never,
    attempt: 1,
    n: 1,
    atMs: 0,
    body: { type: 'turn.accepted', seq: 1 },
  } as const;

  test('is pinged every ten seconds, so that its reader does not take it for lost', async () => {
    const clock = virtualClock();
    const sent: string[] = [];
    const outbox = {
      publish: (_: string, data: Uint8Array) => sent.push(Buffer.from(data).toString()),
    } as unknown as Outbox;
    const asks = new Asks(outbox, clock, { open: 10, eventBytes: 1_000 });
    asks.open(key, 'inbox').tell(new Publication(event));
    await clock.advance(25_000);
    expect(sent.slice(1).map((text) => JSON.parse(text))).toEqual([
      expect.objectContaining({ type: 'ping', turnId: 't1', sessionId: 's1' }),
      expect.objectContaining({ type: 'ping', turnId: 't1', sessionId: 's1' }),
    ]);
  });
});
