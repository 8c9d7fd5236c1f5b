/**
 * The tools of all MCP servers. It owns what outlives a server's actor: the doors to the servers, what their tools said at
 * first sight, and the child that ends what servers have started when this process is killed. Calls do not pass its mailbox.
 */
import { join } from 'node:path';
import { genServer, protocol } from '../../otp/gen-server.ts';
import { type Name, nameOf } from '../../otp/name.ts';
import type { System } from '../../otp/system.ts';
import type { OfferedTool, ToolCall, ToolHandle, ToolSink } from '../../session/ports/tools.ts';
import { spillPath } from '../commands/spill-path.ts';
import { begun } from '../results/telling.ts';
import { failed } from '../tool/outcome.ts';
import type { ToolRunner } from '../tool/runner.ts';
import type { Notices } from './connection.ts';
import { Keeper } from './keeper.ts';
import { Pins } from './pins.ts';
import { type DoorState, ServerDoor } from './server-door.ts';
import type { McpServerSettings } from './settings.ts';
import { hasFailed, startServer } from './starting.ts';
import { namesOfTools } from './tool-names.ts';

export interface McpServerStatus {
  readonly name: string;
  /** `down`: it will be started again; `failed`: it was started again too often, and now only when a call wants it or after some minutes. */
  readonly state: DoorState['kind'] | 'failed';
  /** Of one that is down or has failed. */
  readonly why?: string;
  /** How many of its tools are offered. */
  readonly tools: number;
  /** Its tools that say something else than at first sight: they are withheld until they are accepted. */
  readonly changed: readonly string[];
}

export interface McpToolsArgs {
  readonly servers: readonly McpServerSettings[];
  /** Where is kept what tools said at first sight, and the trace of servers; undefined: nowhere. Absolute. */
  readonly dataDir: string | undefined;
  /** A result that is too long is in `<spillFolder>/<tenant>/<session>/<tool use>.txt`. Absolute. */
  readonly spillFolder: string;
  readonly notices: Notices;
}

export interface McpTools extends ToolRunner {
  status(): readonly McpServerStatus[];
  /** Offers a changed tool as it is now. False: there is no such tool, or it has not changed. */
  accept(server: string, tool: string): boolean;
}

/** What sessions' calls are given to. */
export const mcpToolsName = nameOf<McpTools>('mcp-tools');

/** What the servers' actors work with. */
export interface McpGround {
  readonly doors: ReadonlyMap<string, ServerDoor>;
  readonly keeper: Keeper;
  readonly notices: Notices;
}

export const mcpGroundName: Name<McpGround> = nameOf('mcp-ground');

const mcpToolsProtocol = protocol({ calls: {} });

export const McpToolsServer = genServer(mcpToolsProtocol, {
  init: async (args: McpToolsArgs, self): Promise<RunningMcpTools> => {
    const { dataDir, notices } = args;
    const { system } = self;
    const folder = dataDir === undefined ? undefined : join(dataDir, 'mcp');
    const keeper = new Keeper({ clock: system.clock, folder, notices });
    await keeper.endLeftover();
    self.own(() => keeper.close());
    const tools = new RunningMcpTools(system, args, new Pins(folder));
    self.register(mcpGroundName, { doors: tools.doors, keeper, notices });
    self.register(mcpToolsName, tools);
    return tools;
  },
  handleCall: {},
  redact: (tools) => tools.status(),
});

interface Place {
  readonly door: ServerDoor;
  /** The server's own name for it. */
  readonly tool: string;
}

class RunningMcpTools implements McpTools {
  readonly doors: ReadonlyMap<string, ServerDoor>;
  readonly #system: System;
  readonly #spillFolder: string;
  #tools: readonly OfferedTool[] = [];
  #places: ReadonlyMap<string, Place> = new Map();

  constructor(system: System, args: McpToolsArgs, pins: Pins) {
    const { servers, notices } = args;
    const { clock } = system;
    this.#system = system;
    this.#spillFolder = args.spillFolder;
    const onTools = () => this.#list();
    const onWanted = (server: string) => {
      if (hasFailed(system, server)) startServer(system, server);
    };
    this.doors = new Map(
      servers.map((settings) => {
        const door = new ServerDoor({ settings, clock, pins, notices, onTools, onWanted });
        return [settings.name, door] as const;
      }),
    );
    this.#list();
  }

  get tools(): readonly OfferedTool[] {
    return this.#tools;
  }

  start(call: ToolCall, sink: ToolSink): ToolHandle {
    const place = this.#places.get(call.name);
    return begun(this.#system, sink, (tell) => {
      if (place === undefined) {
        tell(failed(`There is no tool ${call.name} any more.`));
        return () => undefined;
      }
      const path = spillPath(this.#spillFolder, call);
      return place.door.begin({ tool: place.tool, input: call.input, path }, tell);
    });
  }

  status(): readonly McpServerStatus[] {
    return [...this.doors.values()].map(({ settings, state, offered, changed }) => ({
      name: settings.name,
      state: this.#stateOf(settings.name, state),
      ...('why' in state ? { why: state.why } : {}),
      tools: offered.length,
      changed,
    }));
  }

  #stateOf(server: string, { kind }: DoorState): McpServerStatus['state'] {
    return kind === 'down' && hasFailed(this.#system, server) ? 'failed' : kind;
  }

  accept(server: string, tool: string): boolean {
    return this.doors.get(server)?.accept(tool) ?? false;
  }

  /** The same list as long as it says the same: a new one is a new prompt to the model. */
  #list(): void {
    const all = [...this.doors.values()].flatMap((door) => offeredBy(door));
    this.#places = new Map(all.map(({ place, offered }) => [offered.name, place]));
    const tools = all
      .map(({ offered }) => offered)
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
    if (JSON.stringify(tools) !== JSON.stringify(this.#tools)) this.#tools = tools;
  }
}

const offeredBy = (door: ServerDoor): readonly { place: Place; offered: OfferedTool }[] => {
  const names = namesOfTools(
    door.settings.name,
    door.offered.map(({ tool }) => tool),
  );
  return door.offered.map(({ tool, description, inputSchema, effect }) => ({
    place: { door, tool },
    offered: { name: names.get(tool) ?? tool, description, inputSchema, effect },
  }));
};
