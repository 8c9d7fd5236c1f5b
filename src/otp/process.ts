/**
 * A process: a mailbox, a program that handles one message at a time, and the ties to others that make its death
 * known. The layers (gen-server, supervisors, tasks) are programs; `Actor` adds the faces that users see.
 *
 * Invariants:
 * 1. One message at a time; a program that answers with a promise makes the mailbox wait, signals excepted.
 * 2. A process ends one way, step by step (`Ending`); its watchers get one notice each, after its names are free.
 * 3. After death nothing that it still does has an effect: late promises, timers and replies fall on the floor.
 */
import type { Bag } from './bag.ts';
import { Beginning, type Starting } from './beginning.ts';
import type { Clock, Timer } from './clock.ts';
import type { Deadlines } from './deadlines.ts';
import { Ending, type Exiting } from './ending.ts';
import type { ExitReason, ExitSignal } from './exit-reason.ts';
import { guard } from './guard.ts';
import { Mailbox } from './mailbox.ts';
import { Call, type Callee, Message } from './message.ts';
import type { Hold, Holder, Name, NameTable } from './name.ts';
import { OtpError } from './otp-error.ts';
import type { ProgramFor, SlotFor, StartResultFor } from './program.ts';
import type { MessageView, Report } from './report.ts';
import type { Runnable, RunQueue } from './scheduler.ts';
import {
  cutTies,
  type Release,
  type Tied,
  type Ties,
  tieRelease,
  tieTimer,
  watch,
} from './ties.ts';
import { crashReport, viewOf } from './views.ts';

export type Program = ProgramFor<Process>;
export type Slot = SlotFor<Process>;
export type StartResult = StartResultFor<Process>;

/** What a process needs of the system that it lives in. */
export interface Host {
  readonly clock: Clock;
  readonly scheduler: RunQueue;
  readonly deadlines: Deadlines;
  readonly names: NameTable<string, unknown>;
  /** The process whose program is at work right now. */
  running: Process | undefined;
  /** Counts one more process, and gives it a number of its own. */
  born(): number;
  processExited(): void;
  report(report: Report): void;
}

export interface ProcessOptions {
  readonly id: string;
  readonly parent?: Process | undefined;
  readonly slot?: Slot | undefined;
  /** For `init`. */
  readonly args?: unknown;
  /** Default 60,000. */
  readonly initTimeoutMs?: number | undefined;
  /** Calls and casts that may wait; default 1,000. */
  readonly mailboxLimit?: number | undefined;
  /** What it is registered as before its `init`, for as long as it lives. */
  readonly registeredAs?: string | undefined;
}

/** What reaches a process when a linked one, or one of its children, died. */
export interface Exit {
  /** `undefined` when the cause is an `exit` from outside and not the death of a process. */
  readonly from: Tied | undefined;
  readonly reason: ExitReason;
}

/** Work that is done in a process's turn; a promise makes the mailbox wait. */
export type Work = () => void | Promise<void>;

const INIT_TIMEOUT_MS = 60_000;
const SHUTDOWN_MS = 5_000;
const MAILBOX_LIMIT = 1_000;

export class Process implements Runnable, Holder, Callee, Starting<Process>, Exiting {
  readonly id: number;
  readonly host: Host;
  /** A wrapper stands in its place during a `trace`. */
  program: Program;
  readonly name: string;
  readonly parent: Process | undefined;
  readonly slot: Slot | undefined;
  readonly mailbox: Mailbox;
  phase: 'starting' | 'running' | 'exiting' | 'dead' = 'starting';
  state: unknown = undefined;
  /** Exits of linked processes arrive as messages instead of ending this one. */
  trapping = false;
  scheduled = false;
  /** Messages handled so far. */
  reductions = 0;
  /** The message under way. */
  current: Message | undefined = undefined;
  children: Set<Process> | undefined = undefined;
  holds: Hold | undefined = undefined;
  owed: Bag<Call> | undefined = undefined;
  ties: Ties | undefined = undefined;
  /** Runs out if no message comes before. */
  idle: Timer | undefined = undefined;
  /** An exit signal that waits for its moment. */
  signal: ExitReason | undefined = undefined;
  /** Since when an answer of the program is awaited, in epoch ms. */
  #busySince: number | undefined = undefined;
  #killed = false;
  #ending: Ending | undefined = undefined;
  /** Until it is up. */
  #beginning: Beginning<Process> | undefined = undefined;

  constructor(host: Host, program: Program, options: ProcessOptions) {
    this.host = host;
    this.program = program;
    this.name = options.id;
    this.parent = options.parent;
    this.slot = options.slot;
    this.mailbox = new Mailbox(options.mailboxLimit ?? MAILBOX_LIMIT);
    this.id = host.born();
    if (this.parent === undefined) return;
    this.parent.children ??= new Set();
    this.parent.children.add(this);
  }

  /** The path from the root. */
  get label(): string {
    return this.parent === undefined ? this.name : `${this.parent.label}/${this.name}`;
  }

  /** False from the moment that its end is certain. */
  get alive(): boolean {
    return this.signal === undefined && (this.phase === 'running' || this.phase === 'starting');
  }

  /** Why it ended, once it is dead. */
  get exitReason(): ExitReason | undefined {
    return this.phase === 'dead' ? this.#ending?.reason : undefined;
  }

  /** A supervisor is carrying something out, or `init` has not come back: messages wait. */
  get waiting(): boolean {
    return this.#busySince !== undefined || this.phase === 'starting';
  }

  /** The message under way, and since when (epoch ms). */
  get underWay(): (MessageView & { readonly since: number }) | undefined {
    const view = viewOf<Process>(this, this.current);
    return view && { ...view, since: this.#busySince ?? this.host.clock.now() };
  }

  get hasWork(): boolean {
    if (this.signal !== undefined) return this.#signalIsDue();
    return this.phase === 'running' && this.#busySince === undefined && this.mailbox.size > 0;
  }

  get deadlines(): Deadlines {
    return this.host.deadlines;
  }

  /** How long `terminate` may take. */
  get shutdownMs(): number {
    const shutdownMs = this.slot?.shutdownMs ?? SHUTDOWN_MS;
    if (shutdownMs === 'infinity') return Number.POSITIVE_INFINITY;
    return shutdownMs === 'brutal_kill' ? SHUTDOWN_MS : shutdownMs;
  }

  // ── beginning ──────────────────────────────────────────────────────────────────────────────

  /** Runs `init`; answers at once when that is synchronous. */
  start(args: unknown, initTimeoutMs = INIT_TIMEOUT_MS): StartResult | Promise<StartResult> {
    this.#beginning = new Beginning<Process>(this);
    return this.#beginning.run(args, initTimeoutMs);
  }

  begun(state: unknown): void {
    this.state = state;
    this.phase = 'running';
    this.#beginning?.started();
    this.#beginning = undefined;
    this.#wake();
  }

  // ── working ────────────────────────────────────────────────────────────────────────────────

  deliver(message: Message): void {
    if (this.phase === 'exiting' || this.phase === 'dead') return;
    this.mailbox.push(message);
    if (this.phase === 'running' && this.#busySince === undefined && !this.scheduled) {
      this.host.scheduler.enqueue(this);
    }
  }

  /** The same, ahead of what is in the mailbox. */
  deliverAhead(message: Message): void {
    if (this.phase === 'exiting' || this.phase === 'dead') return;
    this.mailbox.pushAhead(message);
    this.#wake();
  }

  /** Has `work` done in its turn, as if it were a message: the runtime's own, so outside the limit. */
  later(what: string, work: Work): void {
    this.deliver(new Message('run', what, work));
  }

  /** A timer that dies with the process. */
  after(delayMs: number, fn: () => void): Timer {
    if (this.phase === 'exiting' || this.phase === 'dead') return { cancel: () => {} };
    return tieTimer(this, this.host.clock, delayMs, fn);
  }

  /** Gives `value` a name while this process lives. Throws `already_registered`, or `noproc` when it is dead. */
  register<T>(name: Name<T>, value: T): void {
    if (!this.alive) throw new OtpError('noproc', `${this.label} died before it was ${name.key}`);
    this.host.names.register(this, name.key, value);
  }

  unregister(name: Name<unknown>): void {
    this.host.names.unregister(this, name.key);
  }

  /** Has `release` run at the end, however it comes; at once if it has come. */
  own(release: Release): void {
    const tooLate = this.phase === 'dead' || this.#ending?.releasing === true;
    if (tooLate) void guard(this, 'a release', release);
    else tieRelease(this, release);
  }

  run(budget: number): number {
    const { host } = this;
    host.running = this;
    let handled = 0;
    while (handled < budget) {
      if (this.signal !== undefined && this.#signalIsDue()) this.end(this.signal);
      if (this.phase !== 'running' || this.#busySince !== undefined) break;
      const message = this.mailbox.shift();
      if (message === undefined) break;
      handled++;
      this.#handle(message);
    }
    host.running = undefined;
    this.reductions += handled;
    return handled;
  }

  #handle(message: Message): void {
    if (message instanceof Call && this.#isOver(message)) return;
    this.current = message;
    try {
      const pending =
        message.kind === 'run' ? this.#work(message) : this.program.receive(this, message);
      if (pending !== undefined) this.#await(pending);
      else this.current = undefined;
    } catch (error) {
      if (message instanceof Call) message.owe();
      this.end({ crashed: error });
    }
  }

  #work(message: Message): void | Promise<void> {
    const work = message.payload as Work;
    return this.program.work === undefined ? work() : this.program.work(this, message, work);
  }

  /** The caller no longer waits for the answer: the call is not handled. */
  #isOver(call: Call): boolean {
    if (call.settled || call.timeoutMs === Number.POSITIVE_INFINITY) return call.settled;
    const nowMs = this.host.deadlines.look();
    if (call.dueMs <= nowMs) call.expire();
    return call.settled;
  }

  #await(pending: Promise<void>): void {
    this.#busySince = this.host.clock.now();
    pending.then(
      () => {
        this.#busySince = undefined;
        this.current = undefined;
        this.#wake();
      },
      (error) => {
        this.#busySince = undefined;
        this.end({ crashed: error });
      },
    );
  }

  #wake(): void {
    if (this.hasWork) this.host.scheduler.enqueue(this);
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────

  /**
   * An exit signal: from a linked process, from a supervisor that stops its child, from itself, or from outside (no
   * `from`). `kill` ends any process; `normal` only the one that sends it to itself; the rest can be trapped.
   */
  signalExit(reason: ExitSignal, from?: Tied): void {
    if (reason === 'kill') return this.#kill();
    if (this.phase === 'exiting' || this.phase === 'dead') return;
    const fromAbove = from === undefined || from === this.parent;
    if (this.trapping && from !== this && !(fromAbove && this.phase === 'starting')) {
      this.deliver(new Message('exit', 'exit', { from, reason } satisfies Exit));
    } else if (reason === 'normal' && from !== this) return;
    else this.signal ??= reason;
    if (fromAbove && this.waiting) this.program.interrupt?.(this);
    this.#wake();
  }

  /** Ends after what is in the mailbox; what is still beginning is not waited for. */
  stop(reason: ExitReason): void {
    if (this.phase === 'starting') {
      this.signal ??= reason;
      this.program.interrupt?.(this);
      return this.#wake();
    }
    this.later('stop', () => this.end(reason));
    if (this.waiting) this.program.interrupt?.(this);
  }

  #kill(): void {
    if (this.phase === 'exiting') return this.#ending?.kill();
    this.#killed = true;
    this.signal = 'killed';
    this.#wake();
  }

  #signalIsDue(): boolean {
    if (this.phase !== 'starting' && this.phase !== 'running') return false;
    return this.#killed || this.program.interrupt === undefined || !this.waiting;
  }

  /** Begins the end. The first reason counts. */
  end(reason: ExitReason): void {
    if (this.phase === 'exiting' || this.phase === 'dead') return;
    const started = this.phase === 'running';
    this.phase = 'exiting';
    this.#beginning?.cancelBound();
    this.#ending = new Ending(this, reason);
    this.#ending.begin(started && !this.#killed);
  }

  terminate(reason: ExitReason): void | Promise<void> {
    return this.program.terminate(this, reason);
  }

  onExited(reason: ExitReason): void {
    const beginning = this.#beginning;
    this.phase = 'dead';
    this.host.processExited();
    this.#refuseCallers(reason);
    cutTies(this, reason);
    if (this.parent !== undefined) {
      this.parent.#childGone(this, beginning === undefined, reason);
    }
    beginning?.failed(reason);
    this.#beginning = undefined;
    this.slot?.left(this);
    this.state = undefined;
    this.current = undefined;
  }

  /** Resolves when it is dead, with the reason. */
  get exited(): Promise<ExitReason> {
    if (this.exitReason !== undefined) return Promise.resolve(this.exitReason);
    return new Promise((resolve) => void watch(this, resolve));
  }

  #childGone(child: Process, started: boolean, reason: ExitReason): void {
    this.children?.delete(child);
    if (this.#ending !== undefined) return this.#ending.childGone();
    if (started) this.deliver(new Message('exit', 'exit', { from: child, reason } satisfies Exit));
  }

  #refuseCallers(reason: ExitReason): void {
    const died = (call: Call) => {
      const what = `${this.label} died before it answered ${call.name}`;
      call.fail(new OtpError('callee_died', what, { reason }));
    };
    for (const call of this.owed?.all() ?? []) died(call);
    for (let message = this.mailbox.shift(); message; message = this.mailbox.shift()) {
      if (message instanceof Call) died(message);
    }
  }

  reportCrash(reason: ExitReason): void {
    this.host.report(crashReport(this, reason));
  }
}
