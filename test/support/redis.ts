/**
 * A real redis-server for tests: on a free port of the loopback, with data of its own that goes away
 * with it, and an append-only file that is synced before each answer. Without the program, tests that
 * need it fail under CI and are skipped, with a line, elsewhere.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OutsideProgram } from '../../src/otp/outside-program.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { freePort } from './free-port.ts';
import { findRedisServer } from './server-programs.ts';

/** For `describe.skipIf`: says why. Throws under CI, where nothing may be skipped silently. */
export const withoutRedis = (): boolean => {
  const { missing } = findRedisServer();
  if (missing === undefined) return false;
  if (process.env['CI']) throw new Error(`${missing}, and CI must not skip its tests`);
  console.log(`skipped: ${missing}`);
  return true;
};

export interface TestServer {
  readonly url: string;
  /** Its processes at this moment. */
  pids(): readonly number[];
  /** Ends the server with SIGKILL; its data stays. */
  kill(): Promise<void>;
  /** Stops it without ending it (SIGSTOP): connections stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same port with the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestRedisOptions {
  /** `always`, `everysec` or `no`. */
  readonly appendfsync?: string;
  /** Where the data goes, as a folder of its own; else among the temporary files. */
  readonly below?: string;
  /** Certificate and key: it speaks nothing but TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** One that believes to be part of a cluster. */
  readonly isCluster?: boolean;
}

const GRACE_MS = 5_000;

export const startRedis = async (options: TestRedisOptions = {}): Promise<TestServer> => {
  const { path } = found();
  const folder = mkdtempSync(join(options.below ?? tmpdir(), 'greenroom-redis-'));
  const port = await freePort();
  const { appendfsync = 'always', isCluster = false, tls } = options;
  const settings = { appendfsync, 'cluster-enabled': isCluster ? 'yes' : 'no' };
  const launch = () =>
    runRedis(path, folder, port, { ...settings, ...(tls && tlsSettings(port, tls)) });
  let run = await launch();
  const stop = async () => {
    process.kill(run.pid, 'SIGCONT');
    await run.program.end();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    pids: () => [run.pid],
    kill: () => run.program.kill(),
    pause: () => void process.kill(run.pid, 'SIGSTOP'),
    resume: () => void process.kill(run.pid, 'SIGCONT'),
    restart: async () => {
      await run.program.end();
      run = await launch();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
};

const found = () => {
  const server = findRedisServer();
  if (server.missing !== undefined) throw new Error(server.missing);
  return server;
};

const tlsSettings = (port: number, { cert, key }: { cert: string; key: string }) => ({
  port: '0',
  'tls-port': String(port),
  'tls-cert-file': cert,
  'tls-key-file': key,
  'tls-ca-cert-file': cert,
  'tls-auth-clients': 'no',
});

const runRedis = async (
  command: string,
  folder: string,
  port: number,
  more: Readonly<Record<string, string>>,
) => {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    ...more,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const program = new OutsideProgram(
    systemClock,
    { command, args },
    { graceMs: GRACE_MS, guard: true },
  );
  const ready = new Promise<void>((resolve) => {
    program.onLine = (line) => {
      if (line.includes('Ready to accept connections')) resolve();
    };
  });
  const exited = program.exited.then((why) => {
    throw why;
  });
  await Promise.race([ready, exited]);
  return { program, pid: await program.pid };
};
