/**
 * Tools that are functions of the program that Greenroom runs in, in its own loop. It owns the calls under way, and asks them
 * to end when it ends itself.
 */

import { genServer, protocol } from '../../otp/gen-server.ts';
import { type Name, nameOf } from '../../otp/name.ts';
import type { Self } from '../../otp/self.ts';
import type { ToolCall, ToolHandle, ToolSink } from '../../session/ports/tools.ts';
import { CallRun } from '../tool/call-run.ts';
import { failed } from '../tool/outcome.ts';
import type { ToolRunner } from '../tool/runner.ts';
import type { RunnableTool } from './runnable.ts';

export const functionToolsName: Name<ToolRunner> = nameOf<ToolRunner>('function-tools');

/** Calls at a time; more are refused. */
const MAX_CALLS = 1_000;

const functionProtocol = protocol({ calls: {} });
type FunctionSelf = Self<typeof functionProtocol>;

const FunctionToolsServer = genServer(functionProtocol, {
  init: (tools: readonly RunnableTool[], self: FunctionSelf): Functions => {
    const functions = new Functions(tools, self);
    self.register(functionToolsName, functions);
    self.own(() => functions.end());
    return functions;
  },
  handleCall: {},
  redact: ({ tools, size }) => ({ tools: tools.map(({ name }) => name), calls: size }),
});

class Functions implements ToolRunner {
  readonly tools: ToolRunner['tools'];
  readonly #self: FunctionSelf;
  readonly #byName: ReadonlyMap<string, RunnableTool>;
  readonly #runs = new Set<CallRun>();

  constructor(tools: readonly RunnableTool[], self: FunctionSelf) {
    this.tools = tools.map(({ offered }) => offered);
    this.#byName = new Map(tools.map((tool) => [tool.offered.name, tool]));
    this.#self = self;
  }

  get size(): number {
    return this.#runs.size;
  }

  start(job: ToolCall, sink: ToolSink): ToolHandle {
    const tool = this.#runs.size < MAX_CALLS ? this.#byName.get(job.name) : FULL;
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

export const functionTools = (tools: readonly RunnableTool[]) =>
  FunctionToolsServer.childSpec(tools, { id: 'functions' });
