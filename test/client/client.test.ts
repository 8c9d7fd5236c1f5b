import { describe, expect, test } from 'vitest';
import { type Client, type ClientOptions, connectClient } from '../../src/client/client.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import type { WireEvent } from '../../src/model/event.ts';
import { finished } from '../nats/fake-door.ts';
import { startGateway } from '../nats/gateway.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';

/** A client that is closed with its test. */
const client = async (options: ClientOptions): Promise<Client & AsyncDisposable> => {
  const made = await connectClient(options);
  return Object.assign(made, { [Symbol.asyncDispose]: () => made.close() });
};

const collect = async (events: AsyncIterable<WireEvent>): Promise<string[]> => {
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  return types;
};

describe.skipIf(withoutNatsServer())('the client', () => {
  test("a turn's events come in order and end with turn.finished", async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url);
    await using api = await client({ servers: broker.url });
    const { door } = gateway;
    door.afterTurn = (key, turnId) =>
      door.tell(key, turnId, [
        { type: 'turn.accepted', seq: 1 },
        { type: 'turn.started' },
        finished(),
      ]);
    const types = await collect(api.turn('s1', { prompt: 'hello' }));
    expect(types).toEqual(['turn.accepted', 'turn.started', 'turn.finished']);
  });

  test('a refused turn throws the error of the table', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url);
    await using api = await client({ servers: broker.url });
    gateway.door.onTurn = () => {
      throw new GreenroomError('queue_full', 'no room', { retryAfterMs: 7 });
    };
    const refused = collect(api.turn('s1', { prompt: 'hello' }));
    await expect(refused).rejects.toMatchObject({ code: 'queue_full', retryAfterMs: 7 });
  });

  test('without a daemon a request says so', async () => {
    await using broker = await startBroker();
    await using api = await client({ servers: broker.url });
    await expect(api.session('s1', 'get', {})).rejects.toMatchObject({ code: 'unavailable' });
    await expect(collect(api.turn('s1', { prompt: 'x' }))).rejects.toThrow(/is it running/);
  });

  test('a silent stream is asked for again under the same turn id', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url);
    await using api = await client({ servers: broker.url, silenceMs: 1_000 });
    const { door } = gateway;
    const ids: string[] = [];
    door.afterTurn = (key, turnId) => {
      ids.push(turnId);
      door.tell(key, turnId, ids.length === 1 ? [{ type: 'turn.accepted', seq: 1 }] : [finished()]);
    };
    const types = await collect(api.turn('s1', { prompt: 'hello' }));
    expect(types).toEqual(['turn.accepted', 'turn.finished']);
    expect(new Set(ids).size).toBe(1);
  });

  test('a broker that restarts in the middle of a turn does not end its stream', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url);
    await using api = await client({ servers: broker.url });
    const { door } = gateway;
    let asked = 0;
    door.afterTurn = (key, turnId) => {
      asked++;
      door.tell(key, turnId, asked === 1 ? [{ type: 'turn.accepted', seq: 1 }] : [finished()]);
    };
    const types: string[] = [];
    for await (const { type } of api.turn('s1', { prompt: 'hello' })) {
      types.push(type);
      if (type !== 'turn.accepted') continue;
      await broker.kill();
      await broker.restart();
    }
    expect(types).toEqual(['turn.accepted', 'turn.finished']);
  });

  test('a stream that is open when the client closes says so', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url);
    const api = await connectClient({ servers: broker.url });
    const waiting = collect(api.turn('s1', { prompt: 'hello' }));
    await expect.poll(() => gateway.door.accepted).toHaveLength(1);
    await api.close();
    await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a request that is too large for the broker names the limit', async () => {
    await using broker = await startBroker({ maxPayloadBytes: 4_096 });
    await using api = await client({ servers: broker.url });
    const large = api.session('s1', 'update', { title: 'x'.repeat(5_000) });
    await expect(large).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('4096'),
    });
  });

  test('an id that is none never reaches a subject', async () => {
    await using broker = await startBroker();
    await using api = await client({ servers: broker.url });
    await expect(api.session('a.b', 'get', {})).rejects.toMatchObject({
      code: 'invalid_session_id',
    });
  });
});
