/**
 * One-off work: a promise with an owner. A task is a process, so it has a place in the tree, a bound, and an end: when
 * it or its supervisor is stopped its signal is aborted. JavaScript cannot take the processor away from a function that
 * ignores its signal; it is fenced instead: whatever it still does, its result is dropped.
 */
import { spawn, systemOf } from './actor.ts';
import type { ChildSpec, Restart } from './child-spec.ts';
import type { Message } from './message.ts';
import type { Name } from './name.ts';
import { OtpError } from './otp-error.ts';
import type { Exit, Process, Program } from './process.ts';
import type { Shutdown } from './program.ts';
import type { System } from './system.ts';

type Work<T> = (signal: AbortSignal) => Promise<T>;

export interface TaskOptions {
  readonly id: string;
  /** Default `transient`: run again only if it fails. */
  readonly restart?: Restart;
  /** Default 5,000. */
  readonly shutdownMs?: Shutdown;
  /** Its end may end its supervisor (`autoShutdown`). Default false. */
  readonly significant?: boolean;
  /** Ends `normal` when it resolves, crashed when it rejects. */
  readonly run: (system: System, signal: AbortSignal) => Promise<void>;
}

/** A child that does one thing and is done. Its supervisor does not wait for it. */
export function task({
  id,
  restart = 'transient',
  shutdownMs = 5_000,
  significant,
  run,
}: TaskOptions): ChildSpec {
  return {
    id,
    type: 'worker',
    restart,
    shutdownMs,
    significant,
    start: (system, place) => {
      const args: Job = { work: (signal) => run(system, signal), crashes: true };
      return spawn(system, taskProgram, { id, ...place, args });
    },
  };
}

/** How others hold a task supervisor. */
export interface TaskRunner {
  /** Tasks under way. */
  readonly size: number;
  /**
   * Runs `work` as a task and gives its outcome. Rejects with the error of `work`; `timeout` after `timeoutMs` (default:
   * none), `callee_died` if the supervisor stops first: in both cases the signal is aborted; `max_children`; `noproc`.
   */
  run<T>(work: Work<T>, options?: { readonly timeoutMs?: number }): Promise<T>;
}

export interface TaskSupervisorOptions {
  readonly id: string;
  readonly name: Name<TaskRunner>;
  /** Tasks at one time; one more is refused with `max_children`. */
  readonly maxChildren: number;
}

/** A supervisor of one-off work that others ask for. Tasks are never restarted; they end with it. */
export function taskSupervisor({ id, name, maxChildren }: TaskSupervisorOptions): ChildSpec {
  const program = new TaskSupervisorProgram(name, maxChildren);
  return {
    id,
    type: 'supervisor',
    restart: 'permanent',
    shutdownMs: 'infinity',
    start: (system, place) => spawn(system, program, { id, ...place }),
  };
}

interface Job {
  readonly work: Work<unknown>;
  /** Whether a failure is the task's own crash, or an answer to somebody who waits. */
  readonly crashes: boolean;
  readonly resolve?: (value: unknown) => void;
  readonly reject?: (error: unknown) => void;
}

const taskProgram: Program = {
  kind: 'worker',
  init: (self, args) => {
    const job = args as Job;
    const abort = new AbortController();
    self.own(() => {
      abort.abort();
      job.reject?.(new OtpError('callee_died', `${self.label} ended before it was done`));
    });
    self.later('run', () => runJob(self, job, abort.signal));
  },
  receive: (self, message) => {
    if (message.kind === 'exit') self.end((message.payload as Exit).reason);
  },
  terminate: () => {},
  redact: () => undefined,
};

function runJob(self: Process, job: Job, signal: AbortSignal): void {
  const failed = (error: unknown) => {
    job.reject?.(error);
    self.end(job.crashes ? { crashed: error } : 'normal');
  };
  const done = (value: unknown) => {
    job.resolve?.(value);
    self.end('normal');
  };
  new Promise((resolve) => resolve(job.work(signal))).then(
    (value) => self.later('done', () => done(value)),
    (error) => self.later('failed', () => failed(error)),
  );
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
}

class Runner implements TaskRunner {
  readonly #self: Process;
  readonly #maxChildren: number;
  #lastId = 0;

  constructor(self: Process, maxChildren: number) {
    this.#self = self;
    this.#maxChildren = maxChildren;
  }

  get size(): number {
    return this.#self.children?.size ?? 0;
  }

  run<T>(work: Work<T>, { timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<T> {
    const self = this.#self;
    return new Promise((resolve, reject) => {
      if (this.size >= this.#maxChildren) {
        throw new OtpError('max_children', `${self.label} has ${this.#maxChildren} tasks`);
      }
      const job: Job = {
        work,
        crashes: false,
        resolve: resolve as (value: unknown) => void,
        reject,
      };
      const options = { id: `task-${++this.#lastId}`, parent: self, args: job };
      const started = spawn(systemOf(self), taskProgram, options);
      if (started instanceof Promise || started.kind !== 'started') {
        throw new OtpError('noproc', `${self.label} is not alive`);
      }
      const { process } = started;
      if (timeoutMs !== undefined)
        process.after(timeoutMs, () => giveUp(process, timeoutMs, reject));
    });
  }
}

function giveUp(process: Process, timeoutMs: number, reject: (error: unknown) => void): void {
  reject(new OtpError('timeout', `${process.label} was not done within ${timeoutMs} ms`));
  process.signalExit('kill');
}
