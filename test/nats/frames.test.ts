/** Messages that leave together are what the client would have sent one by one. */
import { connect, type Msg, type NatsConnection } from 'nats';
import { describe, expect, test } from 'vitest';
import { framesOf, type Message, senderOn } from '../../src/nats/frames.ts';
import { Outbox } from '../../src/nats/outbox.ts';
import { headerOfN } from '../../src/nats/wire.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';

const message = (subject: string, text: string, n = 0): Message => ({
  subject,
  data: Buffer.from(text),
  headers: headerOfN(n),
});

const MESSAGES = [
  message('a.b', 'hello'),
  message('a.c', '', 7),
  message('a.Käse', 'größer als ASCII', 300),
  message('a.empty', ''),
];

/** What a subscriber of everything has heard of. */
const listen = async (url: string) => {
  const nc = await connect({ servers: url });
  const heard: Msg[] = [];
  nc.subscribe('>', { callback: (_, msg) => heard.push(msg) });
  await nc.flush();
  return { heard, [Symbol.asyncDispose]: () => nc.close() };
};

const plain = ({ subject, data, headers }: Msg) => [
  subject,
  Buffer.from(data).toString(),
  headers?.get('Greenroom-N') ?? '',
];

/** Calls of the client's inside, with how many bytes. */
const spyOn = (nc: NatsConnection): number[] => {
  const { protocol } = nc as unknown as { protocol: { sendCommand(bytes: Uint8Array): void } };
  const send = protocol.sendCommand.bind(protocol);
  const calls: number[] = [];
  protocol.sendCommand = (bytes) => {
    calls.push(bytes.length);
    send(bytes);
  };
  return calls;
};

test('a frame is a line, the headers, the data, and an end', () => {
  expect(Buffer.from(framesOf(MESSAGES.slice(0, 2))).toString()).toBe(
    'PUB a.b 5\r\nhello\r\nHPUB a.c 28 28\r\nNATS/1.0\r\nGreenroom-N: 7\r\n\r\n\r\n',
  );
});

describe.skipIf(withoutNatsServer())('messages that leave together', () => {
  test('arrive in order, as those that the client sends', async () => {
    await using broker = await startBroker();
    await using listener = await listen(broker.url);
    const nc = await connect({ servers: broker.url });
    expect(senderOn(nc)(MESSAGES)).toBe(MESSAGES.length);
    const withoutInside = new Proxy(nc, {
      get: (of, name) => (name === 'protocol' ? undefined : Reflect.get(of, name).bind?.(of)),
    });
    expect(senderOn(withoutInside)(MESSAGES)).toBe(MESSAGES.length);
    await nc.flush();
    await expect.poll(() => listener.heard.length).toBe(2 * MESSAGES.length);
    const seen = listener.heard.map(plain);
    expect(seen.slice(0, MESSAGES.length)).toEqual(seen.slice(MESSAGES.length));
    expect(nc.stats().outMsgs).toBe(2 * MESSAGES.length);
    await nc.close();
  });

  test('are one write of the installed client', async () => {
    await using broker = await startBroker();
    const clock = virtualClock();
    const nc = await connect({ servers: broker.url });
    const calls = spyOn(nc);
    const outbox = new Outbox(nc, clock, () => true);
    for (const { subject, data, headers } of MESSAGES) outbox.publish(subject, data, headers);
    await clock.settle();
    expect(calls).toEqual([framesOf(MESSAGES).length]);
    expect(outbox.published).toBe(MESSAGES.length);
    await nc.close();
  });

  test('leave out the one that is larger than the broker takes', async () => {
    await using broker = await startBroker();
    await using listener = await listen(broker.url);
    const nc = await connect({ servers: broker.url });
    const outbox = new Outbox(nc, virtualClock(), () => true);
    outbox.publish('a.first', Buffer.from('1'));
    outbox.publish('a.large', Buffer.alloc((nc.info?.max_payload ?? 0) + 1));
    outbox.publish('a.last', Buffer.from('2'));
    outbox.flush();
    await nc.flush();
    await expect
      .poll(() => listener.heard.map(({ subject }) => subject))
      .toEqual(['a.first', 'a.last']);
    expect([outbox.published, outbox.lost]).toEqual([2, 1]);
    await nc.close();
  });

  test('are lost, and counted, on a connection that drains', async () => {
    await using broker = await startBroker();
    const nc = await connect({ servers: broker.url });
    const outbox = new Outbox(nc, virtualClock(), () => true);
    await nc.drain();
    outbox.publish('a.b', Buffer.from('late'));
    outbox.flush();
    expect([outbox.published, outbox.lost]).toEqual([0, 1]);
  });
});
