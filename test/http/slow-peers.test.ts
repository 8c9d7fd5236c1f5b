/**
 * Peers that hold connections and say little, and requests that are too large or never end: they keep out no other.
 * `GREENROOM_FULL=1` has 2,000 of them.
 */
import { expect, it } from 'vitest';
import { httpName } from '../../src/http/http-server.ts';
import { LIMITS } from '../../src/http/listening.ts';
import { sharedGreenroom } from '../support/greenroom.ts';
import { until } from '../support/until.ts';
import { type Dawdler, dawdle, exchange } from './raw.ts';
import { clientOf, urlOf } from './rest.ts';

const PEERS = process.env['GREENROOM_FULL'] === '1' ? 2_000 : 300;

const shared = sharedGreenroom({ httpPort: 0 });
const connections = () => shared().greenroom.system.fetch(httpName).connections;

const SLOW = [
  'GET /v1/sess',
  'GET /v1/sessions HTTP/1.1\r\nHost: localhost\r\nX-A: ',
  'POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  '',
] as const;

it('hundreds of slow peers keep out no program that has a token, and end no stream', async () => {
  const client = clientOf(shared());
  await client.call('PUT', '/v1/sessions/s', {});
  const events = client.events('/v1/sessions/s/events');
  const heard = events.next();
  await expect.poll(() => shared().greenroom.system.fetch(httpName).streams).toBe(1);
  const peers: Dawdler[] = [];
  for (let at = 0; at < PEERS; at += 1) {
    peers.push(await dawdle(client.url, SLOW[at % SLOW.length]));
    if (at % 50 === 0) expect((await client.call('GET', '/v1/sessions/s')).status).toBe(200);
  }
  expect(connections()).toBeLessThanOrEqual(LIMITS.newConnections + 10);
  const turn = await client.call('POST', '/v1/sessions/s/turns', { prompt: 'Hello' });
  expect(turn.status).toBe(202);
  expect(await heard).toMatchObject({ value: { event: 'turn.accepted' } });
  await events.return(undefined);
  for (const { socket } of peers) socket.destroy();
  await until(() => connections() < 20);
});

it('a body that is too large is refused before it is read', async () => {
  const { url, token } = clientOf(shared());
  const head = `POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
  const named = await exchange(url, `${head}Content-Length: 999999999\r\n\r\n{`);
  expect(named).toMatch(/^HTTP\/1.1 413 .*"code":"too_large"/s);
  expect(named).toMatch(/\r\nConnection: close\r\n/i);
});

it('a body in pieces is refused as soon as it is too large', async () => {
  const { url, token } = clientOf(shared());
  let sent = 0;
  const body = new ReadableStream({
    pull: (controller) => {
      sent += 1024 * 1024;
      if (sent > 40 * 1024 * 1024) controller.close();
      else controller.enqueue(Buffer.alloc(1024 * 1024, 0x20));
    },
  });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const asked = fetch(`${url}/v1/sessions`, {
    ...{ method: 'POST', body, headers },
    duplex: 'half',
  } as RequestInit);
  const status = await asked.then(
    (response) => response.status,
    () => 413, // it may end before the client has read why
  );
  expect(status).toBe(413);
  expect(sent).toBeLessThan(40 * 1024 * 1024);
});

it('what is nested too deeply, is no JSON, or no UTF-8 is refused', async () => {
  const client = clientOf(shared());
  const bodies = ['['.repeat(100_000), '{"a":', '\u0000', '"\ud800"', 'null', '[]', '7'];
  for (const body of bodies) {
    const { status } = await client.call('POST', '/v1/sessions', body, {
      'content-type': 'application/json',
    });
    expect(status, body.slice(0, 20)).toBe(400);
  }
  const raw = await fetch(`${urlOf(shared())}/v1/sessions`, {
    ...{ method: 'POST', body: Buffer.from([0x22, 0xff, 0x22]) },
    headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
  });
  expect(raw.status).toBe(400);
});
