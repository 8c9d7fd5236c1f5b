/**
 * A real PostgreSQL for tests: a cluster of its own on a free port of the loopback, gone when the test
 * is. PostgreSQL refuses to run as root; there it runs as another user. Without the programs, tests that
 * need them fail under CI and are skipped, with a line, elsewhere.
 */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { OutsideProgram } from '../../src/otp/outside-program.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { freePort } from './free-port.ts';
import type { TestServer } from './redis.ts';
import { findPostgres } from './server-programs.ts';

/** For `describe.skipIf`: says why. Throws under CI, where nothing may be skipped silently. */
export const withoutPostgres = (): boolean => {
  const { missing } = findPostgres();
  if (missing === undefined) return false;
  if (process.env['CI']) throw new Error(`${missing}, and CI must not skip its tests`);
  console.log(`skipped: ${missing}`);
  return true;
};

export interface TestPostgres extends TestServer {
  /** Makes an empty database; gives its URL. */
  newDatabase(): Promise<string>;
}

export interface TestPostgresOptions {
  /** Where the data goes, as a folder of its own; else among the temporary files. */
  readonly below?: string;
}

const SUPERUSER = 'greenroom';
const GRACE_MS = 10_000;

export const startPostgres = async (options: TestPostgresOptions = {}): Promise<TestPostgres> => {
  const { path } = found();
  const user = userToRunAs();
  const folder = mkdtempSync(join(placeFor(user, options.below), 'greenroom-postgres-'));
  chmodSync(folder, 0o755); // its owner, who may be another user, keeps the cluster below it to himself
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const cluster = join(folder, 'data');
  await promisify(execFile)(
    join(path, 'initdb'),
    ['-D', cluster, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { cwd: folder, ...user },
  );
  const port = await freePort();
  const launch = () => runPostgres(join(path, 'postgres'), cluster, port, user);
  let run = await launch();
  const urlOf = (database: string) =>
    `postgres://${SUPERUSER}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  const signal = (name: NodeJS.Signals) => {
    for (const pid of [run.pid, ...childrenOf(run.pid)]) trySignal(pid, name);
  };
  let databases = 0;
  const stop = async () => {
    signal('SIGCONT');
    await run.program.end();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    url: urlOf('postgres'),
    newDatabase: async () => {
      const name = `test_${++databases}`;
      await query(urlOf('postgres'), `CREATE DATABASE ${name}`);
      return urlOf(name);
    },
    pids: () => [run.pid, ...childrenOf(run.pid)],
    kill: async () => {
      signal('SIGKILL');
      await run.program.exited;
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    restart: async () => {
      await run.program.end();
      run = await launchAgain(launch);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
};

/** A process of the server before, killed a moment ago, may not have let go of its memory yet. */
const launchAgain = async <T>(launch: () => Promise<T>): Promise<T> => {
  for (let triesLeft = 20; ; triesLeft -= 1) {
    try {
      return await launch();
    } catch (error) {
      if (triesLeft === 0 || !String(error).includes('shared memory block')) throw error;
      await wait(100);
    }
  }
};

/** Rows of one statement, over a connection of its own. */
export const query = async (
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, [...values])).rows;
  } finally {
    await client.end();
  }
};

const found = () => {
  const server = findPostgres();
  if (server.missing !== undefined) throw new Error(server.missing);
  return server;
};

/** Another user may not get into every folder: there the temporary files have to do. */
const placeFor = (user: ReturnType<typeof userToRunAs>, below: string | undefined): string => {
  if (below === undefined) return tmpdir();
  if (user === undefined) return below;
  chmodSync(below, 0o711);
  const folders = resolve(below)
    .split(sep)
    .map((_, at, parts) => parts.slice(0, at + 1).join(sep) || sep);
  return folders.every((folder) => (statSync(folder).mode & 0o001) !== 0) ? below : tmpdir();
};

/** As root: `postgres` where packages made that user, else `nobody`. */
const userToRunAs = () => {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const idOf = (flag: string) =>
        Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: idOf('-u'), gid: idOf('-g') };
    } catch {
      // no such user
    }
  }
  return undefined;
};

const runPostgres = async (
  command: string,
  cluster: string,
  port: number,
  user: ReturnType<typeof userToRunAs>,
) => {
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
  ];
  const args = ['-D', cluster, ...settings.flatMap((setting) => ['-c', setting])];
  const program = new OutsideProgram(
    systemClock,
    { command, args, cwd: cluster, ...(user === undefined ? {} : { user }) },
    { graceMs: GRACE_MS, guard: true },
  );
  const ready = new Promise<void>((resolve) => {
    program.onLine = (line) => {
      if (line.includes('database system is ready to accept connections')) resolve();
    };
  });
  const exited = program.exited.then((why) => {
    throw why;
  });
  await Promise.race([ready, exited]);
  return { program, pid: await program.pid };
};

/** Its backends and helpers: each is a process of its own. */
const childrenOf = (parent: number): readonly number[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, of]) => (of === parent && pid !== undefined ? [pid] : []));

const trySignal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended
  }
};
