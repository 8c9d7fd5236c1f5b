/** A whole Greenroom whose broker is in trouble for longer than any budget: its sessions stay, and it comes back. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect } from 'nats';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type BrokerFace, brokerName } from '../../src/nats/broker.ts';
import { intakeName } from '../../src/nats/intake.ts';
import { linkName } from '../../src/nats/link.ts';
import { type Options, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { natsServer, startBroker, withoutNatsServer } from '../support/nats.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

/** More than a supervisor would bear, were there no pause between them. */
const MANY = 24;

/** One with a live session, and a clock that leaves out the pauses between failed starts. */
const startWithSession = async (nats: NonNullable<Options['nats']>) => {
  const clock = skippingClock();
  const given = await testGreenroom({ nats, natsServerBin: natsServer, clock });
  await given.sessions.create('s1');
  let failures = 0;
  given.greenroom.system.subscribeReports(({ kind }) => {
    if (kind !== 'child_start_failed') return;
    failures++;
    setImmediate(() => clock.skip(1_000));
  });
  const session = given.live('s1');
  expect(session).toBeDefined();
  return {
    given,
    clock,
    manyFailures: () => until(() => failures >= MANY || session?.alive === false),
    isUntouched: () =>
      given.live('s1') === session && given.reports.every(({ kind }) => kind !== 'gave_up'),
  };
};

/** Listens on a port as soon as it is free. */
const occupy = async (port: number) => {
  for (;;) {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    const isTaken = await once(server, 'listening').then(
      () => false,
      () => true,
    );
    if (!isTaken) return { [Symbol.dispose]: () => void server.close() };
  }
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
};

const killBroker = ({ greenroom }: TestGreenroom): BrokerFace => {
  const face = greenroom.system.fetch(brokerName);
  process.kill(face.pid, 'SIGKILL');
  return face;
};

const isServing = ({ greenroom: { system } }: TestGreenroom): boolean =>
  system.find(intakeName) !== undefined && system.find(linkName)?.isConnected() === true;

describe.skipIf(withoutNatsServer())('a broker in trouble', () => {
  test('whose port is taken when it is to come back disturbs no session', async () => {
    const { given, manyFailures, isUntouched } = await startWithSession({ port: await freePort() });
    const { port } = killBroker(given);
    {
      using _other = await occupy(port);
      await manyFailures();
      expect(isUntouched()).toBe(true);
    }
    await until(() => isServing(given));
    expect([given.greenroom.system.find(brokerName)?.port, isUntouched()]).toEqual([port, true]);
  });

  test('is waited for by a link that starts while it is away', async () => {
    const { given, isUntouched, manyFailures } = await startWithSession({ port: await freePort() });
    const { port } = killBroker(given);
    {
      using _other = await occupy(port);
      const link = given.node('gateways', 'nats', 'link').ref;
      if (link !== undefined) given.greenroom.system.exit(link, 'kill');
      await manyFailures();
    }
    await until(() => isServing(given));
    expect(isUntouched()).toBe(true);
  });

  test('whose queue belongs to somebody else disturbs no session', async () => {
    const broker = await startBroker();
    onTestFinished(() => broker.stop());
    const { given, manyFailures, isUntouched } = await startWithSession({ url: broker.url });
    const nc = await connect({ servers: broker.url });
    const { streams, consumers } = await nc.jetstreamManager();
    const { config } = await streams.info('GREENROOM_TURNS');
    await streams.update('GREENROOM_TURNS', { ...config, description: 'of somebody else' });
    // 2.9 may delete it and then fail over a file that it is still writing
    await consumers.delete('GREENROOM_TURNS', 'intake').catch(() => undefined);
    await manyFailures();
    expect([isUntouched(), given.greenroom.system.find(intakeName)]).toEqual([true, undefined]);
    await streams.update('GREENROOM_TURNS', config);
    await nc.close();
    await until(() => isServing(given));
    expect(isUntouched()).toBe(true);
  });
});
