/** Brokers of others that will not do: the start says why, at once, and an examination says the same. */
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { examineBroker } from '../../src/nats/examine-broker.ts';
import { STREAM_SIZES } from '../../src/nats/streams.ts';
import { freePort } from '../support/free-port.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { startGateway } from './gateway.ts';

const withoutJetStream = (text: string): string => text.replace(/jetstream \{[\s\S]*\n\}/, '');
const withLittleStorage = (text: string): string =>
  text.replace(/max_file_store: \d+/, `max_file_store: ${512 * 1024 * 1024}`);
const withPassword = (text: string): string =>
  `${text}\nauthorization { user: "ann", password: "right" }\n`;

const placeAt = (url: string) => ({
  ...{ url, creds: undefined, prefix: 'greenroom', sizes: STREAM_SIZES, storeId: 'store-1' },
});
const examined = (url: string) => examineBroker(placeAt(url));

const errorOf = async (work: Promise<unknown>): Promise<{ code: string; message: string }> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { code: codeOf(error), message: innermost(error).message };
};

/** A start that failed carries its reason, and so on down to an error. */
const innermost = (value: unknown): Error => {
  const { reason, shutdown, crashed } = value as Record<string, unknown>;
  const deeper = reason ?? shutdown ?? crashed;
  return deeper === undefined ? (value as Error) : innermost(deeper);
};

describe.skipIf(withoutNatsServer())('an outside broker', () => {
  test.each([
    [
      'without room for our streams',
      withLittleStorage,
      'invalid_settings',
      /has not enough JetStream storage .*1024 MiB for the queue of turns \(GREENROOM_QUEUE_MB\) and 256 MiB/,
    ],
    [
      'without JetStream',
      withoutJetStream,
      'invalid_settings',
      /^JetStream is not enabled on the broker at nats:\/\/127\.0\.0\.1:\d+: enable it/,
    ],
    [
      'with a password that we do not have',
      withPassword,
      'unauthorized',
      /^the broker at nats:\/\/127\.0\.0\.1:\d+ refuses our credentials/,
    ],
  ])(
    '%s is refused in the same words by the start and by an examination',
    async (_, configure, code, words) => {
      await using broker = await startBroker({ configure });
      const found = await errorOf(examined(broker.url));
      expect(found).toMatchObject({ code, message: expect.stringMatching(words) });
      const start = await errorOf(startGateway(broker.url, { storeId: 'store-1' }));
      expect(start.message).toBe(found.message);
    },
  );

  test('that would do is described, and keeps nothing of the examination', async () => {
    await using broker = await startBroker();
    expect(await examined(broker.url)).toContain(
      `${broker.url}, not run by the daemon: nats-server`,
    );
    await using gateway = await startGateway(broker.url, { storeId: 'store-1' });
    const jsm = await gateway.client.jetstreamManager();
    const names = (await jsm.streams.names().next()).toSorted();
    expect(names).toEqual(['GREENROOM_DEAD', 'GREENROOM_TURNS']);
    expect(await examined(broker.url)).toContain('nats-server'); // with our streams in it
  });

  test('sizes that fit are taken where the usual ones do not', async () => {
    await using broker = await startBroker({ configure: withLittleStorage });
    const sizes = { queueBytes: 64 * 1024 * 1024, refusedBytes: 16 * 1024 * 1024 };
    expect(await examineBroker({ ...placeAt(broker.url), sizes })).toContain('nats-server');
  });

  test('with the queue of another store is refused by both, also before there is a store', async () => {
    await using broker = await startBroker();
    await (await startGateway(broker.url, { storeId: 'another' }))[Symbol.asyncDispose]();
    const found = await errorOf(examined(broker.url));
    expect(found).toMatchObject({
      code: 'broker_in_use',
      message: expect.stringContaining('is not of our store store-1'),
    });
    const start = await errorOf(startGateway(broker.url, { storeId: 'store-1' }));
    expect(start.message).toBe(found.message);
    const isNew = { ...placeAt(broker.url), storeId: undefined };
    expect(await errorOf(examineBroker(isNew))).toMatchObject({ code: 'broker_in_use' });
  });

  test('that is not there is unavailable, without its password in the words', async () => {
    const url = `nats://ann:hunter2@127.0.0.1:${await freePort()}`;
    const found = await errorOf(examined(url));
    expect(found).toMatchObject({ code: 'unavailable' });
    expect(found.message).toContain('cannot connect to NATS at nats://127.0.0.1:');
    expect(found.message).not.toContain('hunter2');
  });

  test('that accepts and says nothing is unavailable', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    expect(await errorOf(examined(`nats://127.0.0.1:${port}`))).toMatchObject({
      code: 'unavailable',
    });
    silent.close();
  });
});
