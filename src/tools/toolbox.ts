/**
 * The toolbox: all tools that sessions can have, and the way of each call to what runs it. Of two runners with a tool of one name
 * the first has it.
 */
import type { Asker } from '../model/per-session.ts';
import { genServer, protocol } from '../otp/gen-server.ts';
import type { ActorRef } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import type { System } from '../otp/system.ts';
import { type FairLimits, FairQueue } from '../platform/fair-queue.ts';
import {
  type Absence,
  type OfferedTool,
  type Toolbox,
  type ToolCall,
  type ToolHandle,
  type ToolOutcome,
  type ToolSink,
  toolboxName,
} from '../session/ports/tools.ts';
import { failed } from './tool/outcome.ts';
import { QueuedCall } from './tool/queued-call.ts';
import type { LentTools, ToolRunner } from './tool/runner.ts';

export interface ToolboxOptions {
  /** Looked up once, when the toolbox starts: it ends with them. */
  readonly runners: (system: System) => readonly ToolRunner[];
  /** Run the tools that single sessions have, where two have one name the later one; absent: none has any. */
  readonly lent?: ((system: System) => readonly LentTools[]) | undefined;
  /** How many calls run at a time, and whose is next; a line is a session. Default: `CALL_LIMITS`. */
  readonly limits?: FairLimits;
}

export const CALL_LIMITS: FairLimits = {
  all: 4_096,
  perTenant: 2_048,
  perLine: 64,
  waiting: 10_000,
};

const FULL = 'It did not run: too many calls wait. Try again a little later.';

const toolboxProtocol = protocol({ calls: {} });

export const ToolboxServer = genServer(toolboxProtocol, {
  init: (
    { runners, lent, limits = CALL_LIMITS }: ToolboxOptions,
    self: Self<typeof toolboxProtocol>,
  ): RunningToolbox => {
    const { ref, system } = self;
    const toolbox = new RunningToolbox(ref, system, {
      ...{ runners: runners(system), lent: lent?.(system) ?? [], queue: new FairQueue(limits) },
    });
    self.register(toolboxName, toolbox);
    return toolbox;
  },
  handleCall: {},
  redact: ({ tools }) => ({ tools: tools.map(({ name }) => name) }),
});

/** What the runners had, and what was made of it. */
interface Index {
  readonly lists: readonly (readonly OfferedTool[])[];
  readonly tools: readonly OfferedTool[];
  readonly runners: ReadonlyMap<string, ToolRunner>;
}

/** @see RunningToolbox.toolsFor */
interface Merged {
  readonly tools: readonly OfferedTool[];
  readonly all: readonly OfferedTool[];
}

const byName = (one: OfferedTool, other: OfferedTool): number => (one.name < other.name ? -1 : 1);

const mergedTools = (
  tools: readonly OfferedTool[],
  own: readonly OfferedTool[],
): readonly OfferedTool[] => {
  const names = new Set(own.map(({ name }) => name));
  return [...tools.filter(({ name }) => !names.has(name)), ...own].toSorted(byName);
};

class RunningToolbox implements Toolbox {
  readonly ref: ActorRef;
  readonly #system: System;
  readonly #runners: readonly ToolRunner[];
  readonly #lent: readonly LentTools[];
  /** By what a session has of its own: all that it has. */
  readonly #merged = new WeakMap<readonly OfferedTool[], Merged>();
  #index: Index;

  readonly #queue: FairQueue;

  constructor(
    ref: ActorRef,
    system: System,
    {
      runners,
      lent,
      queue,
    }: {
      readonly runners: readonly ToolRunner[];
      readonly lent: readonly LentTools[];
      readonly queue: FairQueue;
    },
  ) {
    this.#queue = queue;
    this.ref = ref;
    this.#system = system;
    this.#runners = runners;
    this.#lent = lent;
    this.#index = indexOf(runners);
  }

  get tools(): readonly OfferedTool[] {
    return this.#current().tools;
  }

  toolsFor(asker: Asker): readonly OfferedTool[] {
    let all = this.tools;
    for (const lender of this.#lent) all = this.#with(all, lender.toolsOf(asker));
    return all;
  }

  #with(
    tools: readonly OfferedTool[],
    own: readonly OfferedTool[] | undefined,
  ): readonly OfferedTool[] {
    if (own === undefined) return tools;
    const before = this.#merged.get(own);
    if (before?.tools === tools) return before.all;
    const all = mergedTools(tools, own);
    this.#merged.set(own, { tools, all });
    return all;
  }

  /** What lends tools to single sessions is a runner too, and asked once. */
  absent(asker: Asker, named: readonly string[] | undefined): readonly Absence[] {
    const all = new Set([...this.#runners, ...this.#lent]);
    return [...all].flatMap((each) => each.absent?.(asker, named) ?? []);
  }

  prepare(asker: Asker): Promise<void> | undefined {
    const waits = this.#lent.flatMap((lender) => lender.prepare?.(asker) ?? []);
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined);
  }

  start(call: ToolCall, sink: ToolSink): ToolHandle {
    const lender = this.#lent.findLast((each) => each.lends(call));
    const runner = lender ?? this.#current().runners.get(call.name);
    if (runner === undefined) return this.#answer(sink, failed(unknown(call.name, this.tools)));
    // What waits for other calls must not keep them from their place.
    if (runner.waitsForOthers === true) return this.#begin(runner, call, sink);
    const queued = new QueuedCall(this.#queue, call, sink, (own) => this.#begin(runner, call, own));
    return queued.enter() ? queued : this.#answer(sink, failed(FULL));
  }

  #begin(runner: ToolRunner, call: ToolCall, sink: ToolSink): ToolHandle {
    try {
      return runner.start(call, sink);
    } catch (error) {
      this.#report('the start of a tool', error, sink);
      return this.#answer(sink, failed(`${call.name} could not be started: ${String(error)}`));
    }
  }

  abandon(call: ToolCall): void {
    this.#current().runners.get(call.name)?.abandon?.(call);
  }

  /** Runners whose tools come and go have new lists then. */
  #current(): Index {
    const isSame = this.#runners.every(({ tools }, at) => tools === this.#index.lists[at]);
    if (!isSame) this.#index = indexOf(this.#runners);
    return this.#index;
  }

  #answer(sink: ToolSink, outcome: ToolOutcome): ToolHandle {
    let isCancelled = false;
    this.#system.clock.defer(() => {
      if (!this.ref.alive) return;
      try {
        sink.outcome(isCancelled ? { type: 'cancelled' } : outcome);
      } catch (error) {
        this.#report('the sink of a tool call', error, sink);
      }
    });
    return {
      cancel: () => {
        isCancelled = true;
      },
    };
  }

  #report(during: string, error: unknown, { about: where }: ToolSink): void {
    this.#system.report({ kind: 'fault', actor: this.ref.label, during, error, where });
  }
}

const indexOf = (runners: readonly ToolRunner[]): Index => {
  const lists = runners.map(({ tools }) => tools);
  const owners = new Map<string, ToolRunner>();
  const offered: OfferedTool[] = [];
  for (const runner of runners)
    for (const tool of runner.tools) {
      if (owners.has(tool.name)) continue;
      owners.set(tool.name, runner);
      if (tool.isHidden !== true) offered.push(tool);
    }
  const tools = offered.sort(byName);
  return { lists, tools, runners: owners };
};

const unknown = (name: string, tools: readonly OfferedTool[]): string =>
  `There is no tool ${name.slice(0, 100)}. There are: ${tools.map((tool) => tool.name).join(', ')}.`;
