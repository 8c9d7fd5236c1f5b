/**
 * Tools that are functions of the program that Greenroom runs in, in its own loop. It owns the calls under way, and asks them
 * to end when it ends itself.
 */

import type { Asker, PerSession } from '../../model/per-session.ts';
import { genServer, protocol } from '../../otp/gen-server.ts';
import { type Name, nameOf } from '../../otp/name.ts';
import type { Self } from '../../otp/self.ts';
import type { OfferedTool, ToolCall, ToolHandle, ToolSink } from '../../session/ports/tools.ts';
import { CallRun } from '../tool/call-run.ts';
import { failed } from '../tool/outcome.ts';
import type { LentTools, ToolRunner } from '../tool/runner.ts';
import type { RunnableTool } from './runnable.ts';

/** Of one session: tools by name, and as they are offered. */
export interface OwnedTools {
  readonly byName: ReadonlyMap<string, RunnableTool>;
  readonly offered: readonly OfferedTool[];
}

export const ownedTools = (tools: readonly RunnableTool[]): OwnedTools => ({
  byName: new Map(tools.map((tool) => [tool.offered.name, tool])),
  offered: tools.map(({ offered }) => offered),
});

export interface FunctionToolsArgs {
  /** Of all sessions. */
  readonly tools: readonly RunnableTool[];
  /** Of single sessions. */
  readonly lent?: PerSession<{ readonly tools: OwnedTools }> | undefined;
}

export type FunctionTools = LentTools;

export const functionToolsName: Name<FunctionTools> = nameOf<FunctionTools>('function-tools');

/** Calls at a time; more are refused. */
const MAX_CALLS = 1_000;

const functionProtocol = protocol({ calls: {} });
type FunctionSelf = Self<typeof functionProtocol>;

const FunctionToolsServer = genServer(functionProtocol, {
  init: (args: FunctionToolsArgs, self: FunctionSelf): Functions => {
    const functions = new Functions(args, self);
    self.register(functionToolsName, functions);
    self.own(() => functions.end());
    return functions;
  },
  handleCall: {},
  redact: ({ tools, size }) => ({ tools: tools.map(({ name }) => name), calls: size }),
});

class Functions implements FunctionTools {
  readonly tools: ToolRunner['tools'];
  readonly #self: FunctionSelf;
  readonly #byName: ReadonlyMap<string, RunnableTool>;
  readonly #lent: FunctionToolsArgs['lent'];
  readonly #runs = new Set<CallRun>();

  constructor({ tools, lent }: FunctionToolsArgs, self: FunctionSelf) {
    const { byName, offered } = ownedTools(tools);
    this.tools = offered;
    this.#byName = byName;
    this.#lent = lent;
    this.#self = self;
  }

  get size(): number {
    return this.#runs.size;
  }

  toolsOf(asker: Asker): readonly OfferedTool[] | undefined {
    const own = this.#lent?.of(asker)?.tools.offered;
    return own === undefined || own.length === 0 ? undefined : own;
  }

  lends({ key, name }: Pick<ToolCall, 'key' | 'name'>): boolean {
    return this.#lent?.at(key)?.tools.byName.has(name) ?? false;
  }

  start(job: ToolCall, sink: ToolSink): ToolHandle {
    const own = this.#lent?.at(job.key)?.tools.byName.get(job.name);
    const tool = this.#runs.size < MAX_CALLS ? (own ?? this.#byName.get(job.name)) : FULL;
    const { clock } = this.#self.system;
    const run = new CallRun({ job, tool, timeoutMs: tool?.timeoutMs ?? 1, clock });
    this.#runs.add(run);
    void run.outcome.then((outcome) => {
      if (this.#runs.delete(run)) this.#tell(sink, outcome);
    });
    return { cancel: () => run.end('cancelled') };
  }

  #tell(sink: ToolSink, outcome: Parameters<ToolSink['outcome']>[0]): void {
    try {
      sink.outcome(outcome);
    } catch (error) {
      const { ref, system } = this.#self;
      const during = 'the sink of a tool call';
      system.report({ kind: 'fault', actor: ref.label, during, error, where: sink.about });
    }
  }

  /** Their outcomes count no more: sessions learn from the toolbox's end that they are lost. */
  end(): void {
    const runs = [...this.#runs];
    this.#runs.clear();
    for (const run of runs) run.end('cancelled');
  }
}

const FULL: Pick<RunnableTool, 'run' | 'timeoutMs'> = {
  timeoutMs: 1_000,
  run: async () =>
    failed('It did not run: too many calls are under way. Try again a little later.'),
};

export const functionTools = (args: FunctionToolsArgs) =>
  FunctionToolsServer.childSpec(args, { id: 'functions' });
