import { describe, expect, test } from 'vitest';
import { withoutNatsServer } from '../support/nats.ts';
import { ask, startWithBroker } from './gateway.ts';

describe.skipIf(withoutNatsServer())('replies that would be too large', () => {
  test('a page of messages ends where the largest message does', async () => {
    await using gateway = await startWithBroker();
    const entry = (seq: number) => ({
      seq,
      type: 'message',
      at: '',
      message: { role: 'user', content: 'x'.repeat(200_000) },
    });
    const all = [1, 2, 3, 4, 5, 6, 7].map(entry);
    gateway.door.onVerb = (_key, _verb, request) => {
      const { from = 1 } = request as { from?: number };
      return { entries: all.slice(from - 1) };
    };
    const seqs: number[] = [];
    for (let from: number | undefined = 1; from !== undefined; ) {
      const page = (await ask(gateway, 'session.s1.messages', JSON.stringify({ from }))).json() as {
        entries: { seq: number }[];
        nextFrom?: number;
      };
      seqs.push(...page.entries.map(({ seq }) => seq));
      from = page.nextFrom;
    }
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('an entry larger than a quarter of the largest message comes as its size', async () => {
    await using gateway = await startWithBroker();
    const message = { role: 'user', content: 'x'.repeat(300_000) };
    gateway.door.onVerb = () => ({ entries: [{ seq: 9, type: 'message', at: 't', message }] });
    const { entries } = (await ask(gateway, 'session.s1.messages')).json() as {
      entries: unknown[];
    };
    expect(entries).toEqual([
      { seq: 9, type: 'message', at: 't', truncated: true, bytes: expect.any(Number) },
    ]);
  });

  test('a page that came out too large is asked for again with fewer items', async () => {
    await using gateway = await startWithBroker();
    gateway.door.onVerb = (_key, _verb, request) => {
      const { limit } = request as { limit: number };
      return {
        sessions: Array.from({ length: limit }, () => 'x'.repeat(4_000)),
        nextCursor: String(limit),
      };
    };
    const reply = (await ask(gateway, 'sessions.search', '{"limit":1000}')).json() as {
      sessions: unknown[];
    };
    expect(reply.sessions.length).toBeGreaterThan(150);
    expect(reply.sessions.length).toBeLessThan(262);
  });
});
