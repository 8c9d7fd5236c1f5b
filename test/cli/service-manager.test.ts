/** What systemd hears, by the real systemd-notify on a socket of the test: readiness, beats of the watchdog, the end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ServiceManager } from '../../src/app/service-manager.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { until } from '../support/until.ts';
import { newFolder } from './run-cli.ts';

const without = (): boolean => {
  const isThere = (name: string) => spawnSync(name, ['--version']).status === 0;
  if (isThere('systemd-notify') && isThere('python3')) return false;
  console.log('skipped: no systemd-notify and python3, which has the socket that Node has not');
  return true;
};

const LISTEN = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
`;

const listener = async () => {
  const path = join(newFolder(), 'notify');
  const child: ChildProcess = spawn('python3', ['-c', LISTEN, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const heard: string[] = [];
  child.stdout?.on('data', (chunk: Buffer) => heard.push(...chunk.toString().trim().split('\n')));
  if (child.stdout) await once(child.stdout, 'data');
  return { path, heard };
};

const silent = createLog({ level: 'silent' });
const { PATH } = process.env;

test.skipIf(without())(
  'the manager hears that it is ready, beats until the end, and that it stops',
  async () => {
    const { path, heard } = await listener();
    const env = { PATH, NOTIFY_SOCKET: path, WATCHDOG_USEC: '100000' };
    const manager = new ServiceManager(env, silent, systemClock);
    manager.ready();
    await until(() => heard.filter((word) => word === 'WATCHDOG=1').length >= 2);
    manager.stopping();
    await until(() => heard.includes('STOPPING=1'));
    manager.end();
    expect(heard).toContain('READY=1');
  },
);

test('without a socket nothing is started, and nothing fails', () => {
  const lines: string[] = [];
  const log = createLog({ pretty: false, write: (line) => void lines.push(line) });
  const manager = new ServiceManager({ PATH: '/nowhere' }, log, systemClock);
  manager.ready();
  manager.stopping();
  expect(lines).toEqual([]);
});

test('where systemd cannot be told, the log says so once', async () => {
  const lines: string[] = [];
  const log = createLog({ pretty: false, write: (line) => void lines.push(line) });
  const env = { PATH: '/nowhere', NOTIFY_SOCKET: '/nowhere/notify' };
  const manager = new ServiceManager(env, log, systemClock);
  manager.ready();
  await until(() => lines.length > 0);
  manager.stopping();
  manager.end();
  expect(lines[0]).toContain('systemd does not hear READY=1');
});
