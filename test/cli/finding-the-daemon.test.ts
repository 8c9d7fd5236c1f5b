import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findDaemon } from '../../src/cli/find-daemon.ts';
import type { Address } from '../../src/cli/shell.ts';
import { startMsOf } from '../../src/platform/process-start.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { Installation } from './installation.ts';
import { greenroom, newFolder } from './run-cli.ts';

const daemonFile = (facts: object): string => {
  const folder = newFolder();
  const file = {
    pid: process.pid,
    natsUrl: 'nats://127.0.0.1:4321',
    httpUrl: null,
    version: '0.1.0',
    startedAt: new Date().toISOString(),
    ...facts,
  };
  writeFileSync(join(folder, 'daemon.json'), JSON.stringify(file));
  return folder;
};

/** Nobody has this process number: the kernel's largest is smaller. */
const NOBODY = 2 ** 30;

test('a running daemon is found by its process and start', () => {
  expect(findDaemon(daemonFile({})).kind).toBe('running');
});

test('a daemon whose process is gone is stale', () => {
  expect(findDaemon(daemonFile({ pid: NOBODY })).kind).toBe('stale');
});

test('a process that began after the file was written is somebody else', () => {
  expect(findDaemon(daemonFile({ startedAt: '2020-01-01T00:00:00Z' })).kind).toBe('stale');
});

test('the start of this process is known to a second or so', () => {
  const beganMs = Date.now() - process.uptime() * 1_000;
  expect(Math.abs((startMsOf(process.pid) ?? 0) - beganMs)).toBeLessThan(3_000);
});

test('no file is no daemon, and half a file is said to be unreadable', () => {
  const folder = newFolder();
  expect(findDaemon(folder).kind).toBe('absent');
  writeFileSync(join(folder, 'daemon.json'), '{"pid":');
  expect(findDaemon(folder).kind).toBe('unreadable');
});

const connected = async (line: string, env: Record<string, string>) => {
  const addresses: Address[] = [];
  const daemon = new FakeDaemon({ 'daemon.status': { pid: 1 } });
  const ran = await greenroom(line, {
    env,
    connect: async (address) => {
      addresses.push(address);
      return daemon;
    },
  });
  return { ...ran, addresses };
};

test('the command line goes where daemon.json says', async () => {
  const env = { NATS_URL: '', GREENROOM_DATA_DIR: daemonFile({}) };
  const { addresses } = await connected('status', env);
  expect(addresses).toMatchObject([
    { servers: 'nats://127.0.0.1:4321', creds: undefined, prefix: 'greenroom', tenant: 'default' },
  ]);
});

test('flags win over NATS_URL, which wins over daemon.json', async () => {
  const env = { NATS_URL: 'nats://env:4222', GREENROOM_DATA_DIR: daemonFile({}) };
  const byEnv = await connected('status', env);
  const byFlag = await connected('status --servers nats://flag:4222 --tenant acme', env);
  expect(byEnv.addresses[0]?.servers).toBe('nats://env:4222');
  expect(byFlag.addresses[0]).toMatchObject({ servers: 'nats://flag:4222', tenant: 'acme' });
});

test('a killed daemon is exit code 5 and says how to go on', async () => {
  const env = { NATS_URL: '', GREENROOM_DATA_DIR: daemonFile({ pid: NOBODY }) };
  const { code, err } = await connected('status', env);
  expect(code).toBe(5);
  expect(err).toContain(`process ${NOBODY}) is gone without saying goodbye`);
  expect(err).toContain('greenroom start starts it again');
});

test('without any daemon it says which place it looked at', async () => {
  const folder = join(newFolder(), 'data');
  mkdirSync(folder);
  const { code, err } = await connected('status', { NATS_URL: '', GREENROOM_DATA_DIR: folder });
  expect(code).toBe(5);
  expect(err).toContain(`no daemon runs on ${folder}`);
});

test('a command leaves a broker that takes the connection and then says nothing, and closes nothing', async () => {
  const taken: Socket[] = [];
  const silent = createServer({ allowHalfOpen: true }, (socket) => void taken.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of taken) socket.destroy();
    silent.close();
  });
  const { port } = silent.address() as AddressInfo;
  const here = new Installation();
  const server = `nats://127.0.0.1:${port}`;
  const { code, err } = await here.call(['--servers', server, 'sessions', 'list']);
  expect(code).toBe(5);
  expect(taken).not.toEqual([]);
  expect(err).toContain(`cannot connect to NATS at ${server}: nobody answers there`);
});

test('where nobody listens, that is said', async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const { code, err } = await new Installation().call([
    ...['--servers', `nats://127.0.0.1:${port}`, 'sessions', 'list'],
  ]);
  expect([code, err]).toEqual([5, expect.stringContaining(`${port}: nobody listens there`)]);
});
