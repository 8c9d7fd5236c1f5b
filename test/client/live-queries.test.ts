/** Live queries over a real broker, which goes away, and which keeps tenants apart. One Greenroom serves all cases. */
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Client, type ClientOptions, connectClient } from '../../src/client/client.ts';
import { SessionsFacade } from '../../src/index.ts';
import { apiName } from '../../src/nats/api.ts';
import { preparedGreenroom } from '../support/greenroom.ts';
import { startBroker, type TestBroker, withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { Watching } from '../support/watching.ts';

const PAYLOAD = 64 * 1024;

describe.skipIf(withoutNatsServer())('a live query over a broker', () => {
  let broker: TestBroker;
  const nats = { url: '' };
  beforeAll(async () => {
    broker = await startBroker({ maxPayloadBytes: PAYLOAD });
    nats.url = broker.url;
    return () => broker.stop();
  });
  const room = preparedGreenroom(async () => undefined, { nats });

  const connected = async (options: Partial<ClientOptions> = {}): Promise<Client> => {
    const client = await connectClient({ servers: broker.url, ...options });
    onTestFinished(() => client.close());
    return client;
  };

  it('tells the same as an embedded one, in pieces that the broker takes', async () => {
    const { sessions } = room();
    const description = 'x'.repeat(190);
    for (let n = 0; n < 220; n += 1)
      await sessions.create(`many-${n}`, { tags: ['many'], description });
    const [near, far] = [
      new Watching(sessions.watch({ tags: ['many'] })),
      new Watching(new SessionsFacade(await connected()).watch({ q: 'tag:many' })),
    ];
    await until(() => near.told.length === 1 && far.told.length === 1);
    expect(far.told).toEqual(['present opened 220']);
    for (let n = 0; n < 220; n += 2) await sessions.update(`many-${n}`, { title: `title ${n}` });
    await sessions.delete('many-1');
    await until(() => far.told.includes('left many-1') && near.told.includes('left many-1'));
    await until(() => far.told.length === near.told.length);
    expect(far.members).toEqual(near.members);
    expect(far.members.get('many-218')).toBe('title 218');
  });

  it('goes on behind a broker that was away: nothing that changed meanwhile is missing', async () => {
    const { sessions } = room();
    await sessions.create('a', { tags: ['gone'] });
    const client = await connected();
    const far = new Watching(new SessionsFacade(client).watch({ tags: ['gone'] }));
    await until(() => far.told.length === 1);
    await broker.kill();
    await sessions.create('b', { tags: ['gone'] });
    await sessions.update('a', { title: 'later' });
    await broker.restart();
    await until(() => far.told.length >= 3);
    // The daemon has lived on, so this is no new beginning.
    expect(far.told).toEqual(['present opened 1', 'entered b', 'changed a']);
    expect(far.members.get('a')).toBe('later');
    await client.close();
    await expect(far.done).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is of its tenant alone, and hears of no other', async () => {
    const other = await connected({ tenant: 'other' });
    const mine = await connected();
    const { watchId } = await mine.sessions('watch-open', { q: 'tag:wall' });
    expect(await other.sessions('watch-next', { watchId, waitMs: 0 })).toEqual({
      resync: 'unknown',
    });
    await other.sessions('watch-close', { watchId });
    const watching = new Watching(new SessionsFacade(other).watch({ tags: ['wall'] }));
    await until(() => watching.told.length === 1);
    await new SessionsFacade(mine).create('w1', { tags: ['wall'] });
    await new SessionsFacade(other).create('w2', { tags: ['wall'] });
    await until(() => watching.told.length > 1);
    expect(watching.told).toEqual(['present opened 0', 'entered w2']);
    expect(await mine.sessions('watch-next', { watchId })).toMatchObject({
      changes: [{ type: 'entered', sessionId: 'w1' }],
    });
  });

  it('that waits takes no place among the requests under way, and ends when the daemon does', async () => {
    const client = await connected();
    const api = room().greenroom.system.fetch(apiName);
    const opened = await Promise.all(
      Array.from({ length: 20 }, () => client.sessions('watch-open', { tags: ['nothing'] })),
    );
    const waiting = opened.map(({ watchId }) =>
      client.sessions('watch-next', { watchId, waitMs: 20_000 }).then(
        () => 'answered',
        (error: { code?: string }) => error.code,
      ),
    );
    await client.daemon('ping');
    expect(api.stats.inFlight).toBe(0);
    await room().stop();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['draining']));
  });
});
