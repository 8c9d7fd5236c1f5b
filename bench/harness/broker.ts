/** The nats-server that a bench runs its traffic through: a process of its own, told what the daemon tells its own broker. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNatsServer } from '../../src/config/find-program.ts';
import { runServer } from '../../src/nats/server-process.ts';
import { configText, versionOf } from '../../src/nats/server-program.ts';
import { systemClock } from '../../src/otp/system-clock.ts';

export interface BenchBroker {
  readonly url: string;
  readonly version: string;
  readonly pid: number;
  /** Ends it and starts it again, on the same port and store; resolves when it is ready. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

const MAX_PAYLOAD_BYTES = 1024 * 1024;

export const startBroker = async (scratch: string): Promise<BenchBroker> => {
  const program = findNatsServer(process.env['NATS_SERVER_BIN']);
  if (program === undefined)
    throw new Error('the benches need nats-server (NATS_SERVER_BIN, PATH)');
  const version = await versionOf(program);
  const storeDir = join(scratch, 'nats');
  mkdirSync(storeDir, { recursive: true });
  const configFile = join(storeDir, 'server.conf');
  const settings = { version, port: -1, storeDir, maxPayloadBytes: MAX_PAYLOAD_BYTES };
  const start = (port: number) => {
    writeFileSync(configFile, configText({ ...settings, port }));
    return runServer(program, configFile, systemClock, () => undefined);
  };
  let run = await start(settings.port);
  const { port } = run;
  return {
    url: `nats://127.0.0.1:${port}`,
    version: version.join('.'),
    get pid() {
      return run.pid;
    },
    restart: async () => {
      await run.program.end();
      run = await start(port);
    },
    end: () => run.program.end(),
  };
};
