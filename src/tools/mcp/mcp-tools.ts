/**
 * The tools of all MCP servers: those that all sessions may have, and those of single ones. It owns what outlives a server's actor: the doors to the servers, what their tools said at
 * first sight, and the child that ends what servers have started when this process is killed. Calls do not pass its mailbox.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { Asker } from '../../model/per-session.ts';
import { genServer, noreply, protocol } from '../../otp/gen-server.ts';
import { type Name, nameOf } from '../../otp/name.ts';
import type { System } from '../../otp/system.ts';
import {
  type Absence,
  type OfferedTool,
  serverRulesName,
  type ToolCall,
  type ToolHandle,
  type ToolSink,
} from '../../session/ports/tools.ts';
import { spillPath } from '../commands/spill-path.ts';
import { begun } from '../results/telling.ts';
import { failed } from '../tool/outcome.ts';
import type { LentTools } from '../tool/runner.ts';
import type { Notices } from './connection.ts';
import type { Definition } from './definitions.ts';
import { Keeper } from './keeper.ts';
import { Pins } from './pins.ts';
import { type Place, placesOf } from './places.ts';
import { Questions } from './questions.ts';
import { type DoorState, ServerDoor } from './server-door.ts';
import { SessionRules } from './session-rules.ts';
import { SessionServers } from './session-servers.ts';
import type { McpServerSettings } from './settings.ts';
import { hasFailed, startServer, stopServer } from './starting.ts';
import { withheldOf } from './withheld.ts';

export interface McpServerStatus {
  /** Of a server of one session a name that is its own. */
  readonly name: string;
  /** Whose it alone is; absent: all sessions may have it. */
  readonly session?: { readonly tenant: string; readonly sessionId: string };
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
  /** Hosts that sessions may have servers of for themselves. */
  readonly sessionHosts: readonly string[];
  /** Names of servers that the API calls: no session may give one to a server of its own. Default: none. */
  readonly connectors?: readonly string[];
  /** Servers of single sessions that may run at a time. */
  readonly maxSessionServers: number;
  /** Where is kept what tools said at first sight, and the trace of servers; undefined: nowhere. Absolute. */
  readonly dataDir: string | undefined;
  /** A result that is too long is in `<spillFolder>/<tenant>/<session>/<tool use>.txt`. Absolute. */
  readonly spillFolder: string;
  readonly notices: Notices;
}

export interface McpTools extends LentTools {
  /** Of the servers that all sessions may have. */
  status(): readonly McpServerStatus[];
  /** Those of single sessions too, as far as they have been asked about. */
  allStatus(): readonly McpServerStatus[];
  /** What a changed tool has said and says; undefined: there is no such tool, or it has not changed. */
  changedTool(server: string, tool: string): ChangedTool | undefined;
  /** As of `Toolbox`: those that are withheld. */
  absent(asker: Asker, named: readonly string[] | undefined): readonly Absence[];
  /** As `Toolbox.prepare`. */
  prepare(asker: Asker): Promise<void> | undefined;
  /** Offers a changed tool as it is now. False: there is no such tool, or it has not changed. @param by who has read it. */
  accept(server: string, tool: string, by?: string): boolean;
}

export interface ChangedTool {
  readonly server: string;
  readonly tool: string;
  /** Of what it says now. */
  readonly hash: string;
  readonly before: Said;
  readonly now: Said;
}

type Said = Pick<Definition, 'description' | 'inputSchema'>;

/** What sessions' calls are given to. */
export const mcpToolsName = nameOf<McpTools>('mcp-tools');

/** What the servers' actors work with. */
export interface McpGround {
  readonly doors: ReadonlyMap<string, ServerDoor>;
  readonly keeper: Keeper;
  readonly notices: Notices;
}

export const mcpGroundName: Name<McpGround> = nameOf('mcp-ground');

const mcpToolsProtocol = protocol({ calls: {}, infos: { rest: z.void() } });

/** How often servers of sessions that rest are looked for. */
const LOOK_MS = 60_000;
/** Servers of sessions whose tools are remembered. */
const MAX_PINNED = 200;

export const McpToolsServer = genServer(mcpToolsProtocol, {
  init: async (args: McpToolsArgs, self): Promise<RunningMcpTools> => {
    const { dataDir, notices } = args;
    const { system } = self;
    const folder = dataDir === undefined ? undefined : join(dataDir, 'mcp');
    const keeper = new Keeper({ clock: system.clock, folder, notices });
    await keeper.endLeftover();
    self.own(() => keeper.close());
    const tools = new RunningMcpTools(system, args, folder);
    self.register(mcpGroundName, { doors: tools.doors, keeper, notices });
    self.register(mcpToolsName, tools);
    self.register(serverRulesName, tools.rules);
    self.sendEvery(LOOK_MS, 'rest');
    return tools;
  },
  handleCall: {},
  handleInfo: {
    rest: (_, tools) => {
      tools.rest();
      return noreply(tools);
    },
  },
  redact: (tools) => tools.status(),
});

class RunningMcpTools implements McpTools {
  /** To all servers, those of single sessions too. */
  readonly doors = new Map<string, ServerDoor>();
  readonly rules: SessionRules;
  readonly #common: readonly ServerDoor[];
  readonly #ofSessions: SessionServers;
  readonly #system: System;
  readonly #spillFolder: string;
  #tools: readonly OfferedTool[] = [];
  #places: ReadonlyMap<string, Place> = new Map();

  /** @param folder where is kept what tools said at first sight. */
  constructor(system: System, args: McpToolsArgs, folder: string | undefined) {
    const { servers, sessionHosts: hosts, maxSessionServers: maxServers, notices } = args;
    const { clock } = system;
    this.#system = system;
    this.#spillFolder = args.spillFolder;
    const onTools = () => this.#list();
    const onWanted = (key: string) => {
      if (hasFailed(system, key)) startServer(system, key);
    };
    const pins = new Pins(folder);
    this.#common = servers
      .filter(({ isPerSession }) => !isPerSession)
      .map((settings) => new ServerDoor({ settings, clock, pins, notices, onTools, onWanted }));
    for (const door of this.#common) this.doors.set(door.key, door);
    this.rules = new SessionRules({ servers, hosts, maxServers, connectors: args.connectors });
    this.#ofSessions = new SessionServers({
      ...{ rules: this.rules, maxServers, clock, notices, doors: this.doors },
      pins: new Pins(folder, 'mcp-session-tools.json', MAX_PINNED),
      start: (key) => startServer(system, key),
      stop: (key) => stopServer(system, key),
    });
    this.#list();
  }

  get tools(): readonly OfferedTool[] {
    return this.#tools;
  }

  toolsOf(asker: Asker): readonly OfferedTool[] | undefined {
    return this.#ofSessions.toolsOf(asker);
  }

  lends(call: Pick<ToolCall, 'key' | 'name'>): boolean {
    return this.#ofSessions.placeOf(call) !== undefined;
  }

  absent({ key }: Asker, named: readonly string[] | undefined): readonly Absence[] {
    const own = this.#ofSessions.servers.filter(
      ({ tenant, sessionId }) => tenant === key.tenant && sessionId === key.sessionId,
    );
    const all = withheldOf([...this.#common, ...own.map(({ door }) => door)]);
    return named === undefined ? all : all.filter(({ tool }) => named.includes(tool));
  }

  prepare(asker: Asker): Promise<void> | undefined {
    return this.#ofSessions.prepare(asker);
  }

  rest(): void {
    this.#ofSessions.rest();
  }

  start(call: ToolCall, sink: ToolSink): ToolHandle {
    const place = this.#ofSessions.placeOf(call) ?? this.#places.get(call.name);
    this.#ofSessions.used(call.key);
    const questions = new Questions(sink);
    const handle = begun(this.#system, sink, (tell) => {
      if (place === undefined) {
        tell(failed(`There is no tool ${call.name} any more.`));
        return () => undefined;
      }
      const path = spillPath(this.#spillFolder, call);
      const { ask } = questions;
      return place.door.begin({ tool: place.tool, input: call.input, path, ask }, tell);
    });
    return { ...handle, answer: questions.answer };
  }

  status(): readonly McpServerStatus[] {
    return this.#common.map((door) => this.#statusOf(door));
  }

  allStatus(): readonly McpServerStatus[] {
    const own = this.#ofSessions.servers.map(({ door, tenant, sessionId }) => ({
      ...this.#statusOf(door),
      session: { tenant, sessionId },
    }));
    return [...this.status(), ...own];
  }

  #statusOf({ key, state, offered, changed }: ServerDoor): McpServerStatus {
    return {
      name: key,
      state: this.#stateOf(key, state),
      ...('why' in state ? { why: state.why } : {}),
      tools: offered.length,
      changed,
    };
  }

  #stateOf(server: string, { kind }: DoorState): McpServerStatus['state'] {
    return kind === 'down' && hasFailed(this.#system, server) ? 'failed' : kind;
  }

  changedTool(server: string, tool: string): ChangedTool | undefined {
    const seen = this.doors.get(server)?.changedTool(tool);
    if (seen === undefined) return undefined;
    const { before, now } = seen;
    return { server, tool, hash: now.hash, before: saidIn(before), now: saidIn(now) };
  }

  /** What a tenant's sessions have of the same server each is accepted for all of them. */
  accept(server: string, tool: string, by?: string): boolean {
    const door = this.doors.get(server);
    const hash = door?.changedTool(tool)?.now.hash;
    if (door === undefined || hash === undefined) return false;
    for (const other of this.doors.values())
      if (other.pinned === door.pinned && other.changedTool(tool)?.now.hash === hash)
        other.accept(tool, by);
    return true;
  }

  /** The same list as long as it says the same: a new one is a new prompt to the model. */
  #list(): void {
    const { tools, places } = placesOf(this.#common);
    this.#places = places;
    if (JSON.stringify(tools) !== JSON.stringify(this.#tools)) this.#tools = tools;
  }
}

const saidIn = ({ description, inputSchema }: Definition): Said => ({ description, inputSchema });
