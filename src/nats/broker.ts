/**
 * The broker that we bring along: our own nats-server as a supervised child. It owns `<data>/nats`:
 * the JetStream files, the configuration and `broker.json`.
 *
 * Invariants:
 * 1. At most one server has our files open: a leftover of a killed daemon is ended first.
 * 2. The server does not outlive this actor, nor this process.
 * 3. After a crash it comes back on the same port, so that everybody reconnects.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNatsServer } from '../config/find-program.ts';
import type { Clock } from '../otp/clock.ts';
import { genServer, IGNORE, protocol } from '../otp/gen-server.ts';
import { nameOf } from '../otp/name.ts';
import { makeFolderSync } from '../platform/make-folder.ts';
import { startTimeOf } from '../platform/process-start.ts';
import { endLeftover, readTrace, removeTrace, writeTrace } from './leftover.ts';
import { PortTaken, runServer, type ServerRun } from './server-process.ts';
import { configText, type ServerSettings, type Version, versionOf } from './server-program.ts';

export interface BrokerArgs {
  /** The daemon's data directory; ours is `nats` in it. */
  readonly dataDir: string;
  /** false: there is an outside broker, or none is wanted; the actor is ignored. Default true. */
  readonly wanted?: boolean;
  /** undefined: 4222, or a free one if that is taken. 0: any free one. */
  readonly port?: number | undefined;
  /** The nats-server program; default: found on PATH and in the usual places. */
  readonly program?: string | undefined;
  /** Largest message; default 1 MiB. */
  readonly maxPayloadBytes?: number;
  /** What our streams will reserve in it, in bytes. */
  readonly streamBytes?: number;
  /** Told of the server's own warnings and errors. */
  readonly onWarning?: (line: string) => void;
}

/** Where the broker is. */
export interface BrokerFace {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly version: Version;
}

export const brokerName = nameOf<BrokerFace>('broker');

const USUAL_PORT = 4222;
const ANY_PORT = -1;

/** Without a server there is no bus: the daemon says so in one sentence. */
const NOT_FOUND =
  'no nats-server was found. Install it (Debian: apt-get install nats-server; macOS: brew install nats-server), name it in NATS_SERVER_BIN, or use another broker with NATS_URL.';

export const Broker = genServer(protocol({ calls: {} }), {
  init: async (args: BrokerArgs, self) => {
    if (args.wanted === false) return IGNORE;
    const program = findNatsServer(args.program);
    if (program === undefined) throw new Error(NOT_FOUND);
    const folder = prepareFolder(args.dataDir);
    const version = await versionOf(program);
    const trace = readTrace(folder);
    if (trace !== undefined) await endLeftover(trace, self.system.clock);

    const ports = portsToTry(args.port, trace?.port);
    const plan = { ...args, program, folder, version };
    const { program: server, pid, port } = await startOn(ports, plan, self.system.clock);
    self.own(() => server.kill());
    void server.exited.then((why) => self.exit({ crashed: why }));
    writeTrace(folder, { pid, startTime: startTimeOf(pid) ?? '', port });
    self.register(brokerName, { url: `nats://127.0.0.1:${port}`, port, pid, version });
    return { server, folder };
  },

  handleCall: {},

  /** After an orderly end the next start may prefer the usual port again. */
  terminate: async (reason, { server, folder }) => {
    await server.end();
    if (reason === 'shutdown' || reason === 'normal') removeTrace(folder);
  },

  redact: ({ server, folder }) => ({ folder, lastLines: server.lastLines }),
});

const prepareFolder = (dataDir: string): string => {
  const folder = join(dataDir, 'nats');
  makeFolderSync(folder);
  chmodSync(folder, 0o700);
  return folder;
};

/** A configured port is taken at its word; otherwise clients first find us where we were before. */
const portsToTry = (
  configured: number | undefined,
  last: number | undefined,
): readonly number[] => {
  if (configured !== undefined && configured !== 0) return [configured];
  const before = last === undefined ? [] : [last];
  return configured === 0 ? [...before, ANY_PORT] : [...before, USUAL_PORT, ANY_PORT];
};

interface Plan extends BrokerArgs {
  readonly program: string;
  readonly folder: string;
  readonly version: Version;
}

const startOn = async (ports: readonly number[], plan: Plan, clock: Clock): Promise<ServerRun> => {
  for (const port of ports) {
    try {
      return await startOnce(port, plan, clock);
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
    }
  }
  throw new Error(
    `port ${ports[0]} is taken by another program: set GREENROOM_NATS_PORT to another one, or to 0 for any free one`,
  );
};

const startOnce = (port: number, plan: Plan, clock: Clock): Promise<ServerRun> => {
  const { folder, version } = plan;
  const settings: ServerSettings = {
    version,
    port,
    storeDir: folder,
    maxPayloadBytes: plan.maxPayloadBytes ?? 1024 * 1024,
    streamBytes: plan.streamBytes,
  };
  const configFile = join(folder, 'nats.conf');
  writeFileSync(configFile, configText(settings), { mode: 0o600 });
  // a port that is taken is no news: another one is tried, or the caller's sentence says so
  const onWarning = (line: string) =>
    line.includes('address already in use') ? undefined : plan.onWarning?.(line);
  return runServer(plan.program, configFile, clock, onWarning);
};
