/**
 * The tools that services on the bus offer. It owns the list of them, which it renews by looking around now and then.
 *
 * 1. Nothing is found unless the operator wants it: each program that may publish on the bus may offer tools.
 * 2. A tool stays listed while its service is away for a moment: a list that comes and goes would cost each session its
 *    prompt cache. A call of one that is away is an error, and has the list renewed.
 * 3. Each call has a deadline, and one outcome.
 */
import { z } from 'zod';
import type { Asker } from '../../model/per-session.ts';
import type { Timer } from '../../otp/clock.ts';
import { genServer, noreply, protocol } from '../../otp/gen-server.ts';
import { nameOf } from '../../otp/name.ts';
import type { Self } from '../../otp/self.ts';
import type { System } from '../../otp/system.ts';
import type {
  Absence,
  OfferedTool,
  ToolCall,
  ToolHandle,
  ToolSink,
} from '../../session/ports/tools.ts';
import { spillPath } from '../commands/spill-path.ts';
import { begun, type Tell } from '../results/telling.ts';
import { failed } from '../tool/outcome.ts';
import type { ToolRunner } from '../tool/runner.ts';
import { type Declared, declaredIn, type Refusals, type ServiceTool } from './declared-tools.ts';
import type { BusReply, ServiceBus } from './service-bus.ts';
import { outcomeOfReply } from './service-reply.ts';

export interface ServiceToolsArgs {
  /** false: there are no such tools. */
  readonly isOn: boolean;
  /** Looked up each time; undefined: it is not there now. */
  readonly bus: (system: System) => ServiceBus | undefined;
  readonly refusals: Refusals;
  /** A result that is too long is in `<spillFolder>/<tenant>/<session>/<tool use>.txt`. Absolute. */
  readonly spillFolder: string;
  readonly notices: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

export interface ServiceTools extends ToolRunner {
  /** Renews the list soon: a session names a tool that is not in it. */
  look(): void;
}

export const serviceToolsName = nameOf<ServiceTools>('service-tools');

const LOOK_MS = 30_000;
/** While there is no bus, and behind a look that came too early for who asked. */
const AGAIN_MS = 1_000;
/** Looks in a row that do not find a tool, before it is not listed any more. */
const MAX_MISSED = 3;
const MAX_TOOLS = 256;
const MAX_CALLS = 1_024;
/** Refusals that are remembered, so that the log has each once. */
const MAX_TOLD = 1_000;

const serviceProtocol = protocol({
  calls: {},
  infos: {
    look: z.void(),
    found: z.custom<readonly string[]>(),
    failed: z.string(),
  },
});

interface State {
  readonly args: ServiceToolsArgs;
  readonly tools: RunningServiceTools;
  /** `again`: another look was asked for since the one that is under way began, which may not see what it is for. */
  readonly look: 'none' | 'under way' | 'again';
  readonly next: Timer | undefined;
}

export const ServiceToolsServer = genServer(serviceProtocol, {
  init: (args: ServiceToolsArgs, self): State => {
    const look = () => self.send('look');
    const tools = new RunningServiceTools(self.system, args, look);
    self.register(serviceToolsName, tools);
    if (args.isOn) look();
    return { args, tools, look: 'none', next: undefined };
  },
  handleCall: {},
  handleInfo: {
    look: (_, state: State, self) => {
      const { args } = state;
      if (!args.isOn) return noreply(state);
      if (state.look !== 'none') return noreply({ ...state, look: 'again' });
      state.next?.cancel();
      const bus = args.bus(self.system);
      if (bus === undefined) return noreply({ ...state, next: self.sendAfter(AGAIN_MS, 'look') });
      self.pipe(
        bus.infos(),
        (infos) => ['found', infos],
        (error) => ['failed', String(error)],
      );
      return noreply({ ...state, look: 'under way', next: undefined });
    },
    found: (infos, state: State, self) => {
      state.tools.take(declaredIn(infos, state.args.refusals));
      return noreply(lookLater(state, self));
    },
    failed: (why, state: State, self) => {
      state.args.notices.warn({ why }, 'services with tools cannot be looked for');
      return noreply(lookLater(state, self));
    },
  },
  redact: ({ tools }) => ({ tools: tools.tools.map(({ name }) => name) }),
});

const lookLater = (state: State, self: Self<typeof serviceProtocol>): State => {
  const next = self.sendAfter(state.look === 'again' ? AGAIN_MS : LOOK_MS, 'look');
  return { ...state, look: 'none', next };
};

interface Known {
  readonly tool: ServiceTool;
  readonly missed: number;
}

class RunningServiceTools implements ServiceTools {
  readonly look: () => void;
  readonly #system: System;
  readonly #args: ServiceToolsArgs;
  readonly #told = new Set<string>();
  #known: ReadonlyMap<string, Known> = new Map();
  #tools: readonly OfferedTool[] = [];
  #calls = 0;

  constructor(system: System, args: ServiceToolsArgs, look: () => void) {
    this.look = look;
    this.#system = system;
    this.#args = args;
  }

  get tools(): readonly OfferedTool[] {
    return this.#tools;
  }

  take({ tools, refused }: Declared): void {
    for (const why of refused) this.#tellOnce('a tool of a service is left out', why);
    const known = new Map<string, Known>();
    for (const [name, { tool, missed }] of this.#known) {
      const found = tools.filter((one) => one.name === name);
      // Of two versions at work the known one stays.
      const same = found.find((one) => isAlike(one, tool)) ?? found[0];
      if (same !== undefined) known.set(name, { tool: same, missed: 0 });
      else if (missed + 1 < MAX_MISSED) known.set(name, { tool, missed: missed + 1 });
      else this.#args.notices.info({ tool: name }, 'no service offers this tool any more');
    }
    for (const tool of tools) this.#add(tool, known);
    this.#known = known;
    this.#list();
  }

  #add(tool: ServiceTool, known: Map<string, Known>): void {
    const { name, subject } = tool;
    const other = known.get(name)?.tool;
    if (other !== undefined) {
      if (!isAlike(other, tool))
        this.#tellOnce('services offer a tool in two ways: one is left out', `${name} ${subject}`);
    } else if (known.size === MAX_TOOLS)
      this.#tellOnce(`services offer more than ${MAX_TOOLS} tools`, name);
    else {
      known.set(name, { tool, missed: 0 });
      this.#args.notices.info({ tool: name, subject }, 'a service offers a tool');
    }
  }

  #tellOnce(message: string, why: string): void {
    const line = `${message}: ${why}`;
    if (this.#told.has(line) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(line);
    this.#args.notices.warn({ why }, message);
  }

  #list(): void {
    const tools = [...this.#known.values()]
      .map(({ tool: { name, description, inputSchema, effect } }) => ({
        ...{ name, description, inputSchema, effect, isDeferrable: true as const },
      }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
    if (JSON.stringify(tools) !== JSON.stringify(this.#tools)) this.#tools = tools;
  }

  /** Any name may be that of a service, but for those of MCP servers' tools. */
  absent(_asker: Asker, named: readonly string[] = []): readonly Absence[] {
    const why = this.#args.isOn
      ? `no service offers it; a new one is found within ${LOOK_MS / 1_000} s`
      : 'services are not looked for: GREENROOM_SERVICE_TOOLS is off';
    return named.filter((name) => !name.startsWith('mcp__')).map((tool) => ({ tool, why }));
  }

  start(call: ToolCall, sink: ToolSink): ToolHandle {
    return begun(this.#system, sink, (tell) => {
      void this.#call(call, tell);
      // The service is not told: the protocol has no word for it.
      return () => tell({ type: 'cancelled' });
    });
  }

  async #call(call: ToolCall, tell: Tell): Promise<void> {
    const tool = this.#known.get(call.name)?.tool;
    if (tool === undefined) return tell(failed(`No service offers ${call.name} any more.`));
    if (this.#calls >= MAX_CALLS)
      return tell(failed(`${MAX_CALLS} calls of services are under way: try again later.`));
    this.#calls += 1;
    try {
      const reply = await this.#request(tool, call);
      const path = spillPath(this.#args.spillFolder, call);
      tell(await this.#outcomeOf(tool, reply, path));
    } catch (error) {
      tell(failed(`${tool.name} failed: ${(error as Error).message}`));
    } finally {
      this.#calls -= 1;
    }
  }

  async #request({ subject, timeoutMs }: ServiceTool, call: ToolCall): Promise<BusReply> {
    const bus = this.#args.bus(this.#system);
    if (bus === undefined) return { type: 'failed', why: 'the bus is away' };
    const { key, toolUseId, input } = call;
    const headers = {
      'Greenroom-Tool-Use-Id': toolUseId,
      'Greenroom-Session': key.sessionId,
      'Greenroom-Tenant': key.tenant,
    };
    return bus.request(subject, JSON.stringify(input), headers, timeoutMs);
  }

  async #outcomeOf({ name, timeoutMs }: ServiceTool, reply: BusReply, path: string) {
    switch (reply.type) {
      case 'reply': {
        const { text, error } = reply;
        return error === undefined
          ? outcomeOfReply(text, path)
          : outcomeOfReply(
              JSON.stringify({ content: text === '' ? error : `${error}\n${text}`, isError: true }),
              path,
            );
      }
      case 'no_responders':
        this.look();
        return failed(`No service answers ${name} now.`);
      case 'late':
        return failed(
          `${name} has not answered within ${timeoutMs / 1_000} s: it is unknown what it has done.`,
        );
      case 'failed':
        return failed(`${name} could not be called: ${reply.why}`);
    }
  }
}

const isAlike = (one: ServiceTool, other: ServiceTool): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
