import { describe, expect, test } from 'vitest';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { startGateway } from './gateway.ts';

describe.skipIf(withoutNatsServer())('verbs', () => {
  test('a verb on a session is checked, asked of the door and answered', async () => {
    await using broker = await startBroker();
    await using gateway = await startGateway(broker.url);
    gateway.door.onVerb = () => ({ session: { title: 'x' } });
    const reply = await gateway.client.request(
      'greenroom.v1.acme.session.s1.update',
      '{"title":"x"}',
    );
    expect(reply.json()).toEqual({ session: { title: 'x' } });
    expect(gateway.door.calls).toEqual([
      { key: 'acme/s1', verb: 'update', request: { title: 'x' } },
    ]);
  });
});
