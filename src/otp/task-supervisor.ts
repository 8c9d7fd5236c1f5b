/**
 * A supervisor of one-off work that others ask for. Tasks are never restarted; they end with it. What becomes of a
 * failure is the choice of who starts one: an answer (`run`, `async`, `stream`), a crash of its own (`start`), or a
 * crash that takes its owner along (`async` with `owner`).
 */
import { spawn, systemOf } from './actor.ts';
import { checkLimit } from './check-children.ts';
import type { ChildSpec } from './child-spec.ts';
import type { Message } from './message.ts';
import type { Name } from './name.ts';
import { OtpError } from './otp-error.ts';
import type { Exit, Process, Program, Slot } from './process.ts';
import type { ActorRef } from './ref.ts';
import { RunningTask, type Task } from './running-task.ts';
import { processOf } from './system.ts';
import { type Job, type TaskOutcome, taskProgram, type Work } from './task-program.ts';
import { type StreamOptions, streamOf } from './task-stream.ts';

export interface TimeLimit {
  /** After this the task is ended: its signal is aborted, its outcome is `timeout`. Default: none. */
  readonly timeoutMs?: number;
}

export interface AsyncOptions extends TimeLimit {
  /** An actor that the task is linked to: whichever of the two crashes takes the other along. */
  readonly owner?: ActorRef;
}

/** How others hold a task supervisor. All of it refuses with `max_children` and `noproc`. */
export interface TaskRunner {
  /** Of the supervisor itself. */
  readonly ref: ActorRef;
  /** Tasks under way. */
  readonly size: number;
  /**
   * Runs `work` as a task and gives its outcome. Rejects with the error of `work`; `timeout` after `timeoutMs`,
   * `callee_died` if the supervisor stops first: in both cases the signal is aborted.
   */
  run<T>(work: Work<T>, options?: TimeLimit): Promise<T>;
  /** Runs `work` for nobody: a failure is a crash of the task, and its report. */
  start(work: Work<unknown>, options?: TimeLimit): ActorRef;
  /** Runs `work` beside the caller, who waits for it later, or never. */
  async<T>(work: Work<T>, options?: AsyncOptions): Task<T>;
  /** Runs `work` for each item, a bounded number at a time; leaving the loop ends what is under way. */
  stream<I, T>(
    items: Iterable<I> | AsyncIterable<I>,
    work: (item: I, signal: AbortSignal) => T | PromiseLike<T>,
    options?: StreamOptions,
  ): AsyncGenerator<TaskOutcome<T>, void, undefined>;
}

export interface TaskSupervisorOptions {
  readonly id: string;
  readonly name: Name<TaskRunner>;
  /** Tasks at one time; one more is refused with `max_children`. */
  readonly maxChildren: number;
}

/** Declares a supervisor of tasks, which are started through the face under its `name`. */
export function taskSupervisor({ id, name, maxChildren }: TaskSupervisorOptions): ChildSpec {
  checkLimit('maxChildren', maxChildren);
  const program = new TaskSupervisorProgram(name, maxChildren);
  return {
    id,
    type: 'supervisor',
    restart: 'permanent',
    shutdownMs: 'infinity',
    start: (system, place) => spawn(system, program, { id, ...place }),
  };
}

class TaskSupervisorProgram implements Program {
  readonly kind = 'supervisor';
  readonly #name: Name<TaskRunner>;
  readonly #maxChildren: number;

  constructor(name: Name<TaskRunner>, maxChildren: number) {
    this.#name = name;
    this.#maxChildren = maxChildren;
  }

  init(self: Process): void {
    self.trapping = true;
    self.register(this.#name, new Runner(self, this.#maxChildren));
  }

  receive(self: Process, message: Message): void {
    if (message.kind !== 'exit') return;
    const { from, reason } = message.payload as Exit;
    if (from === undefined || from === self.parent) self.end(reason);
  }

  /** The tasks are children: they go down with this process, all at once. */
  terminate(): void {}

  redact(self: Process): unknown {
    return { size: self.children?.size ?? 0, maxChildren: this.#maxChildren };
  }

  slots(self: Process): Iterable<Slot> {
    return [...(self.children ?? [])].map(seatOf);
  }
}

class Runner implements TaskRunner {
  readonly ref: Process;
  readonly #maxChildren: number;
  #lastId = 0;

  constructor(self: Process, maxChildren: number) {
    this.ref = self;
    this.#maxChildren = maxChildren;
  }

  get size(): number {
    return this.ref.children?.size ?? 0;
  }

  async run<T>(work: Work<T>, options?: TimeLimit): Promise<T> {
    return this.#begin(work, options).await({ timeoutMs: Number.POSITIVE_INFINITY });
  }

  start(work: Work<unknown>, options?: TimeLimit): ActorRef {
    return this.#begin(work, options, true).ref;
  }

  async<T>(work: Work<T>, options: AsyncOptions = {}): Task<T> {
    const { owner } = options;
    const task = this.#begin(work, options, owner !== undefined);
    if (owner !== undefined) task.belongTo(processOf(owner));
    return task;
  }

  stream<I, T>(
    items: Iterable<I> | AsyncIterable<I>,
    work: (item: I, signal: AbortSignal) => T | PromiseLike<T>,
    options: StreamOptions = {},
  ): AsyncGenerator<TaskOutcome<T>, void, undefined> {
    const begin = (item: I, limit: TimeLimit) => this.#begin((signal) => work(item, signal), limit);
    return streamOf(items, begin, options);
  }

  #begin<T>(work: Work<T>, { timeoutMs }: TimeLimit = {}, crashes = false): RunningTask<T> {
    const self = this.ref;
    if (this.size >= this.#maxChildren)
      throw new OtpError('max_children', `${self.label} has ${this.#maxChildren} tasks`);
    const task = new RunningTask<T>();
    const settle = (outcome: TaskOutcome<unknown>) => task.settle(outcome as TaskOutcome<T>);
    const args: Job = { work, crashes, settle };
    const options = { id: `task-${++this.#lastId}`, parent: self, args };
    const started = spawn(systemOf(self), taskProgram, options);
    if (started instanceof Promise || started.kind !== 'started')
      throw new OtpError('noproc', `${self.label} is not alive`);
    const { process } = started;
    task.started(process);
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY)
      process.after(timeoutMs, () => task.giveUp(timeoutMs));
    return task;
  }
}

/** A task has no slot that would outlive it; this is what one would look like. */
const seatOf = (process: Process): Slot => ({
  id: process.name,
  kind: 'worker',
  shutdownMs: 'brutal_kill',
  status: process.alive ? 'running' : 'stopping',
  process,
  restarts: 0,
  lastCrash: undefined,
  occupy: () => {},
  settle: () => {},
  left: () => {},
});
