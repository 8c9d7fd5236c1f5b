/** Users of a broker that may do less than we need: an examination and the start say it, and the log what comes later. */
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { examineBroker } from '../../src/nats/examine-broker.ts';
import { STREAM_SIZES } from '../../src/nats/streams.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { startGateway } from './gateway.ts';

/** A broker with the user `us`, who has these permissions; who gives no name may do everything. */
const brokerFor = (permissions: object, jetstream: object | 'enabled' = 'enabled') => {
  const users = [{ user: 'all' }, { user: 'us', permissions }].map((user) => ({
    ...user,
    password: 'word',
  }));
  const accounts = JSON.stringify({ one: { jetstream, users } });
  return startBroker({
    configure: (text) => `${text}\naccounts: ${accounts}\nno_auth_user: all\n`,
  });
};

const examined = (url: string) =>
  examineBroker({
    ...{ url, creds: undefined, prefix: 'greenroom', sizes: STREAM_SIZES, storeId: 'store-1' },
  });
const started = (port: number) =>
  startGateway(`nats://us:word@127.0.0.1:${port}`, { storeId: 'store-1' });

/** A start that failed carries its reason, and so on down to an error. */
const innermost = (value: unknown): Error => {
  const { reason, shutdown, crashed } = value as Record<string, unknown>;
  const deeper = reason ?? shutdown ?? crashed;
  return deeper === undefined ? (value as Error) : innermost(deeper);
};

const refusalOf = async (work: Promise<unknown>): Promise<{ code: string; message: string }> => {
  const error = await work.then(
    () => new Error('it was not refused'),
    (thrown: unknown) => innermost(thrown),
  );
  return { code: codeOf(error), message: error.message };
};

/** What README and doctor ask for, and no more. */
const EXACT = {
  publish: [
    ...['INFO', 'CREATE'].flatMap((verb) =>
      ['TURNS', 'DEAD'].map((stream) => `$JS.API.STREAM.${verb}.GREENROOM_${stream}`),
    ),
    ...['CREATE', 'DELETE', 'MSG.NEXT'].map(
      (verb) => `$JS.API.CONSUMER.${verb}.GREENROOM_TURNS.intake`,
    ),
    ...['$JS.ACK.GREENROOM_TURNS.intake.>', '_INBOX.>'],
    ...['greenroom.v1.*.events.*', 'greenroom.v1.*.lifecycle', 'greenroom.v1.*.dead.*'],
  ],
  subscribe: ['greenroom.v1.>', '$SRV.>', '_INBOX.>'],
};
const NEEDED =
  'allow it to publish to $JS.API.>, $JS.ACK.>, greenroom.v1.> and _INBOX.>, and to subscribe to greenroom.v1.>, $SRV.> and _INBOX.>';

describe.skipIf(withoutNatsServer())('a user of the broker', () => {
  test.each([
    [
      'that may not make a stream',
      { publish: { deny: ['$JS.API.STREAM.CREATE.GREENROOM_DEAD'] } },
      'publish to $JS.API.STREAM.CREATE.GREENROOM_DEAD: ',
    ],
    [
      'that may make no consumer',
      { publish: { deny: ['$JS.API.CONSUMER.>'] } },
      'publish to $JS.API.CONSUMER.DELETE.GREENROOM_TURNS.intake',
    ],
    [
      'that may hear nothing but its inbox',
      { subscribe: ['_INBOX.>'] },
      'subscribe to greenroom.v1.*.session.>, subscribe to greenroom.v1.*.sessions.>',
    ],
    ['without an inbox', { subscribe: { deny: ['_INBOX.>'] } }, 'subscribe to _INBOX.>: '],
  ])(
    '%s is refused by an examination and by the start, with what it needs',
    async (_, permissions, words) => {
      await using broker = await brokerFor(permissions);
      const { port } = broker;
      for (const tried of [() => examined(`us:word@127.0.0.1:${port}`), () => started(port)]) {
        const { code, message } = await refusalOf(tried());
        expect([code, message]).toEqual(['unauthorized', expect.stringContaining(words)]);
        expect(message).toContain(NEEDED);
      }
    },
  );

  test('whose account may have one stream is refused in the same words by both', async () => {
    await using broker = await brokerFor({}, { max_streams: 1 });
    const found = await refusalOf(examined(broker.url));
    expect(found).toMatchObject({ code: 'invalid_settings' });
    expect(found.message).toMatch(/may have no more streams: allow it two more/);
    expect((await refusalOf(started(broker.port))).message).toBe(found.message);
  });

  test.each([
    ['before there is a queue', false],
    ['beside a running daemon', true],
  ])('with exactly what we need will do, %s', async (_, isBeside) => {
    await using broker = await brokerFor(EXACT);
    const url = `us:word@127.0.0.1:${broker.port}`;
    if (!isBeside) expect(await examined(url)).toContain('nats-server');
    await using gateway = await started(broker.port);
    expect(await examined(url)).toContain('nats-server');
    gateway.client.publish('greenroom.v1.acme.session.s1.turn', '{"prompt":"Hello"}');
    await until(() => gateway.door.accepted.length === 1);
    const { streams, consumers } = await gateway.client.jetstreamManager();
    const { state } = await streams.info('GREENROOM_DEAD');
    const { created } = await consumers.info('GREENROOM_TURNS', 'intake');
    expect(await examined(url)).toContain('nats-server');
    expect((await streams.info('GREENROOM_DEAD')).state.messages).toBe(state.messages);
    expect((await consumers.info('GREENROOM_TURNS', 'intake')).created).toBe(created);
    expect((await streams.names().next()).toSorted()).toEqual([
      'GREENROOM_DEAD',
      'GREENROOM_TURNS',
    ]);
    expect(gateway.notices.filter((line) => !line.startsWith('info'))).toEqual([]);
  });

  test('that may not publish is refused by an examination, and the log says what is lost, once', async () => {
    await using broker = await brokerFor({ publish: ['$JS.API.>', '$JS.ACK.>'] });
    const { code, message } = await refusalOf(examined(`us:word@127.0.0.1:${broker.port}`));
    expect(code).toBe('unauthorized');
    for (const subject of ['greenroom.v1.*.events.>', 'greenroom.v1.*.lifecycle,', '_INBOX.>'])
      expect(message).toContain(`publish to ${subject}`);
    await using gateway = await started(broker.port);
    const errors = () => gateway.notices.filter((line) => line.startsWith('error'));
    for (const inbox of ['_INBOX.a', '_INBOX.b'])
      gateway.client.publish('greenroom.v1.acme.sessions.count', '{}', { reply: inbox });
    await until(() => errors().length > 0 && gateway.door.calls.length === 2);
    await gateway.client.flush();
    expect(errors()).toEqual([
      expect.stringMatching(/^error the broker does not let us publish to _INBOX\.>: /),
    ]);
  });

  test('that may not acknowledge is refused by an examination, and the log says it', async () => {
    await using broker = await brokerFor({ publish: { deny: ['$JS.ACK.>'] } });
    const { message } = await refusalOf(examined(`us:word@127.0.0.1:${broker.port}`));
    expect(message).toContain('does not let this user publish to $JS.ACK.>: ');
    await using gateway = await started(broker.port);
    gateway.client.publish('greenroom.v1.acme.session.s1.turn', '{"prompt":"Hello"}');
    await until(() => gateway.notices.some((line) => line.includes('publish to $JS.ACK.>')));
  });
});
