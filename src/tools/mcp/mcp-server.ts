/**
 * One MCP server: an actor that lives as long as its connection. It owns the connection, and with it the process or the
 * session on the web; its supervisor starts it again, later each time.
 */
import { z } from 'zod';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { genServer, noreply, protocol, stop } from '../../otp/gen-server.ts';
import type { Ref } from '../../otp/ref.ts';
import { Connection } from './connection.ts';
import type { SaidTool } from './definitions.ts';
import { mcpGroundName } from './mcp-tools.ts';
import type { ServerDoor } from './server-door.ts';

const mcpServerProtocol = protocol({
  calls: {},
  infos: {
    connected: z.custom<readonly SaidTool[]>(),
    listed: z.custom<readonly SaidTool[]>(),
    lost: z.string(),
  },
});

export type McpServerRef = Ref<typeof mcpServerProtocol>;

/** For the server to end by itself, by a polite signal, by the other one, and for a sweep. */
const SHUTDOWN_MS = 10_000;

interface State {
  readonly door: ServerDoor;
  readonly connection: Connection;
}

const McpServer = genServer(mcpServerProtocol, {
  init: (key: string, self): State => {
    const { doors, keeper, notices } = self.system.fetch(mcpGroundName);
    const door = doors.get(key);
    if (door === undefined) throw new Error(`there is no MCP server ${key}`);
    const { settings } = door;
    const connection = new Connection({
      ...{ settings, notices, clock: self.system.clock, mark: keeper.mark },
      id: settings.transport.type === 'stdio' ? keeper.admit() : 0,
      onTools: (tools) => self.send('listed', tools),
      onClosed: (why) => self.send('lost', why),
    });
    self.own(() => connection.close());
    door.tell({ kind: 'starting' });
    self.pipe(
      connection.open(),
      (tools) => ['connected', tools],
      (error) => ['lost', (error as Error).message],
    );
    return { door, connection };
  },
  handleCall: {},
  handleInfo: {
    connected: (tools, state: State, self) => {
      const { door, connection } = state;
      door.take(tools);
      door.tell({ kind: 'connected', connection });
      const { notices } = self.system.fetch(mcpGroundName);
      notices.info({ server: door.key, tools: door.offered.length }, 'an MCP server is there');
      return noreply(state);
    },
    listed: (tools, state: State) => {
      state.door.take(tools);
      return noreply(state);
    },
    lost: (why, state: State, self) => {
      const { notices } = self.system.fetch(mcpGroundName);
      notices.warn({ server: state.door.key, why }, 'an MCP server is down');
      state.door.tell({ kind: 'down', why });
      return stop({ shutdown: why }, state);
    },
  },
  terminate: async (_, { door, connection }) => {
    if (door.state.kind !== 'down') door.tell({ kind: 'down', why: 'it was stopped' });
    await connection.close();
  },
  redact: ({ door, connection }) => ({ state: door.state.kind, pid: connection.pid }),
});

export const mcpServer = (key: string): ChildSpec<McpServerRef> =>
  McpServer.childSpec(key, { id: key, shutdownMs: SHUTDOWN_MS });
