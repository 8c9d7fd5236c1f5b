/** What we make in the broker is taken away, filled or lost while we run: it is made again, or told of and ended. */
import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { describe, expect, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { type Gateway, startGateway } from './gateway.ts';

const QUEUE = 'GREENROOM_TURNS';
const REFUSED = 'GREENROOM_DEAD';

const setUp = async () => {
  const broker = await startBroker();
  const gateway = await startGateway(broker.url, { storeId: 'store-1' });
  const nc = await connect({
    servers: broker.url,
    reconnectTimeWait: 50,
    maxReconnectAttempts: -1,
  });
  const jsm = await nc.jetstreamManager();
  gateway.door.onTurn = (_, turnId) => {
    if (turnId.startsWith('refused'))
      throw new GreenroomError('invalid_state', 'not now, not ever');
  };
  const dispose = async () => {
    await nc.close();
    await gateway[Symbol.asyncDispose]();
    await broker.stop();
  };
  return { broker, gateway, nc, jsm, [Symbol.asyncDispose]: dispose };
};

const sendTurn = (nc: NatsConnection, turnId: string) =>
  nc
    .jetstream()
    .publish('greenroom.v1.acme.session.s1.turn', JSON.stringify({ prompt: 'hello', turnId }));

const waiting = async (jsm: JetStreamManager) => (await jsm.streams.info(QUEUE)).state.messages;

const told = ({ notices }: Gateway, text: string) => notices.filter((line) => line.includes(text));

describe.skipIf(withoutNatsServer())('taken away while running', () => {
  test('the record of refused turns: it is made again, the refusal is told once and kept, the session goes on', async () => {
    await using given = await setUp();
    const { gateway, nc, jsm } = given;
    await jsm.streams.delete(REFUSED);
    await sendTurn(nc, 'refused-1');
    await sendTurn(nc, 'good-1');
    await until(() => gateway.door.accepted.length === 1);
    expect(gateway.door.rejected.map(({ turnId }) => turnId)).toEqual(['refused-1']);
    expect((await jsm.streams.info(REFUSED)).state.messages).toBe(1);
    await until(async () => (await waiting(jsm)) === 0);
    expect(told(gateway, 'the record of refused turns was gone')).toHaveLength(1);
  });

  test('the record of refused turns is full and refuses more: that is in the log, and the message ends', async () => {
    await using given = await setUp();
    const { gateway, nc, jsm } = given;
    await jsm.streams.delete(REFUSED);
    await jsm.streams.add({
      name: REFUSED,
      subjects: ['greenroom.v1.*.dead.*'],
      max_msgs: 1,
      discard: 'new' as never,
    });
    for (const id of ['refused-1', 'refused-2', 'good-1']) await sendTurn(nc, id);
    await until(() => gateway.door.accepted.length === 1);
    expect(gateway.door.rejected.map(({ turnId }) => turnId)).toEqual(['refused-1', 'refused-2']);
    expect(told(gateway, 'error a refused turn cannot be kept and is dropped')).toHaveLength(1);
    await until(async () => (await waiting(jsm)) === 0);
  });

  test('the queue: it is made again, what is lost is told of, and turns come in', async () => {
    await using given = await setUp();
    const { gateway, nc, jsm } = given;
    await jsm.streams.delete(QUEUE);
    await until(() => told(gateway, 'the queue was gone and is made anew').length === 1);
    // Its publisher may still be told that nobody listens: the server takes the old stream away meanwhile.
    await until(() =>
      sendTurn(nc, 'good-1').then(
        () => true,
        () => false,
      ),
    );
    await until(() => gateway.door.accepted.length === 1);
  });

  test('the consumer: it is made again and told of', async () => {
    await using given = await setUp();
    const { gateway, nc, jsm } = given;
    await jsm.consumers.delete(QUEUE, 'intake');
    await until(() => told(gateway, 'warn the consumer of the queue was lost').length > 0);
    await sendTurn(nc, 'good-1');
    await until(() => gateway.door.accepted.length === 1);
  });

  test('the broker with all that it held: lost, back, and the queue made anew are each a line', async () => {
    await using given = await setUp();
    const { gateway, nc, broker } = given;
    await broker.kill();
    broker.loseData();
    await until(() => told(gateway, 'warn the broker is lost').length === 1);
    await broker.restart();
    await until(() => told(gateway, 'the queue was gone and is made anew').length === 1);
    expect(
      gateway.notices.filter((line) => /^info the broker is back after [\d.]+ s$/.test(line)),
    ).toHaveLength(1);
    await until(() =>
      sendTurn(nc, 'good-1').then(
        () => true,
        () => false,
      ),
    );
    await until(() => gateway.door.accepted.length === 1);
  });
});
