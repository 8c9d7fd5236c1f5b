import { headers, type NatsConnection } from 'nats';
import { describe, expect, test, vi } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import type { Tenant } from '../../src/model/ids.ts';
import { intakeName } from '../../src/nats/intake.ts';
import { refusedTurnsName } from '../../src/session/ports/refused-turns.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { FakeDoor, finished } from './fake-door.ts';
import { startGateway, startWithBroker } from './gateway.ts';

const storeId = 'store-a';
const turnOf = (session: string) => `greenroom.v1.acme.session.${session}.turn`;

/** Publishes as any client would, and waits for the broker's word. */
const publish = async (client: NatsConnection, session: string, ...prompts: string[]) => {
  for (const prompt of prompts) await client.jetstream().publish(turnOf(session), prompt);
};

/** While a broker comes back, a publish may be lost with the connection; the turn id makes trying again safe. */
const publishSoon = (client: NatsConnection, session: string, prompt: string, turnId = 'soon') =>
  vi.waitFor(
    () =>
      client.jetstream().publish(turnOf(session), JSON.stringify({ prompt, turnId }), {
        timeout: 300,
      }),
    { timeout: 10_000, interval: 5 },
  );

const prompts = (door: FakeDoor, session?: string) =>
  door.accepted
    .filter(({ key }) => session === undefined || key === `acme/${session}`)
    .map(({ prompt }) => prompt);

const queued = async (client: NatsConnection): Promise<number> => {
  const jsm = await client.jetstreamManager();
  return (await jsm.streams.info('GREENROOM_TURNS')).state.messages;
};

describe.skipIf(withoutNatsServer())('the intake', () => {
  test('a request that is published while no intake runs is handed over once when one starts', async () => {
    await using broker = await startBroker();
    const door = new FakeDoor();
    await using first = await startGateway(broker.url, { door, storeId });
    await first.stop();
    await publish(first.client, 's1', 'hello');
    await using second = await startGateway(broker.url, { door, storeId });
    await expect.poll(() => prompts(door)).toEqual(['hello']);
    await expect.poll(() => queued(second.client)).toBe(0);
  });

  test('a turn id that comes twice makes one turn', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    const { client, door } = gateway;
    await publish(
      client,
      's1',
      '{"prompt":"a","turnId":"t1"}',
      '{"prompt":"a","turnId":"t1"}',
      'z',
    );
    await expect.poll(() => prompts(door)).toEqual(['a', 'z']);
    await expect.poll(() => queued(client)).toBe(0);
  });

  test('one session gets its turns in the order of the stream', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    const texts = Array.from({ length: 50 }, (_, n) => `turn ${n}`);
    await publish(gateway.client, 's1', ...texts);
    await expect.poll(() => prompts(gateway.door)).toEqual(texts);
  });

  test('what was accepted and not acknowledged is recognised after a crash', async () => {
    await using broker = await startBroker();
    const door = new FakeDoor();
    await using gateway = await startGateway(broker.url, { door, storeId });
    const { client, system, tree } = gateway;
    let crashed = false;
    door.onTurn = (_key, _turnId, { prompt }) => {
      if (prompt !== 'two' || crashed) return;
      crashed = true; // accepted below, but the intake is gone before it can acknowledge
      const intake = system.tree(tree).children.find(({ id }) => id === 'intake');
      if (intake?.ref !== undefined) system.exit(intake.ref, 'kill');
    };
    await publish(client, 's1', 'one', 'two', 'three');
    await expect.poll(() => prompts(door)).toEqual(['one', 'two', 'three']);
    await expect.poll(() => queued(client)).toBe(0);
    expect(crashed).toBe(true);
  });

  test('a full session keeps its order and lets the others pass', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    const { client, door } = gateway;
    let isFull = true;
    door.onTurn = ({ sessionId }) => {
      if (isFull && sessionId === 'full')
        throw new GreenroomError('queue_full', 'no room', { retryAfterMs: 60_000 });
    };
    const texts = Array.from({ length: 30 }, (_, n) => `turn ${n}`);
    await publish(client, 'full', ...texts);
    await publish(client, 'free', 'passes');
    await expect.poll(() => prompts(door, 'free')).toEqual(['passes']);
    expect(prompts(door, 'full')).toEqual([]);
    isFull = false;
    door.tell({ tenant: 'acme', sessionId: 'full' } as never, 'some-turn' as never, [finished()]);
    await expect.poll(() => prompts(door, 'full')).toEqual(texts);
  });

  test('more than the window holds for a full session does not stop the others', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId, window: { messages: 20 } });
    const { client, door } = gateway;
    let isFull = true;
    door.onTurn = ({ sessionId }) => {
      if (isFull && sessionId === 'full') throw new GreenroomError('queue_full', 'no room');
    };
    const texts = Array.from({ length: 100 }, (_, n) => `turn ${n}`);
    await publish(client, 'full', ...texts);
    await publish(client, 'free', 'passes');
    await expect.poll(() => prompts(door, 'free')).toEqual(['passes']);
    expect(gateway.system.fetch(intakeName).stats.inHand).toBe(100);
    isFull = false;
    await expect.poll(() => prompts(door, 'full')).toEqual(texts);
  });

  test('a passing failure is tried again and not refused', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    const { client, door } = gateway;
    let failures = 3;
    door.onTurn = () => {
      if (failures-- > 0) throw new GreenroomError('storage_failed', 'a commit failed');
    };
    await publish(client, 's1', 'hello');
    await expect.poll(() => prompts(door)).toEqual(['hello']);
    expect(door.rejected).toEqual([]);
  });

  test('a refusal is kept, told and acknowledged', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    const { client, door } = gateway;
    await publish(client, 's1', '{"prompt":"x","turnId":"t9","nonsense":1}');
    await expect.poll(() => door.rejected).toHaveLength(1);
    expect(door.rejected[0]).toMatchObject({
      key: 'acme/s1',
      turnId: 't9',
      error: { code: 'invalid_request' },
    });
    await expect.poll(() => queued(client)).toBe(0); // it is told before it is kept, and acknowledged behind both
    const jsm = await client.jetstreamManager();
    const kept = await jsm.streams.getMessage('GREENROOM_DEAD', {
      last_by_subj: 'greenroom.v1.acme.dead.s1',
    });
    expect(kept.string()).toContain('nonsense');
    expect(kept.header.get('Greenroom-Error-Code')).toBe('invalid_request');
    const { newest } = gateway.system.fetch(refusedTurnsName);
    expect(await newest({ tenant: 'acme' as Tenant, limit: 5 })).toMatchObject([
      { sessionId: 's1', turnId: 't9', code: 'invalid_request' },
    ]);
    expect(await newest({ tenant: 'acme' as Tenant, sessionId: 's2', limit: 5 })).toEqual([]);
    expect(await newest({ tenant: 'beta' as Tenant, limit: 5 })).toEqual([]);
  });

  test('the newest refusals of a tenant are found among those of others, with few questions', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    const { client, system } = gateway;
    const js = client.jetstream();
    const all: { tenant: string; sessionId: string; turnId: string }[] = [];
    for (let n = 0; n < 400; n += 1) {
      const tenant = n % 40 === 7 ? 'acme' : 'beta';
      const kept = { tenant, sessionId: `s${n % 3}`, turnId: `t${n}` };
      all.push(kept);
      const fields = headers();
      fields.set('Greenroom-Turn-Id', kept.turnId);
      await js.publish(`greenroom.v1.${tenant}.dead.${kept.sessionId}`, '{}', { headers: fields });
    }
    let questions = 0;
    void (async () => {
      for await (const _ of client.subscribe('$JS.API.STREAM.MSG.GET.>')) questions += 1;
    })();
    const { newest } = system.fetch(refusedTurnsName);
    const expected = (tenant: string, limit: number, sessionId?: string) =>
      all
        .filter(
          (each) => each.tenant === tenant && (sessionId ?? each.sessionId) === each.sessionId,
        )
        .toReversed()
        .slice(0, limit)
        .map(({ sessionId: id, turnId }) => ({ sessionId: id, turnId }));
    for (const [tenant, limit, sessionId] of [
      ['acme', 3],
      ['acme', 50],
      ['acme', 2, 's1'],
      ['beta', 5],
      ['beta', 390],
      ['gamma', 5],
    ] as const) {
      const wanted = { tenant: tenant as Tenant, limit, ...(sessionId ? { sessionId } : {}) };
      expect(await newest(wanted)).toMatchObject(expected(tenant, limit, sessionId));
      expect(await newest(wanted)).toHaveLength(expected(tenant, limit, sessionId).length);
    }
    await client.flush();
    const before = questions;
    await newest({ tenant: 'acme' as Tenant, limit: 5 });
    await client.flush();
    expect(questions - before).toBeLessThan(20);
  });

  test('a refusal is told before it is kept', async () => {
    await using gateway = await startWithBroker({ storeId });
    const { client, door } = gateway;
    const kept = async () =>
      (await (await client.jetstreamManager()).streams.info('GREENROOM_DEAD')).state.messages;
    let keptBefore: number | undefined;
    door.onReject = async () => {
      keptBefore = await kept();
    };
    await publish(client, 's1', '{"prompt":7}');
    await expect.poll(kept).toBe(1);
    expect(keptBefore).toBe(0);
  });

  test('a refused request that fills the largest message is kept without its body', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    const { client, door } = gateway;
    const maxBytes = client.info?.max_payload ?? 0;
    await publish(client, 's1', '{"prompt":7}'.padEnd(maxBytes), 'next');
    await expect.poll(() => prompts(door)).toEqual(['next']);
    expect(door.rejected).toHaveLength(1);
    const dead = { last_by_subj: 'greenroom.v1.acme.dead.s1' };
    const { streams } = await client.jetstreamManager();
    const { header, data } = await streams.getMessage('GREENROOM_DEAD', dead);
    expect([data.length, header.get('Greenroom-Omitted-Bytes')]).toEqual([0, String(maxBytes)]);
  });

  test('a broker whose largest message is larger than the window is read nevertheless', async () => {
    await using broker = await startBroker({ maxPayloadBytes: 64 * 1024 * 1024 });
    await using gateway = await startGateway(broker.url, { storeId });
    await publish(gateway.client, 's1', 'hello');
    await expect.poll(() => prompts(gateway.door)).toEqual(['hello']);
  });

  test('a refusal comes after the turns before it', async () => {
    await using gateway = await startWithBroker({ storeId });
    const { client, door } = gateway;
    let acceptedBefore: unknown[] = [];
    door.onReject = () => {
      acceptedBefore = prompts(door);
    };
    await publish(client, 's1', 'one', '{"prompt":7}');
    await expect.poll(() => door.rejected).toHaveLength(1);
    expect(acceptedBefore).toEqual(['one']);
  });

  test('a consumer that somebody deletes is made again', async () => {
    await using gateway = await startWithBroker({ storeId });
    const { client, door } = gateway;
    await publish(client, 's1', 'one');
    await expect.poll(() => prompts(door)).toEqual(['one']);
    const { consumers } = await client.jetstreamManager();
    // 2.9 may delete it and then fail over a file that it is still writing
    await consumers.delete('GREENROOM_TURNS', 'intake').catch(() => undefined);
    await publish(client, 's1', 'two');
    await expect.poll(() => prompts(door)).toEqual(['one', 'two']);
  });

  test('the header names the turn of a plain prompt', async () => {
    await using gateway = await startWithBroker({ storeId });
    const fields = headers();
    fields.set('greenroom-turn-id', 'mine-1');
    await gateway.client.jetstream().publish(turnOf('s1'), 'hello', { headers: fields });
    await expect.poll(() => gateway.door.accepted[0]?.turnId).toBe('mine-1');
  });

  test('a turn without an id is named after its place in the stream', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    await publish(gateway.client, 's1', 'hello');
    await expect.poll(() => gateway.door.accepted).toHaveLength(1);
    expect(gateway.door.accepted[0]?.turnId).toMatch(/^js-\d{13}-1$/);
  });

  test('a broker that is killed and comes back loses nothing', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    const { client, door } = gateway;
    await publish(client, 's1', 'one', 'two');
    await broker.kill();
    await broker.restart();
    await publishSoon(client, 's1', 'three');
    await expect.poll(() => prompts(door).at(-1)).toBe('three');
    expect(prompts(door).slice(0, 2)).toEqual(['one', 'two']);
  });

  test('turns keep their order and none is lost while the broker is killed under load', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    const { client, door } = gateway;
    const sessions = ['a', 'b', 'c', 'd'];
    const texts = Array.from({ length: 60 }, (_, n) => `turn ${n}`);
    const load = sessions.map(async (session) => {
      for (const prompt of texts)
        await publishSoon(client, session, prompt, prompt.replace(' ', '-'));
    });
    for (const accepted of [40, 120]) {
      await expect.poll(() => door.accepted.length).toBeGreaterThan(accepted);
      await broker.kill();
      await broker.restart();
    }
    await Promise.all(load);
    for (const session of sessions) await expect.poll(() => prompts(door, session)).toEqual(texts);
  });

  test('a queue that vanished with its broker is made again', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url, { storeId });
    const { client, door } = gateway;
    await publish(client, 's1', 'before');
    await expect.poll(() => prompts(door)).toEqual(['before']);
    await broker.kill();
    broker.loseData();
    await broker.restart();
    await publishSoon(client, 's1', 'after');
    await expect.poll(() => prompts(door)).toContain('after');
  });

  test("another store's daemon is refused", async () => {
    await using broker = await startBroker();
    await using _first = await startGateway(broker.url, { storeId: 'store-a' });
    const second = startGateway(broker.url, { storeId: 'store-b' });
    await expect(second).rejects.toThrow(/is not of our store store-b/);
  });
});
