/**
 * The Greenrooms that queries of this process share when the program brings none: one for each data directory, from the
 * first query that needs it to the end of the last.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { EXIT_STORE_FAILED, RunningGreenroom } from '../app/greenroom.ts';
import { loadConfig } from '../config/config.ts';
import { secretsOf } from '../config/secrets.ts';
import { GreenroomError } from '../model/errors.ts';
import { Tenant } from '../model/id-schemas.ts';
import { sessionKey } from '../model/ids.ts';
import { pause } from '../otp/clock.ts';
import type { System } from '../otp/system.ts';
import { systemClock } from '../otp/system-clock.ts';
import { createLog } from '../platform/log.ts';
import { newestSonnet } from '../pricing/price.ts';
import { embeddedApi } from '../session/api/embedded.ts';
import { mcpToolsName } from '../tools/mcp/mcp-tools.ts';
import type { AgentHost } from './host.ts';
import type { RoomParts } from './options.ts';

export interface Lease {
  readonly host: AgentHost;
  /** The Greenroom stops with its last lease. */
  end(): Promise<void>;
}

interface Started {
  readonly host: AgentHost;
  stop(): Promise<void>;
}

interface Room {
  readonly parts: RoomParts;
  readonly started: Promise<Started>;
  leases: number;
}

export class Rooms {
  readonly #rooms = new Map<string, Room>();
  /** One that stops still has the data directory. */
  readonly #stopping = new Map<string, Promise<void>>();

  /** Throws `invalid_settings` if a query that runs uses this data directory with other servers, agents or keys. */
  async take(parts: RoomParts): Promise<Lease> {
    const name = nameOf(parts);
    await this.#stopping.get(name);
    const room = this.#rooms.get(name) ?? this.#open(name, parts);
    if (!isDeepStrictEqual(room.parts, parts))
      throw new GreenroomError(
        'invalid_settings',
        'options: a query that runs in this process has this data directory with other mcpServers, agents, env or cwd of servers: await its end, or give another dataDir, or one greenroom',
      );
    room.leases += 1;
    const end = () => this.#leave(name, room);
    try {
      const { host } = await room.started;
      return { host, end };
    } catch (error) {
      await end();
      throw error;
    }
  }

  #open(name: string, parts: RoomParts): Room {
    const room = { parts, started: startRoom(parts), leases: 0 };
    this.#rooms.set(name, room);
    return room;
  }

  async #leave(name: string, room: Room): Promise<void> {
    room.leases -= 1;
    if (room.leases > 0) return this.#stopping.get(name);
    this.#rooms.delete(name);
    const stopping = room.started.then(({ stop }) => stop()).catch(() => undefined);
    this.#stopping.set(name, stopping);
    await stopping;
    this.#stopping.delete(name);
  }
}

const nameOf = ({ inMemory, dataDir }: RoomParts): string =>
  inMemory ? 'memory' : (dataDir ?? 'configured');

const TENANT = Tenant.parse('default');

const startRoom = async (parts: RoomParts): Promise<Started> => {
  const { inMemory, env = process.env } = parts;
  const folder = inMemory ? await mkdtemp(join(tmpdir(), 'greenroom-query-')) : undefined;
  const discard = async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    const running = await runningRoom(parts, env, folder);
    const api = embeddedApi(running.sessions, TENANT, { ended: running.exited });
    const host: AgentHost = {
      ...{ api, system: running.system, status: () => running.status() },
      lend: (sessionId, functions) => running.lend(sessionKey(TENANT, sessionId), functions),
    };
    await settledServers(running.system);
    return { host, stop: () => running.stop().finally(discard) };
  } catch (error) {
    await discard();
    throw error;
  }
};

const runningRoom = (
  { dataDir, mcpServers, agents, cwd }: RoomParts,
  env: Readonly<Record<string, string | undefined>>,
  memoryFolder: string | undefined,
): Promise<RunningGreenroom> => {
  const place = memoryFolder ?? dataDir;
  const { config } = loadConfig({
    env,
    options: {
      ...(place === undefined ? {} : { dataDir: place }),
      ...(memoryFolder === undefined ? {} : { store: 'memory:' }),
      textSearch: 'off',
    },
    newestModel: newestSonnet(systemClock.now()),
  });
  if (config.provider !== 'anthropic' && env['GREENROOM_PROVIDER'] !== 'rehearsal')
    throw new GreenroomError(
      'invalid_settings',
      'a query needs a key: set ANTHROPIC_API_KEY, or GREENROOM_PROVIDER=rehearsal for the rehearsal model',
    );
  const log = createLog({ level: 'warn', secrets: secretsOf(config) });
  return RunningGreenroom.start({
    ...{ config, log, bus: { wanted: false }, lends: true, agents },
    ...(cwd === undefined ? {} : { mcpServers: { servers: mcpServers, cwd } }),
    onFatal: () => process.exit(EXIT_STORE_FAILED),
  });
};

const SERVERS_MS = 30_000;
const POLL_MS = 20;

/** A model that is asked before the servers are there is not offered their tools. One that does not come is done without. */
const settledServers = async (system: System): Promise<void> => {
  const { clock } = system;
  const untilMs = clock.monotonic() + SERVERS_MS;
  const isStarting = () =>
    system
      .find(mcpToolsName)
      ?.status()
      .some(({ state }) => state === 'starting') ?? false;
  while (isStarting() && clock.monotonic() < untilMs) await pause(clock, POLL_MS);
};
