/**
 * A process: a mailbox, a program that handles one message at a time, and the ties to others that make its death
 * known. The layers (gen-server, supervisors, tasks) are programs; `Actor` adds the faces that users see.
 *
 * Invariants:
 * 1. One message at a time; a program that answers with a promise makes the mailbox wait, signals excepted.
 * 2. A process ends one way: exiting (terminate, children, releases), then dead (names free, then others told). A kill
 *    cuts terminate short and skips nothing that frees something.
 * 3. Whoever watches is told exactly once, after the names are free.
 * 4. After death nothing that it still does has an effect: late promises, timers and replies fall on the floor.
 */
import type { Clock, Timer } from './clock.ts';
import type { Deadlines } from './deadlines.ts';
import { type ExitReason, type ExitSignal, isAbnormal } from './exit-reason.ts';
import { Call, type Callee, Message } from './message.ts';
import { type Hold, type Holder, type Name, type NameTable, releaseHolds } from './name.ts';
import { OtpError } from './otp-error.ts';
import { IGNORE, type Program, Refusal, type Seat, type StartResult } from './program.ts';
import type { MessageView, Report } from './report.ts';
import { Ring } from './ring.ts';
import type { Runnable, Scheduler } from './scheduler.ts';
import { cutTies, type Release, type Tied, type Ties, tiesOf } from './ties.ts';

/** What a process needs of the system that it lives in. */
export interface Host {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly deadlines: Deadlines;
  readonly names: NameTable<string, unknown>;
  /** The process whose program is at work right now. */
  running: Process | undefined;
  born(process: Process): number;
  buried(process: Process): void;
  report(report: Report): void;
}

export interface ProcessOptions {
  readonly id: string;
  readonly parent?: Process | undefined;
  readonly seat?: Seat | undefined;
  /** For `init`. */
  readonly args?: unknown;
  /** Default 60,000. */
  readonly initTimeoutMs?: number | undefined;
  /** Calls and casts that may wait; default 1,000. */
  readonly mailboxLimit?: number | undefined;
}

/** What reaches a process when a linked one, or one of its children, died. */
export interface Exit {
  /** `undefined` when nobody's death but an `exit` from outside is the cause. */
  readonly from: Tied | undefined;
  readonly reason: ExitReason;
}

type Work = () => void | Promise<void>;

const INIT_TIMEOUT_MS = 60_000;
const SHUTDOWN_MS = 5_000;
const MAILBOX_LIMIT = 1_000;
/** How long a release may take before the process is buried all the same. */
const RELEASE_MS = 5_000;

export class Process implements Runnable, Holder, Callee, Tied {
  readonly id: number;
  readonly host: Host;
  readonly program: Program;
  readonly name: string;
  readonly parent: Process | undefined;
  readonly seat: Seat | undefined;
  readonly mailboxLimit: number;
  phase: 'starting' | 'running' | 'exiting' | 'dead' = 'starting';
  state: unknown = undefined;
  /** Exits of linked processes arrive as messages instead of ending this one. */
  trapping = false;
  scheduled = false;
  /** Messages handled so far. */
  reductions = 0;
  holds: Hold | undefined = undefined;
  owed: Set<Call> | undefined = undefined;
  ties: Ties | undefined = undefined;
  /** The message under way, or the last one. */
  current: Message | undefined = undefined;
  children: Set<Process> | undefined = undefined;
  readonly #mailbox = new Ring<Message>();
  /** How many of the mailbox's messages are calls and casts. */
  #outsiders = 0;
  #busy = false;
  #since = 0;
  #killed = false;
  #ignored = false;
  #signal: ExitReason | undefined = undefined;
  #reason: ExitReason = 'normal';
  #onStart: ((result: StartResult) => void) | undefined = undefined;
  /** Goes on with the exit without waiting for what is under way. */
  #skip: (() => void) | undefined = undefined;
  #bound: Timer | undefined = undefined;

  constructor(host: Host, program: Program, options: ProcessOptions) {
    this.host = host;
    this.program = program;
    this.name = options.id;
    this.parent = options.parent;
    this.seat = options.seat;
    this.mailboxLimit = options.mailboxLimit ?? MAILBOX_LIMIT;
    this.id = host.born(this);
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
    return (this.phase === 'running' || this.phase === 'starting') && this.#signal === undefined;
  }

  get deadlines(): Deadlines {
    return this.host.deadlines;
  }

  get mailboxSize(): number {
    return this.#mailbox.size;
  }

  get mailboxFull(): boolean {
    return this.#outsiders >= this.mailboxLimit;
  }

  /** A supervisor is carrying something out, or `init` has not come back. */
  get waiting(): boolean {
    return this.#busy || this.phase === 'starting';
  }

  /** The message under way, and since when: exact for a supervisor, for a handler the start of its actor's turn. */
  get underWay(): (MessageView & { readonly since: number }) | undefined {
    if (!this.#busy && this.host.running !== this) return undefined;
    const view = viewOf(this.current);
    return view && { ...view, since: this.#since };
  }

  get hasWork(): boolean {
    if (this.#signal !== undefined) return this.#maySignal();
    return this.phase === 'running' && !this.#busy && this.#mailbox.size > 0;
  }

  // ── beginning ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Runs `init`; answers at once when that is synchronous. */
  start(args: unknown, initTimeoutMs = INIT_TIMEOUT_MS): StartResult | Promise<StartResult> {
    let result: StartResult | undefined;
    let resolve: ((result: StartResult) => void) | undefined;
    this.#onStart = (given) => {
      result = given;
      resolve?.(given);
    };
    this.#init(args, initTimeoutMs);
    return (
      result ??
      new Promise((settle) => {
        resolve = settle;
      })
    );
  }

  #init(args: unknown, timeoutMs: number): void {
    const outer = this.host.running;
    this.host.running = this;
    try {
      const state = this.program.init(this, args);
      if (state instanceof Promise) this.#awaitInit(state, timeoutMs);
      else this.#ready(state);
    } catch (error) {
      this.end({ crashed: error });
    } finally {
      this.host.running = outer;
    }
  }

  #awaitInit(pending: Promise<unknown>, timeoutMs: number): void {
    const tooLate = () => {
      const error = new OtpError('timeout', `${this.label} did not start within ${timeoutMs} ms`);
      this.end({ crashed: error });
    };
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#bound = this.host.clock.setTimeout(tooLate, timeoutMs);
    }
    pending.then(
      (state) => this.#ready(state),
      (error) => this.end(this.#signal ?? { crashed: error }),
    );
  }

  #ready(state: unknown): void {
    if (this.phase !== 'starting') return this.#discard(state);
    this.#ignored = state === IGNORE;
    if (state === IGNORE) return this.end('normal');
    if (state instanceof Refusal) return this.end(this.#signal ?? state.reason);
    this.#bound?.cancel();
    this.#bound = undefined;
    this.state = state;
    this.phase = 'running';
    this.#tellStart({ kind: 'started', process: this });
    this.#wake();
  }

  #tellStart(result: StartResult): void {
    const tell = this.#onStart;
    if (tell === undefined) return;
    this.#onStart = undefined;
    this.seat?.settle(result);
    tell(result);
  }

  #discard(state: unknown): void {
    if (state === IGNORE || state instanceof Refusal) return;
    void this.#guard('the end of a late init', () => this.program.discard?.(this, state));
  }

  // ── working ────────────────────────────────────────────────────────────────────────────────────────────────

  deliver(message: Message): void {
    if (this.phase === 'exiting' || this.phase === 'dead') return;
    if (message.kind === 'call' || message.kind === 'cast') this.#outsiders++;
    this.#mailbox.push(message);
    if (this.phase === 'running' && !this.#busy && !this.scheduled)
      this.host.scheduler.enqueue(this);
  }

  /** Gives `value` a name for as long as this process lives. Throws `already_registered`, or `noproc` when it is dead. */
  register<T>(name: Name<T>, value: T): void {
    if (!this.alive)
      throw new OtpError('noproc', `${this.label} died before it registered ${name.key}`);
    this.host.names.register(this, name.key, value);
  }

  unregister(name: Name<unknown>): void {
    this.host.names.unregister(this, name.key);
  }

  /** Has `release` run at the end, however it comes; at once if it has come. */
  own(release: Release): void {
    if (this.phase === 'dead') void this.#guard('a release', release);
    else tiesOf(this).releases.push(release);
  }

  /** Has `work` done in its turn, as if it were a message: the runtime's own, so outside the limit. */
  later(what: string, work: Work): void {
    this.deliver(new Message('run', what, work));
  }

  /** A timer that dies with the process. */
  after(delayMs: number, fn: () => void): Timer {
    if (this.phase === 'exiting' || this.phase === 'dead') return { cancel: () => {} };
    const { timers } = tiesOf(this);
    const timer = this.host.clock.setTimeout(() => {
      timers.delete(timer);
      fn();
    }, delayMs);
    timers.add(timer);
    return {
      cancel: () => {
        timers.delete(timer);
        timer.cancel();
      },
    };
  }

  run(budget: number): number {
    const { host } = this;
    host.running = this;
    let handled = 0;
    while (handled < budget) {
      if (this.#signal !== undefined && this.#maySignal()) this.end(this.#signal);
      if (this.phase !== 'running' || this.#busy) break;
      const message = this.#mailbox.shift();
      if (message === undefined) break;
      handled++;
      this.#handle(message);
    }
    host.running = undefined;
    this.reductions += handled;
    return handled;
  }

  #handle(message: Message): void {
    if (message instanceof Call) {
      this.#outsiders--;
      if (message.settled) return;
      if (message.dueMs <= this.host.clock.monotonic()) return message.expire();
    } else if (message.kind === 'cast') this.#outsiders--;
    this.current = message;
    try {
      const pending =
        message.kind === 'run' ? (message.payload as Work)() : this.program.receive(this, message);
      if (pending !== undefined) this.#wait(pending);
    } catch (error) {
      if (message instanceof Call) message.owe();
      this.end({ crashed: error });
    }
  }

  #wait(pending: Promise<void>): void {
    this.#busy = true;
    this.#since = this.host.clock.now();
    pending.then(
      () => {
        this.#busy = false;
        this.#wake();
      },
      (error) => {
        this.#busy = false;
        this.end({ crashed: error });
      },
    );
  }

  #wake(): void {
    if (this.hasWork) this.host.scheduler.enqueue(this);
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────────────────────

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
    else this.#signal ??= reason;
    if (fromAbove && this.waiting) this.program.interrupt?.(this);
    this.#wake();
  }

  #kill(): void {
    if (this.phase === 'dead') return;
    this.#killed = true;
    if (this.phase === 'exiting') return this.#skip?.();
    this.#signal = 'killed';
    this.#wake();
  }

  /** Whether a pending signal may take effect now. */
  #maySignal(): boolean {
    if (this.phase !== 'starting' && this.phase !== 'running') return false;
    return this.#killed || this.program.interrupt === undefined || !this.waiting;
  }

  /** Begins the end. The first reason counts. */
  end(reason: ExitReason): void {
    if (this.phase === 'exiting' || this.phase === 'dead') return;
    const started = this.phase === 'running';
    this.phase = 'exiting';
    this.#reason = reason;
    this.#bound?.cancel();
    if (typeof reason === 'object' && 'crashed' in reason) this.#reportCrash(reason);
    if (this.ties !== undefined) for (const timer of this.ties.timers) timer.cancel();
    if (!started || this.#killed) return this.#dismissChildren();
    const goodbye = () => this.program.terminate(this, reason);
    this.#step(goodbye, this.#shutdownMs(), () => this.#dismissChildren());
  }

  /** Children that are still there (after a kill, or an init cut short) go down with their parent. */
  #dismissChildren(): void {
    if (this.children === undefined || this.children.size === 0) return this.#release();
    const reason = isAbnormal(this.#reason) ? this.#reason : 'shutdown';
    for (const child of [...this.children]) child.signalExit(reason, this);
  }

  #childGone(child: Process, started: boolean, reason: ExitReason): void {
    this.children?.delete(child);
    if (this.phase !== 'exiting') {
      if (started)
        this.deliver(new Message('exit', 'exit', { from: child, reason } satisfies Exit));
    } else if (this.children?.size === 0 && this.#skip === undefined) this.#release();
  }

  #release(): void {
    const releases = this.ties?.releases ?? [];
    if (releases.length === 0) return this.#bury();
    const all = () => {
      const pending = releases.reverse().map((release) => this.#guard('a release', release));
      return pending.some((p) => p !== undefined) ? Promise.all(pending).then(() => {}) : undefined;
    };
    this.#step(all, RELEASE_MS, () => this.#bury());
  }

  #bury(): void {
    const reason = this.#killed ? 'killed' : this.#reason;
    const started = this.#onStart === undefined;
    this.phase = 'dead';
    releaseHolds(this);
    this.host.buried(this);
    this.#refuseCallers(reason);
    cutTies(this, reason);
    if (this.parent !== undefined) this.parent.#childGone(this, started, reason);
    this.#tellStart(this.#ignored ? { kind: 'ignored' } : { kind: 'failed', reason });
    this.state = undefined;
    this.current = undefined;
  }

  #refuseCallers(reason: ExitReason): void {
    const died = (call: Call) =>
      call.fail(
        new OtpError('callee_died', `${this.label} died before it answered ${call.name}`, {
          reason,
        }),
      );
    for (const call of [...(this.owed ?? [])]) died(call);
    for (let message = this.#mailbox.shift(); message; message = this.#mailbox.shift()) {
      if (message instanceof Call) died(message);
    }
    this.#mailbox.clear();
  }

  /** One part of the exit: `next` follows when the work is done, failed, skipped by a kill, or out of time. */
  #step(work: () => void | Promise<void>, boundMs: number, next: () => void): void {
    const pending = this.#guard('terminate', work);
    if (pending === undefined) return next();
    const go = () => {
      if (this.#skip !== go) return;
      this.#skip = undefined;
      this.#bound?.cancel();
      next();
    };
    this.#skip = go;
    if (boundMs !== Number.POSITIVE_INFINITY) {
      this.#bound = this.host.clock.setTimeout(() => this.#kill(), boundMs);
    }
    void pending.then(go);
  }

  /** Runs code of users that must not fail; if it does, that is reported, and that is all. */
  #guard(during: string, work: () => unknown): Promise<unknown> | undefined {
    const fault = (error: unknown) =>
      this.host.report({ kind: 'fault', actor: this.label, during, error });
    try {
      const pending = work();
      return pending instanceof Promise ? pending.catch(fault) : undefined;
    } catch (error) {
      fault(error);
      return undefined;
    }
  }

  #shutdownMs(): number {
    const shutdownMs = this.seat?.shutdownMs ?? SHUTDOWN_MS;
    return typeof shutdownMs === 'number' ? shutdownMs : Number.POSITIVE_INFINITY;
  }

  #reportCrash(reason: ExitReason): void {
    this.host.report({
      kind: 'crash',
      actor: this.label,
      id: this.id,
      reason,
      lastMessage: viewOf(this.current),
      state: redactedState(this),
      restarts: this.seat?.restarts ?? 0,
    });
  }
}

const viewOf = (message: Message | undefined): MessageView | undefined =>
  message && { kind: message.kind, name: message.name, payload: message.payload };

/** A behaviour's `redact` is a user's code: when it throws, the report says so and is sent all the same. */
export function redactedState(process: Process): unknown {
  if (process.state === undefined) return undefined;
  try {
    return process.program.redact(process);
  } catch (error) {
    return { redactFailed: error };
  }
}
