/** A task that runs beside its owner: who started it may wait for it, look whether it is done, or end it. */
import type { Clock } from './clock.ts';
import { crashOf } from './exit-reason.ts';
import { OtpError } from './otp-error.ts';
import type { Process } from './process.ts';
import type { ActorRef } from './ref.ts';
import type { TaskOutcome } from './task-program.ts';
import { link, unlink } from './ties.ts';

export interface Task<T> {
  readonly ref: ActorRef;
  /**
   * What the work gives. Rejects with what it threw, `callee_died` if the task was ended, or, after `timeoutMs` (default
   * 5,000), `timeout`: then the task is ended too.
   */
  await(options?: { readonly timeoutMs?: number }): Promise<T>;
  /** The outcome, if there is one within `waitMs`; else nothing, and the task goes on. */
  yield(waitMs: number): Promise<TaskOutcome<T> | undefined>;
  /** Ends the task: its signal is aborted. Gives the outcome if it was done before. */
  shutdown(): Promise<TaskOutcome<T> | undefined>;
}

const AWAIT_TIMEOUT_MS = 5_000;

export class RunningTask<T> implements Task<T> {
  /** Never rejects. */
  readonly outcome: Promise<TaskOutcome<T>>;
  /** Its time was up before it was done. */
  late = false;
  #process: Process | undefined;
  #owner: Process | undefined;
  #known: TaskOutcome<T> | undefined;
  #tell: (outcome: TaskOutcome<T>) => void = () => {};

  constructor() {
    this.outcome = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  get ref(): ActorRef {
    return this.process;
  }

  get process(): Process {
    if (this.#process === undefined) throw new TypeError('a task that was never started');
    return this.#process;
  }

  /** It has a process. */
  started(process: Process): void {
    this.#process = process;
  }

  /** Whichever of the two crashes takes the other along. A task of the dead ends at once. */
  belongTo(owner: Process): void {
    this.#owner = owner;
    link(this.process, owner);
  }

  /** The first outcome counts. */
  settle(outcome: TaskOutcome<T>): void {
    if (this.#known !== undefined) return;
    this.#known = outcome;
    this.#tell(outcome);
  }

  /** Its time is up. */
  giveUp(timeoutMs: number): void {
    if (this.#known !== undefined) return;
    this.late = true;
    const what = `${this.process.label} was not done within ${timeoutMs} ms`;
    this.settle({ ok: false, reason: { crashed: new OtpError('timeout', what) } });
    this.process.signalExit('kill');
  }

  async await({ timeoutMs = AWAIT_TIMEOUT_MS } = {}): Promise<T> {
    const outcome = await this.yield(timeoutMs);
    if (outcome === undefined) {
      this.#leaveOwner();
      this.giveUp(timeoutMs);
    }
    return unwrap(this.process, outcome ?? (await this.outcome));
  }

  yield(waitMs: number): Promise<TaskOutcome<T> | undefined> {
    if (waitMs === Number.POSITIVE_INFINITY) return this.outcome;
    return within(this.process.host.clock, waitMs, this.outcome);
  }

  async shutdown(): Promise<TaskOutcome<T> | undefined> {
    const known = this.#known;
    this.#leaveOwner();
    this.process.signalExit('shutdown');
    await this.process.exited;
    return known;
  }

  /** It is ended by wish: that is nobody's crash. */
  #leaveOwner(): void {
    if (this.#owner !== undefined) unlink(this.#owner, this.process);
  }
}

function unwrap<T>({ label }: Process, outcome: TaskOutcome<T>): T {
  if (outcome.ok) return outcome.value;
  const { reason } = outcome;
  const crash = crashOf(reason);
  if (crash !== undefined) throw crash.crashed;
  throw new OtpError('callee_died', `${label} ended before it was done`, { reason });
}

const within = <T>(clock: Clock, waitMs: number, promise: Promise<T>): Promise<T | undefined> =>
  new Promise((resolve) => {
    const timer = clock.setTimeout(() => resolve(undefined), waitMs);
    void promise.then((value) => {
      timer.cancel();
      resolve(value);
    });
  });
