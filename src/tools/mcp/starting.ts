/**
 * Has the servers started: all of them when it starts itself, and again now and then those that their supervisor has given
 * up, as does a call for one of these.
 */
import { z } from 'zod';
import type { DynamicRef } from '../../otp/dynamic-supervisor.ts';
import { genServer, noreply, protocol } from '../../otp/gen-server.ts';
import { nameOf } from '../../otp/name.ts';
import type { ActorRef } from '../../otp/ref.ts';
import type { System } from '../../otp/system.ts';

/** The supervisor of the servers, by their names. */
export const mcpSupervisorName = nameOf<DynamicRef<string, ActorRef>>('mcp-supervisor');

const AGAIN_MS = 10 * 60 * 1_000;

/** Its supervisor does not start it any more. */
export const hasFailed = (system: System, server: string): boolean =>
  system
    .find(mcpSupervisorName)
    ?.children()
    .some(({ key, status }) => key === server && status === 'parked') ?? false;

/** One that runs, or is about to, is left alone. The server's actor reports to its door how the start went. */
export const startServer = (system: System, server: string): void => {
  const started = system.find(mcpSupervisorName)?.ensure(server);
  started?.catch(() => undefined);
};

/** Nobody wants it any more. */
export const stopServer = (system: System, server: string): void => {
  const stopped = system.find(mcpSupervisorName)?.stop(server);
  stopped?.catch(() => undefined);
};

export interface McpStarterArgs {
  readonly servers: readonly string[];
}

const starterProtocol = protocol({ calls: {}, infos: { again: z.void() } });

export const McpStarter = genServer(starterProtocol, {
  init: ({ servers }: McpStarterArgs, self): readonly string[] => {
    for (const server of servers) startServer(self.system, server);
    self.sendEvery(AGAIN_MS, 'again');
    return servers;
  },
  handleCall: {},
  handleInfo: {
    again: (_, servers: readonly string[], self) => {
      for (const server of servers)
        if (hasFailed(self.system, server)) startServer(self.system, server);
      return noreply(servers);
    },
  },
});
