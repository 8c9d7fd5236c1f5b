/**
 * A real nats-server for tests: on a free port of the loopback, with data of its own that goes away
 * with it. Without the program, tests that need it fail under CI and are skipped, with a line, elsewhere.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '../../src/config/find-program.ts';
import { runServer } from '../../src/nats/server-process.ts';
import { configText, versionOf } from '../../src/nats/server-program.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { freePort } from './free-port.ts';

const { CI, NATS_SERVER_BIN } = process.env;

export const natsServer = findNatsServer(NATS_SERVER_BIN);

/** For `describe.skipIf`: says why. Throws under CI, where nothing may be skipped silently. */
export const withoutNatsServer = (): boolean => {
  if (natsServer !== undefined) return false;
  if (CI) throw new Error('no nats-server was found, and CI must not skip its tests');
  console.log('skipped: no nats-server was found (PATH, /usr/sbin, NATS_SERVER_BIN)');
  return true;
};

export interface TestBroker {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the server with SIGKILL; its data stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  restart(): Promise<void>;
  /** Loses what it stored; only while it is not running. */
  loseData(): void;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestBrokerOptions {
  readonly maxPayloadBytes?: number;
  /** Another configuration, made of ours. */
  readonly configure?: (text: string) => string;
}

export const startBroker = async (options: TestBrokerOptions = {}): Promise<TestBroker> => {
  const program = natsServer ?? 'nats-server';
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-nats-'));
  const storeDir = join(folder, 'store');
  const version = await versionOf(program);
  const launch = (port: number) => {
    const configFile = join(folder, 'nats.conf');
    const { maxPayloadBytes = 1024 * 1024, configure = (text) => text } = options;
    writeFileSync(configFile, configure(configText({ version, port, storeDir, maxPayloadBytes })));
    return runServer(program, configFile, systemClock, () => undefined);
  };
  const port = await freePort();
  let run = await launch(port);
  const stop = async () => {
    await run.program.end();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return run.pid;
    },
    kill: () => run.program.kill(),
    restart: async () => {
      run = await launch(port);
    },
    loseData: () => rmSync(storeDir, { recursive: true, force: true }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
};
