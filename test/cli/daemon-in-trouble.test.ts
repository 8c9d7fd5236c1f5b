/** The daemon as a process whose surroundings fail: its log has no reader, its files go, its start is called off. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';
import { newFolder } from './run-cli.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url));

class Daemon {
  readonly dataDir: string;
  readonly child: ChildProcess;
  log = '';

  constructor(
    env: Record<string, string> = {},
    {
      stderr = 'pipe',
      dataDir = join(newFolder(), 'data'),
    }: { stderr?: 'pipe' | number; dataDir?: string } = {},
  ) {
    this.dataDir = dataDir;
    const { PATH } = process.env;
    this.child = spawn(process.execPath, [MAIN, 'start'], {
      env: { PATH, HOME: dataDir, GREENROOM_DATA_DIR: dataDir, GREENROOM_NATS_PORT: '0', ...env },
      stdio: ['ignore', 'ignore', stderr],
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    started.push(this.child);
  }

  get file(): string {
    return join(this.dataDir, 'daemon.json');
  }

  ready(): Promise<void> {
    return until(() => existsSync(this.file));
  }

  /** Tells it to stop; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await gone;
    return this.child.exitCode;
  }
}

const started: ChildProcess[] = [];
const servers: Server[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
});

const listening = async (server: Server, at: number | string): Promise<Server> => {
  servers.push(server.listen(at));
  await once(server, 'listening');
  return server;
};

describe('a log that nobody can write', () => {
  test('its reader goes away: the daemon runs on, and drains and ends well', async () => {
    const daemon = new Daemon();
    await daemon.ready();
    daemon.child.stderr?.destroy();
    expect(await daemon.stop()).toBe(0);
    expect(existsSync(daemon.file)).toBe(false);
  });

  test.skipIf(!existsSync('/dev/full'))(
    'its disk is full: the daemon starts, and ends well',
    async () => {
      const daemon = new Daemon({}, { stderr: openSync('/dev/full', 'w') });
      await daemon.ready();
      expect(await daemon.stop()).toBe(0);
    },
  );
});

test.skipIf(!existsSync('/dev/full'))(
  'a command whose output cannot be written ends with 1 and says so in a sentence',
  () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [MAIN, '--version'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: the output cannot be written: .*no space left on device.*\n$/);
  },
);

describe('a start that is told to stop ends with 0', () => {
  test('while no broker listens', async () => {
    const daemon = new Daemon({ NATS_URL: `nats://127.0.0.1:${await freePort()}` });
    await until(() => daemon.log.includes('cannot connect to NATS'));
    expect(await daemon.stop()).toBe(0);
    expect(daemon.log).toContain('stopped before it was ready');
  });

  test('while the broker says nothing', async () => {
    const silent = createServer();
    await listening(silent, 0);
    const reached = once(silent, 'connection');
    const { port } = silent.address() as { port: number };
    const daemon = new Daemon({ NATS_URL: `nats://127.0.0.1:${port}` });
    await reached;
    expect(await daemon.stop()).toBe(0);
  });

  test('while the store is being let go of by somebody else', async () => {
    const dataDir = join(newFolder(), 'data');
    mkdirSync(dataDir, { recursive: true });
    const holder = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(`${JSON.stringify({ pid: 1, host: 'h', since: 'now', isReleasing: true })}\n`);
    });
    await listening(holder, join(dataDir, 'lock'));
    const reached = once(holder, 'connection');
    const daemon = new Daemon({}, { dataDir });
    await reached;
    expect(await daemon.stop()).toBe(0);
  });
});

test('a data directory where the kernel lets nobody make one is refused with exit code 2', async () => {
  const daemon = new Daemon({}, { dataDir: '/proc/x' });
  const [code] = await once(daemon.child, 'close');
  expect(code).toBe(2);
  expect(daemon.log).toContain('belongs to the kernel');
  expect(daemon.log).toContain('set GREENROOM_DATA_DIR');
});

test('without a home the data directory has to be named', async () => {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [MAIN, 'start'], { env: { PATH, HOME: '' } });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(2);
  expect(said).toContain('set GREENROOM_DATA_DIR');
});
