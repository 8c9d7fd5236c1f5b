/** One POST of a notice to a real server: its form, its signature, and what its answer means. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Notice } from '../../src/notifications/notice.ts';
import { ANSWER_MS, deliver } from '../../src/notifications/webhook.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';

const KEY = Buffer.from('a key of at least twenty-four bytes');
const SECRET = `whsec_${KEY.toString('base64')}`;
const NOTICE: Notice = {
  ...{ id: 'evt_1', type: 'session.failed', atMs: Date.UTC(2026, 10, 20), tenant: 'default' },
  ...{ sessionId: 's1', by: 'greenroom', details: { reason: 'too dear' } },
};

interface Seen {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const server = async (status: number, headers: Record<string, string> = {}) => {
  const seen: Seen[] = [];
  const http = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      seen.push({ headers: request.headers, body });
      if (status > 0) response.writeHead(status, headers).end('thanks');
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/hook`, seen };
};

describe('a notice', () => {
  it('is posted with its id, its time and a signature over both and the body', async () => {
    const { url, seen } = await server(204);
    expect(await deliver({ url, secret: SECRET }, NOTICE, systemClock)).toEqual({
      is: 'delivered',
    });
    const [{ headers, body } = { headers: {}, body: '' }] = seen;
    expect(JSON.parse(body)).toEqual({
      ...{ type: 'session.failed', timestamp: '2026-11-20T00:00:00.000Z' },
      data: { tenant: 'default', sessionId: 's1', by: 'greenroom', reason: 'too dear' },
    });
    const signed = `evt_1.${headers['webhook-timestamp'] as string}.${body}`;
    const expected = createHmac('sha256', KEY).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${expected}`);
    expect(headers['webhook-id']).toBe('evt_1');
  });

  it.each([
    [200, {}, { is: 'delivered' }],
    [302, { location: 'http://127.0.0.1:1/' }, { is: 'failed', isFinal: false }],
    [410, {}, { is: 'failed', isFinal: true }],
    [404, {}, { is: 'failed', isFinal: false, why: 'it answered 404' }],
    [503, {}, { is: 'failed', isFinal: false }],
    [429, { 'retry-after': '90' }, { is: 'failed', isFinal: false, retryAfterMs: 90_000 }],
    [503, { 'retry-after': 'soon' }, { is: 'failed', isFinal: false, why: 'it answered 503' }],
  ])('that is answered with %i', async (status, headers, expected) => {
    const { url, seen } = await server(status, headers);
    expect(await deliver({ url, secret: SECRET }, NOTICE, systemClock)).toMatchObject(expected);
    expect(seen).toHaveLength(1);
  });

  it('for which nobody listens has failed, and says why', async () => {
    const target = { url: 'http://127.0.0.1:1/', secret: SECRET };
    const delivery = await deliver(target, NOTICE, systemClock);
    expect(delivery).toMatchObject({ is: 'failed', isFinal: false });
    expect(JSON.stringify(delivery)).toMatch(/ECONNREFUSED|bad port|refused/);
  });

  it('that is never answered has failed after its time', async () => {
    const { url, seen } = await server(0);
    const clock = virtualClock(0);
    const delivery = deliver({ url, secret: SECRET }, NOTICE, clock);
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(ANSWER_MS);
    expect(await delivery).toEqual({
      ...{ is: 'failed', isFinal: false, why: `no answer within ${ANSWER_MS} ms` },
    });
  });
});
