/** Exports over a real broker whose largest message is small: everything comes through, in pieces. */
import { describe, expect, test } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { SessionsFacade } from '../../src/index.ts';
import { codeOf } from '../../src/model/errors.ts';
import { testGreenroom } from '../support/greenroom.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';

const PAYLOAD = 128 * 1024;

const textOf = async (sessions: SessionsFacade, sessionId: string): Promise<string> => {
  const pieces: string[] = [];
  for await (const piece of sessions.exportSession(sessionId)) pieces.push(piece);
  return pieces.join('');
};

async function* whole(text: string): AsyncGenerator<string> {
  yield text;
}

describe.skipIf(withoutNatsServer())('over a broker with small messages', () => {
  test('a session is exported, imported under another id, and the same as embedded', async () => {
    await using broker = await startBroker({ maxPayloadBytes: PAYLOAD });
    const room = await testGreenroom({ nats: { url: broker.url } });
    await room.sessions.append(
      's',
      Array.from({ length: 900 }, (_, n) => ({
        role: n % 2 === 0 ? ('user' as const) : ('assistant' as const),
        content: `${n} ${'"'.repeat(n)}`,
      })),
    );
    const client = await connectClient({ servers: broker.url });
    try {
      const far = new SessionsFacade(client);
      const text = await textOf(far, 's');
      expect(text.length).toBeGreaterThan(4 * PAYLOAD);
      expect(text).toBe(await textOf(room.sessions, 's'));
      expect(await far.importSession(whole(text), { as: 'copy' })).toMatchObject({ status: 'new' });
      expect((await textOf(room.sessions, 'copy')).split('\n').slice(1, -2)).toEqual(
        text.split('\n').slice(1, -2),
      );
      await room.sessions.append('large', [{ role: 'user', content: 'x'.repeat(2 * PAYLOAD) }]);
      const large = await textOf(far, 'large');
      expect(large).toBe(await textOf(room.sessions, 'large'));
      const refusal = await far
        .importSession(whole(large), { as: 'no' })
        .then(() => 'none', codeOf);
      expect(refusal).toBe('too_large');
    } finally {
      await client.close();
    }
  });
});
