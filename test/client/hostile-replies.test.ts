/** What others publish where a daemon answers: the call that it meets ends by code, and the connection goes on. */
import { connect as connectNats, headers, type NatsConnection } from 'nats';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ConnectedGreenroom, connect } from '../../src/client/connect.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';

const GOOD = '{"session":{"sessionId":"s"}}';

describe.skipIf(withoutNatsServer())('a reply that is none', () => {
  let stranger: NatsConnection;
  let greenroom: ConnectedGreenroom;
  const says = { body: '', isRefusal: false };
  beforeAll(async () => {
    const broker = await startBroker();
    stranger = await connectNats({ servers: broker.url });
    stranger.subscribe('greenroom.v1.default.>', {
      callback: (_, msg) => {
        const refusal = headers();
        refusal.set('Nats-Service-Error-Code', '500');
        msg.respond(says.body, says.isRefusal ? { headers: refusal } : {});
      },
    });
    await stranger.flush();
    greenroom = await connect({ servers: broker.url });
    return async () => {
      await greenroom.close();
      await stranger.close();
      await broker.stop();
    };
  });

  test.each([
    ['no JSON', 'not json', false],
    ['null', 'null', false],
    ['a number', '5', false],
    ['a list', '[]', false],
    ['no event', '{"n":1}', false],
    ['nothing', '', false],
    ['a refusal without a reason', '{"error":null}', true],
    ['a refusal with a reason of another kind', '{"error":7}', true],
    ['a refusal without a body', '', true],
    ['a refusal with a code of the future', '{"error":{"code":"new","message":"why"}}', true],
  ])('such as %s', async (_, body, isRefusal) => {
    Object.assign(says, { body, isRefusal });
    const code = expect.stringMatching(/^(internal|unavailable)$/);
    await expect(greenroom.turn('s', 'Hello').text()).rejects.toMatchObject({ code });
    if (!body.startsWith('{') || isRefusal)
      await expect(greenroom.sessions.get('s')).rejects.toMatchObject({ code: 'internal' });
    Object.assign(says, { body: GOOD, isRefusal: false });
    expect(await greenroom.sessions.get('s')).toEqual({ sessionId: 's' });
  });

  test('such as pages without an end: a store that reads them says so', async () => {
    const body = { session: { version: 1 }, metadata: {}, messages: [], nextFrom: 0 };
    Object.assign(says, { body: JSON.stringify(body), isRefusal: false });
    const loading = greenroom.store().loadSession('s');
    await expect(loading).rejects.toThrow('has no message, and is not the last');
  });

  test('such as what is no event on the subject of events: watchers do not hear it', async () => {
    const heard = greenroom.watch('s')[Symbol.asyncIterator]();
    const first = heard.next();
    // The broker knows the subscription once it has answered a request that came behind it.
    Object.assign(says, { body: GOOD, isRefusal: false });
    await greenroom.sessions.get('s');
    for (const body of ['not json', 'null', '5', '', '{"type":"ping"}'])
      stranger.publish('greenroom.v1.default.events.s', body);
    expect((await first).value).toEqual({ type: 'ping' });
    await heard.return?.();
  });
});
