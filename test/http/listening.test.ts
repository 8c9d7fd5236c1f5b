/** What a peer can make the server hold has bounds: connections, headers, time. */
import { expect, it, onTestFinished } from 'vitest';
import { LIMITS, type Limits, type Listening, listen } from '../../src/http/listening.ts';
import { dawdle, exchange } from './raw.ts';

const started = async (more: Partial<Limits> = {}): Promise<Listening & { url: string }> => {
  const handler = (_: unknown, response: { end(text: string): void }) => response.end('here');
  const fail = (error: Error) => {
    throw error;
  };
  const listening = await listen({ host: '127.0.0.1', port: 0 }, handler, fail, {
    ...LIMITS,
    ...more,
  });
  onTestFinished(() => listening.close());
  return Object.assign(listening, { url: `http://127.0.0.1:${listening.port}` });
};

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

it('a request whose headers do not end is ended', async () => {
  const { url } = await started({ headersMs: 50, lookMs: 20 });
  const { ended } = await dawdle(url);
  await ended;
});

it('a connection that says nothing is ended', async () => {
  const { url } = await started({ headersMs: 50, lookMs: 20 });
  const { ended } = await dawdle(url, '');
  await ended;
});

it('a request whose body does not come is answered, and ended', async () => {
  const { url } = await started();
  const said = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n';
  expect(await exchange(url, said)).toMatch(/^HTTP\/1.1 200 /);
});

it('with all places of strangers taken the oldest of them goes, and the newest is served', async () => {
  const listening = await started({ newConnections: 3 });
  const first = await dawdle(listening.url);
  const others = [await dawdle(listening.url), await dawdle(listening.url)];
  expect(await exchange(listening.url, GET)).toContain('here');
  await first.ended;
  expect(others.map(({ socket }) => socket.destroyed)).toEqual([false, false]);
  for (const { socket } of others) socket.destroy();
});

it('a connection is kept for the next request, but not behind a body that was not read', async () => {
  const { url } = await started();
  const keeping = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const heard = await exchange(url, keeping + GET);
  expect(heard.match(/here/g)).toHaveLength(2);
  const unread = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}';
  const alone = await exchange(url, unread + GET);
  expect(alone).toMatch(/\r\nConnection: close\r\n/i);
  expect(alone.match(/here/g)).toHaveLength(1);
});

it('headers that are too long are refused', async () => {
  const { url } = await started();
  const long = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(2 * LIMITS.headerBytes)}\r\n\r\n`;
  expect(await exchange(url, long)).toMatch(/^HTTP\/1.1 431 /);
});

it('its end ends every connection', async () => {
  const listening = await started();
  const { ended } = await dawdle(listening.url);
  listening.close();
  await ended;
});
