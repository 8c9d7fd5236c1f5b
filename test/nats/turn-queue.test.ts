import { connect } from 'nats';
import { describe, expect, test } from 'vitest';
import type { LinkFace } from '../../src/nats/link.ts';
import { Outbox } from '../../src/nats/outbox.ts';
import { Subjects } from '../../src/nats/subjects.ts';
import { TurnQueue, WINDOW } from '../../src/nats/turn-queue.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { FakeDoor } from './fake-door.ts';

const connected = async (url: string) => {
  const clock = virtualClock();
  const nc = await connect({ servers: url });
  const link: LinkFace = {
    nc,
    outbox: new Outbox(nc, clock, () => true),
    maxPayloadBytes: 1024 * 1024,
    url,
    isConnected: () => true,
    onReconnect: () => () => undefined,
  };
  return { clock, link, [Symbol.asyncDispose]: () => nc.close() };
};

describe.skipIf(withoutNatsServer())('the turn queue', () => {
  test('starts nothing any more when it is paused while it is being opened', async () => {
    await using broker = await startBroker();
    await using connection = await connected(broker.url);
    const { clock, link } = connection;
    const door = new FakeDoor();
    const subjects = new Subjects('greenroom');
    const rest = { subjects, storeId: 'store-a', window: WINDOW, onLost: () => undefined };
    const jsm = await link.nc.jetstreamManager();
    const queue = new TurnQueue({ link, clock, feed: door.feed, door, ...rest }, jsm);
    const opening = queue.open();
    await queue.pause();
    await opening;
    expect(clock.timers).toBe(0);
  });
});
