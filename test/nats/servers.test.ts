import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { Link, linkName } from '../../src/nats/link.ts';
import { runServer } from '../../src/nats/server-process.ts';
import { serversIn } from '../../src/nats/servers.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { natsServer, withoutNatsServer } from '../support/nats.ts';

test.each([
  ['nats://one:4222', { servers: ['nats://one:4222'] }],
  ['me:secret@one', { servers: ['one'], user: 'me', pass: 'secret' }],
  ['nats://s3cr3t@one', { servers: ['nats://one'], token: 's3cr3t' }],
  ['nats://m%40e:a%3Ab%2Cc@one', { servers: ['nats://one'], user: 'm@e', pass: 'a:b,c' }],
  ['nats://me:a@b/c@one', { servers: ['nats://one'], user: 'me', pass: 'a@b/c' }],
  ['tls://[::1]:1, me:5%@two', { servers: ['tls://[::1]:1', 'two'], user: 'me', pass: '5%' }],
])('%s is read as a client wants it', (text, expected) => {
  expect(serversIn(text)).toEqual(expected);
  expect(serversIn(text.split(','))).toEqual(expected);
});

/** A server that wants to know who asks. */
const startGuarded = async (authorization: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-guarded-'));
  const file = join(folder, 'nats.conf');
  writeFileSync(file, `host: "127.0.0.1"\nport: -1\nauthorization { ${authorization} }\n`);
  const run = await runServer(natsServer ?? '', file, systemClock, () => undefined);
  const stop = async () => {
    await run.program.end();
    rmSync(folder, { recursive: true, force: true });
  };
  return { host: `127.0.0.1:${run.port}`, [Symbol.asyncDispose]: stop };
};

describe.skipIf(withoutNatsServer())('the user part of an address', () => {
  test.each([
    ['user: me, password: "a:b"', 'me:a%3Ab'],
    ['token: "s3cr3t"', 's3cr3t'],
  ])('opens a server that asks for it: %s', async (authorization, userPart) => {
    await using server = await startGuarded(authorization);
    const url = `nats://${userPart}@${server.host}`;
    await expect(connectClient({ servers: server.host })).rejects.toThrow(/Authorization/i);
    const client = await connectClient({ servers: url });
    expect(client.maxPayloadBytes).toBeGreaterThan(0);
    await client.close();
  });

  test('is used by the link', async () => {
    await using server = await startGuarded('token: "s3cr3t"');
    const { system, tree } = await startLinkTo(`nats://s3cr3t@${server.host}`);
    expect(system.find(linkName)?.isConnected()).toBe(true);
    const [link] = system.tree(tree).children;
    expect(link?.ref && JSON.stringify(system.inspect(link.ref))).not.toContain('s3cr3t');
    await system.stop(tree, 'shutdown');
  });
});

const startLinkTo = async (url: string) => {
  const system = new System({ onReport: () => undefined });
  const link = Link.childSpec({ url }, { id: 'link' });
  const tree = await startTree(
    system,
    supervisor({ id: 'gateway', strategy: 'one_for_one', children: [link] }),
  );
  return { system, tree };
};
