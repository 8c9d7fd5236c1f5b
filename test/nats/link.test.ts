import { describe, expect, test } from 'vitest';
import { brokerName } from '../../src/nats/broker.ts';
import { Link, type LinkFace, linkName } from '../../src/nats/link.ts';
import { genServer, protocol } from '../../src/otp/gen-server.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { startGateway } from './gateway.ts';

/** Stands for the own broker: whoever looks for it finds `url`. */
const Signpost = genServer(protocol({ calls: {} }), {
  init: (url: () => string, self) => {
    self.register(brokerName, { url: url(), port: 0, pid: 0, version: [2, 9, 10] });
    return url;
  },
  handleCall: {},
});

const startLink = async (url: string, connectTimeoutMs = 5_000) => {
  const system = new System({ onReport: () => undefined });
  const link = Link.childSpec({ url, connectTimeoutMs }, { id: 'link' });
  const tree = await startTree(
    system,
    supervisor({ id: 'gateway', strategy: 'rest_for_one', children: [link] }),
  );
  const stop = async () => void (await system.stop(tree, 'shutdown'));
  return { face: (): LinkFace | undefined => system.find(linkName), [Symbol.asyncDispose]: stop };
};

describe.skipIf(withoutNatsServer())('the link', () => {
  test('reconnects when its broker comes back, and says so', async () => {
    await using broker = await startBroker();
    await using link = await startLink(broker.url);
    const face = link.face();
    let reconnections = 0;
    face?.onReconnect(() => void reconnections++);
    await broker.kill();
    await expect.poll(() => face?.isConnected()).toBe(false);
    await broker.restart();
    await expect.poll(() => reconnections).toBe(1);
    expect(link.face()).toBe(face);
  });

  test('a connection that is closed for good is made anew', async () => {
    await using broker = await startBroker();
    await using link = await startLink(broker.url);
    const first = link.face();
    await first?.nc.close();
    await expect.poll(() => link.face() !== undefined && link.face() !== first).toBe(true);
  });

  test('an own broker that moved to another port is followed', async () => {
    await using first = await startBroker();
    await using second = await startBroker();
    let { url } = first;
    const system = new System({ onReport: () => undefined });
    const signpost = Signpost.childSpec(() => url, { id: 'broker' });
    const link = Link.childSpec({}, { id: 'link' });
    const root = supervisor({ id: 'root', strategy: 'one_for_one', children: [signpost, link] });
    const tree = await startTree(system, root);
    url = second.url;
    await first.kill();
    const [broker] = system.tree(tree).children;
    if (broker?.ref !== undefined) system.exit(broker.ref, 'kill');
    await expect.poll(() => system.find(linkName)?.url).toBe(second.url);
    await system.stop(tree, 'shutdown');
  });

  test('what is said while the broker is away is counted as lost, not kept', async () => {
    await using broker = await startBroker();
    await using link = await startLink(broker.url);
    const face = link.face();
    await broker.kill();
    await expect.poll(() => face?.isConnected()).toBe(false);
    face?.outbox.publish('somewhere', Buffer.from('hello'));
    await expect.poll(() => face?.outbox.lost).toBe(1);
  });

  test('a broker that does not answer is named, without its password', async () => {
    const refused = startLink('nats://me:secret@127.0.0.1:1', 0);
    await expect(refused).rejects.toThrow(/cannot connect to NATS at nats:\/\/127\.0\.0\.1:1/);
  });

  test('requests are answered again after the broker was killed', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url);
    await broker.kill();
    await broker.restart();
    const again = () =>
      gateway.client.request('greenroom.v1.acme.session.s1.get', '', { timeout: 200 }).then(
        () => true,
        () => false,
      );
    await expect.poll(again).toBe(true);
    expect(gateway.reports).toEqual([]);
  });
});
