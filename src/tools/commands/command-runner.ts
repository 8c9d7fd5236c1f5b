/**
 * Runs the calls of `Bash` and of the tools about its background commands. It keeps nothing of a session but its tasks.
 *
 * 1. Each call has one outcome, later than `start` returns.
 * 2. A command that may have run and whose end is not known says so, and is not run again.
 */
import type { z } from 'zod';
import { keyString, newJobId, type SessionKey } from '../../model/ids.ts';
import type { Clock } from '../../otp/clock.ts';
import {
  API_RUNNERS,
  type ToolCall,
  type ToolHandle,
  type ToolOutcome,
  type ToolSink,
} from '../../session/ports/tools.ts';
import type { ToolRunner } from '../tool/runner.ts';
import { outcomeOfAnswer } from './answer-outcome.ts';
import { isOneFine } from './exit-code.ts';
import {
  BashInput,
  COMMAND_TOOLS,
  DEFAULT_BACKGROUND_MS,
  DEFAULT_TIMEOUT_MS,
  OlderOutputInput,
  OlderStopInput,
  OutputInput,
  StopInput,
  waitOf,
} from './input.ts';
import type { Launching, WantedCommand } from './launching.ts';
import { failed } from './report.ts';
import { spillPath } from './spill-path.ts';
import { endOfTask, joined, printedOf, said } from './task-report.ts';
import { MAX_TASKS, type Task, Tasks } from './tasks.ts';
import type { SandboxMode } from './wire.ts';

export interface RunnerOptions {
  readonly clock: Clock;
  readonly launching: Launching;
  /** Long output is in a file below it, in a folder of the session. Absolute. */
  readonly spillFolder: string;
  readonly sandbox: SandboxMode;
  readonly hasNetwork: boolean;
  /** Beside each session's working directory. Absolute. */
  readonly folders: readonly string[];
  readonly warn: (fields: object, message: string) => void;
}

type Tell = (outcome: ToolOutcome) => void;
type Cancel = () => void;

const NOTHING_TO_CANCEL: Cancel = () => undefined;

export class CommandRunner implements ToolRunner {
  readonly tools = COMMAND_TOOLS;
  readonly #options: RunnerOptions;
  readonly #tasks: Tasks;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#tasks = new Tasks(options.clock);
  }

  start(call: ToolCall, sink: ToolSink): ToolHandle {
    const cancel = this.#dispatch(call, (outcome) => {
      void Promise.resolve().then(() => this.#deliver(sink, outcome));
    });
    return { cancel };
  }

  /** Of a session that is deleted: what it began in the background ends with it. */
  endTasksOf(key: SessionKey): void {
    this.#tasks.endAll(keyString(key));
  }

  #deliver(sink: ToolSink, outcome: ToolOutcome): void {
    try {
      sink.outcome(outcome);
    } catch (error) {
      this.#options.warn({ ...sink.about, err: error }, 'the outcome of a command was not taken');
    }
  }

  #dispatch(call: ToolCall, tell: Tell): Cancel {
    switch (call.name) {
      case 'Bash':
        return withInput(BashInput, call, tell, (input) => this.#bash(input, call, tell));
      case API_RUNNERS.bash:
        return call.input['restart'] === true
          ? this.#restart(call, tell)
          : withInput(BashInput, call, tell, (input) => this.#bash(input, call, tell));
      case 'TaskOutput':
        return withInput(OutputInput, call, tell, (input) =>
          this.#output(input.task_id, waitOf(input), call, tell),
        );
      case 'BashOutput':
        return withInput(OlderOutputInput, call, tell, ({ bash_id }) =>
          this.#output(bash_id, 0, call, tell),
        );
      case 'TaskStop':
        return withInput(StopInput, call, tell, ({ task_id }) => this.#stop(task_id, call, tell));
      case 'KillShell':
        return withInput(OlderStopInput, call, tell, ({ shell_id }) =>
          this.#stop(shell_id, call, tell),
        );
      default:
        tell(failed(`There is no tool ${call.name} here.`));
        return NOTHING_TO_CANCEL;
    }
  }

  #restart({ workingDirectory: cwd }: ToolCall, tell: Tell): Cancel {
    const content =
      'Each command has a shell of its own; the next one begins in the working directory.';
    tell({ type: 'result', content, isError: false, memory: { cwd } });
    return NOTHING_TO_CANCEL;
  }

  #bash(input: BashInput, call: ToolCall, tell: Tell): Cancel {
    if (input.run_in_background === true) return this.#begin(input, call, tell);
    const wanted = this.#wanted(input, call);
    const running = this.#options.launching.run(wanted, (answer) =>
      tell(outcomeOfAnswer(wanted, answer)),
    );
    return () => running.end();
  }

  #begin(input: BashInput, call: ToolCall, tell: Tell): Cancel {
    const session = keyString(call.key);
    if (this.#tasks.isFull(session)) {
      tell(
        failed(`${MAX_TASKS} commands of this session run in the background already: stop one.`),
      );
      return NOTHING_TO_CANCEL;
    }
    const wanted = this.#wanted(input, call);
    const id = newJobId(this.#options.clock.now());
    const about = { id, session, timeoutMs: wanted.timeoutMs, isOneFine: wanted.isOneFine };
    this.#tasks.begin(about, (ended) => this.#options.launching.run(wanted, ended));
    const content = [
      `The command runs in the background as task ${id}.`,
      `What it prints goes to ${wanted.spillPath}`,
    ].join('\n');
    tell({ type: 'result', content, isError: false });
    return NOTHING_TO_CANCEL;
  }

  #wanted(input: BashInput, call: ToolCall): WantedCommand {
    const { folders, hasNetwork, sandbox } = this.#options;
    const isBackground = input.run_in_background === true;
    return {
      command: input.command,
      cwd: call.memory.cwd ?? call.workingDirectory,
      workingDirectory: call.workingDirectory,
      folders,
      timeoutMs: input.timeout ?? (isBackground ? DEFAULT_BACKGROUND_MS : DEFAULT_TIMEOUT_MS),
      spillPath: spillPath(this.#options.spillFolder, call),
      isOneFine: isOneFine(input.command),
      isBackground,
      sandbox,
      hasNetwork,
    };
  }

  #output(id: string, waitMs: number, call: ToolCall, tell: Tell): Cancel {
    const task = this.#task(id, call, tell);
    if (task === undefined) return NOTHING_TO_CANCEL;
    let isCancelled = false;
    const stopWaiting = this.#tasks.wait(task, waitMs, () => {
      if (isCancelled) tell({ type: 'cancelled' });
      else void this.#read(task).then(tell);
    });
    return () => {
      isCancelled = true;
      stopWaiting();
    };
  }

  #stop(id: string, call: ToolCall, tell: Tell): Cancel {
    const task = this.#task(id, call, tell);
    if (task === undefined) return NOTHING_TO_CANCEL;
    task.running.end();
    this.#tasks.wait(task, STOP_MS, () => void this.#read(task).then(tell));
    return NOTHING_TO_CANCEL;
  }

  #task(id: string, call: ToolCall, tell: Tell): Task | undefined {
    const task = this.#tasks.find(keyString(call.key), id);
    if (task === undefined)
      tell(
        failed(
          `No background command ${id} of this session is known. Those of before a restart of Greenroom have ended with it.`,
        ),
      );
    return task;
  }

  async #read(task: Task): Promise<ToolOutcome> {
    const printed = task.answer === undefined ? await task.running.read() : undefined;
    if (task.answer === undefined) return said(`Task ${task.id} is running.`, printed);
    const rest = task.isRead ? undefined : printedOf(task.answer);
    task.isRead = true;
    const all = printed === undefined || printed.text === '' ? rest : joined(printed, rest);
    return said(`Task ${task.id}: ${endOfTask(task, task.answer)}`, all);
  }
}

/** For the two graces and the output of a task that is told to end. */
const STOP_MS = 15_000;

const withInput = <T>(
  schema: z.ZodType<T>,
  { name, input }: ToolCall,
  tell: Tell,
  act: (input: T) => Cancel,
): Cancel => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return act(parsed.data);
  const [issue] = parsed.error.issues;
  tell(failed(`${name}: ${issue?.path.join('.') || 'input'}: ${issue?.message ?? 'is wrong'}`));
  return NOTHING_TO_CANCEL;
};
