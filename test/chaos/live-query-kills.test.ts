/** A daemon that is killed while sessions change: whoever watches knows in the end what a search finds. */
import { expect, it, onTestFinished } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { SessionsFacade } from '../../src/index.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { Watching } from '../support/watching.ts';
import { DaemonProcess } from './daemon-process.ts';
import { isFull } from './size.ts';
import { until } from './waiting.ts';

/** In full every third takes the broker along; in small `test/client/live-queries.test.ts` has that. */
const KILLS = isFull() ? 20 : 2;

it.skipIf(withoutNatsServer())(
  'no final state is missed over kills of daemon and broker',
  { timeout: 180_000 },
  async () => {
    const broker = await startBroker();
    onTestFinished(() => broker.stop());
    const env = { NATS_URL: broker.url, GREENROOM_PROVIDER: 'rehearsal', GREENROOM_HTTP_PORT: '0' };
    const daemon = new DaemonProcess({ env });
    await daemon.start();
    const client = await connectClient({ servers: broker.url });
    onTestFinished(() => client.close());
    const sessions = new SessionsFacade(client);
    const watching = new Watching(sessions.watch({ q: 'tag:odd' }));
    await until(() => watching.told.length === 1, 'what is present');
    const begun = () => watching.told.filter((told) => told.startsWith('present')).length;
    for (let kill = 0; kill < KILLS; kill += 1) {
      // What is under way when the daemon dies may be done or not: the search says.
      const changes = Array.from({ length: 40 }, (_, n) =>
        change(sessions, kill * 7 + n).catch(() => undefined),
      );
      await Promise.race(changes);
      if (kill % 3 === 2) await broker.kill();
      await daemon.kill();
      if (kill % 3 === 2) await broker.restart();
      await daemon.start();
      await until(() => begun() > kill + 1, 'a new beginning');
      await sessions.create(`mark-${kill}`, { tags: ['odd'] });
      await until(() => watching.members.has(`mark-${kill}`), 'what is told behind the kill');
      await until(async () => {
        const page = await sessions.search({ tags: ['odd'], limit: 1_000 });
        const found = page.sessions.map((each) => each.sessionId).toSorted();
        return JSON.stringify(found) === JSON.stringify([...watching.members.keys()].toSorted());
      }, 'the reader to know what a search finds');
    }
    expect(watching.told[0]).toBe('present opened 0');
  },
);

const change = async (sessions: SessionsFacade, n: number): Promise<void> => {
  const id = `s${n % 25}`;
  if (n % 3 === 0)
    await sessions.create(id, { tags: ['odd'] }).catch(() => sessions.tag(id, 'odd'));
  else if (n % 3 === 1) await sessions.untag(id, 'odd');
  else await sessions.delete(id, { release: true });
};
