import { expect, test } from 'vitest';
import type { TurnEventBody } from '../../src/model/event.ts';
import type { SessionKey, TurnId } from '../../src/model/ids.ts';
import { eventWithin } from '../../src/nats/wire.ts';
import { Feed, type Publication } from '../../src/session/events/feed.ts';

const published = (body: TurnEventBody): Publication => {
  const feed = new Feed(() => undefined);
  const heard: Publication[] = [];
  feed.subscribe((publication) => void heard.push(publication));
  const key = { tenant: 'acme', sessionId: 's1' } as SessionKey;
  feed.publish({ key, turnId: 't1' as TurnId, attempt: 1, n: 1, atMs: 0, body });
  if (heard[0] === undefined) throw new Error('nothing was published');
  return heard[0];
};

const large = 'x'.repeat(5_000);

test.each<TurnEventBody>([
  { type: 'message', seq: 1, body: Buffer.from(JSON.stringify({ role: 'user', content: large })) },
  { type: 'delta', block: 0, text: large },
  { type: 'delta', block: 0, thinking: large },
  { type: 'delta', block: 0, inputJson: large },
  { type: 'tool.started', toolUseId: 'u1', name: 'grep', input: { pattern: large } },
])('of a large event everything but its content is told: $type', (body) => {
  const publication = published(body);
  const told = eventWithin(publication, 1_000);
  expect(told.length).toBeLessThan(1_000);
  expect(JSON.parse(Buffer.from(told).toString())).toMatchObject({
    type: body.type,
    turnId: 't1',
    truncated: true,
    bytes: publication.bytes.length,
  });
});
