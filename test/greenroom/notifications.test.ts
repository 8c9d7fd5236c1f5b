/** What happens to sessions reaches a real server, also when that one, or the daemon, was away. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { testGreenroom } from '../support/greenroom.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

/** After the first try that failed. */
const FIRST_WAIT_MS = 5_000;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** Answers as it is told, and keeps what it was sent. */
class Receiver {
  status = 200;
  readonly heard: { readonly id: string; readonly what: string }[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        const { type, data } = JSON.parse(body) as { type: string; data: { sessionId: string } };
        if (this.status === 200)
          this.heard.push({
            id: String(request.headers['webhook-id']),
            what: `${data.sessionId} ${type}`,
          });
        response.writeHead(this.status).end();
      });
    });
    onTestFinished(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
  }

  async url(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/?token=secret`;
  }

  /** As a receiver should read them: what comes twice has the same id. */
  get whats(): readonly string[] {
    const known = new Map<string, string>();
    for (const { id, what } of this.heard) if (!known.has(id)) known.set(id, what);
    return [...known.values()];
  }
}

const LIFE = ['session.created', 'session.completed', 'session.reopened', 'session.deleted'];

const targetsFile = (url: string, events: readonly string[] = LIFE): string => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-targets-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'targets.json');
  writeFileSync(file, JSON.stringify({ targets: { ops: { url, secret: SECRET, events } } }));
  return file;
};

it('is told in order, once a life of the daemon, and after both were away', async () => {
  const receiver = new Receiver();
  const clock = skippingClock();
  const test = await testGreenroom({ clock, notificationsFile: targetsFile(await receiver.url()) });
  const { sessions } = test;
  await test.run('a', 'hello');
  await sessions.tag('a', 'x'); // nobody hears of that
  await sessions.complete('a');
  await until(() => receiver.whats.length === 2);
  expect(receiver.whats).toEqual(['a session.created', 'a session.completed']);

  receiver.status = 503;
  await sessions.reopen('a');
  await until(async () => (await sessions.notifications())[0]?.oldest?.tried === 1);
  await sessions.create('b');
  const [target] = await sessions.notifications();
  expect(target).toMatchObject({ name: 'ops', oldest: { why: 'it answered 503', sessionId: 'a' } });
  expect(target?.url).not.toContain('secret');

  await test.stop();
  receiver.status = 200;
  await test.start();
  await test.sessions.delete('b', { release: true });
  clock.skip(FIRST_WAIT_MS);
  await until(() => receiver.whats.length === 5);
  const later = receiver.whats.slice(2);
  expect(later.toSorted()).toEqual(
    ['a session.reopened', 'b session.created', 'b session.deleted'].toSorted(),
  );
  expect(later.indexOf('b session.created')).toBeLessThan(later.indexOf('b session.deleted'));
});

it('what a target will never take is listed, and sent again when somebody asks', async () => {
  const receiver = new Receiver();
  const test = await testGreenroom({ notificationsFile: targetsFile(await receiver.url()) });
  receiver.status = 410;
  await test.sessions.create('a');
  await until(async () => (await test.sessions.notifications())[0]?.dead.length === 1);
  const [target] = await test.sessions.notifications();
  expect(target).toMatchObject({
    waiting: 0,
    dead: [{ type: 'session.created', sessionId: 'a', why: 'it answered 410' }],
  });
  receiver.status = 200;
  expect(await test.sessions.retryNotifications({ target: 'other' })).toBe(0);
  expect(await test.sessions.retryNotifications()).toBe(1);
  await until(() => receiver.whats.length === 1);
  expect(receiver.whats).toEqual(['a session.created']);
});

it('hears how turns end, where it wants to, and their audit goes with their session', async () => {
  const receiver = new Receiver();
  const file = targetsFile(await receiver.url(), ['turn.completed', 'turn.failed']);
  const test = await testGreenroom({ notificationsFile: file, maxRetries: 0 });
  await test.run('a', 'hello');
  await test.run('a', '[[rehearse: status=500]]').catch(() => undefined);
  await until(() => receiver.whats.length === 2);
  expect(receiver.whats).toEqual(['a turn.completed', 'a turn.failed']);
  const { audit } = await test.sessions.audit('a', { kind: 'turn' });
  expect(audit.map(({ action }) => action)).toEqual(['completed', 'failed']);
  expect(audit[1]?.details).toMatchObject({ error: { code: 'api_error' } });
});
