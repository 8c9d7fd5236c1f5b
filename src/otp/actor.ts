/**
 * A process with its two faces: `Ref`, which others hold, and `Self`, which its own handlers hold. It is one object,
 * because a hundred thousand idle actors should cost little; the interfaces keep the faces apart.
 */
import type { Timer } from './clock.ts';
import type { ExitReason } from './exit-reason.ts';
import { Call, Message } from './message.ts';
import { OtpError } from './otp-error.ts';
import { Process, type ProcessOptions, type Program, type StartResult } from './process.ts';
import type { ActorRef, CallOptions } from './ref.ts';
import type { MonitorRef } from './self.ts';
import { processOf, type System } from './system.ts';
import { link, unlink, unwatch, type Watch, watch } from './ties.ts';
import { WaitingCast } from './waiting-cast.ts';

const CALL_TIMEOUT_MS = 5_000;
/** When a full mailbox is worth another try: an actor that works empties it within milliseconds. */
const RETRY_WORKING_MS = 10;
/** The same for one that waits for its `init` or a child. */
const RETRY_WAITING_MS = 1_000;

/** What a monitor puts into the mailbox when its target dies. */
export interface Down {
  readonly monitor: Monitor;
  readonly ref: ActorRef;
  readonly reason: ExitReason;
}

export class Monitor implements MonitorRef {
  readonly ref: ActorRef;
  /** False once it was taken back: a DOWN that is under way is dropped. */
  active = true;
  readonly #watch: Watch;

  constructor(ref: ActorRef, watcher: Process) {
    this.ref = ref;
    const down = (reason: ExitReason) =>
      watcher.deliver(new Message('down', 'down', { monitor: this, ref, reason } satisfies Down));
    this.#watch = watch(processOf(ref), down, watcher);
  }

  takeBack(): void {
    this.active = false;
    unwatch(this.#watch);
  }
}

type InfoPair = readonly [name: string, message?: unknown];

export class Actor extends Process {
  declare readonly host: System; // the same field as a process has, seen whole

  constructor(system: System, program: Program, options: ProcessOptions) {
    super(system, program, options);
  }

  get system(): System {
    return this.host;
  }

  get ref(): this {
    return this;
  }

  // ── Ref ────────────────────────────────────────────────────────────────────────────────────────────────────

  call(name: string, request?: unknown, options?: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waits = this.mailbox.full && options?.whenFull === 'wait';
      const refusal = refusalOf(this, name, waits);
      if (refusal !== undefined) return reject(refusal);
      const timeoutMs = options?.timeoutMs ?? CALL_TIMEOUT_MS;
      const call = new Call(this, name, request, timeoutMs, resolve, reject);
      if (waits) this.mailbox.wait(call);
      else this.deliver(call);
    });
  }

  cast(name: string, message?: unknown): void {
    if (this.mailbox.full && this.alive) throw mailboxFull(this);
    this.deliver(new Message('cast', name, message));
  }

  async castOrWait(
    name: string,
    message?: unknown,
    { timeoutMs = CALL_TIMEOUT_MS }: Pick<CallOptions, 'timeoutMs'> = {},
  ): Promise<void> {
    if (!this.mailbox.full || !this.alive) return this.cast(name, message);
    if (this.mailbox.crowded) throw mailboxFull(this);
    const { clock, deadlines } = this.host;
    const cast = new WaitingCast(name, message, deadlines, clock.monotonic() + timeoutMs);
    this.mailbox.wait(cast);
    return cast.taken;
  }

  // ── Self ───────────────────────────────────────────────────────────────────────────────────────────────────

  send(info: string, message?: unknown): void {
    this.deliver(new Message('info', info, message));
  }

  continue(step: string, message?: unknown): void {
    this.deliverAhead(new Message('continue', step, message));
  }

  idleAfter(delayMs: number): void {
    this.idle?.cancel();
    this.idle = this.after(delayMs, () => {
      this.idle = undefined;
      if (this.mailbox.size === 0) this.deliver(new Message('idle', 'idle', undefined));
    });
  }

  sendAfter(delayMs: number, info: string, message?: unknown): Timer {
    return this.after(delayMs, () => this.send(info, message));
  }

  sendEvery(intervalMs: number, info: string, message?: unknown): Timer {
    let timer: Timer;
    const again = () => {
      this.send(info, message);
      timer = this.after(intervalMs, again);
    };
    timer = this.after(intervalMs, again);
    return { cancel: () => timer.cancel() };
  }

  pipe<T>(
    promise: PromiseLike<T>,
    fulfilled: (value: T) => InfoPair,
    rejected: (error: unknown) => InfoPair,
  ): void {
    const send = (info: () => InfoPair) => this.later('pipe', () => this.send(...info()));
    promise.then(
      (value) => send(() => fulfilled(value)),
      (error) => send(() => rejected(error)),
    );
  }

  monitor(ref: ActorRef): Monitor {
    return new Monitor(ref, this);
  }

  demonitor(monitor: MonitorRef): void {
    if (monitor instanceof Monitor) monitor.takeBack();
  }

  link(ref: ActorRef): void {
    link(this, processOf(ref));
  }

  unlink(ref: ActorRef): void {
    unlink(this, processOf(ref));
  }

  trapExit(on: boolean): void {
    this.trapping = on;
  }

  exit(reason: ExitReason): void {
    this.signalExit(reason, this);
  }
}

function refusalOf(actor: Actor, name: string, waits: boolean): OtpError | undefined {
  const { mailbox } = actor;
  if (!actor.alive) return new OtpError('noproc', `${actor.label} is not alive`);
  if (mailbox.full && (!waits || mailbox.crowded)) return mailboxFull(actor);
  if (actor.host.running !== actor) return undefined;
  return new OtpError('calling_self', `${actor.label} called itself (${name}) and cannot answer`);
}

function mailboxFull({ label, mailbox, waiting }: Actor): OtpError {
  const retryAfterMs = waiting ? RETRY_WAITING_MS : RETRY_WORKING_MS;
  const what = `the mailbox of ${label} is full (${mailbox.limit} messages)`;
  return new OtpError('mailbox_full', what, { retryAfterMs });
}

/** The system that a process lives in, as its layers need it: every process is made by `spawn`. */
export function systemOf(process: Process): System {
  if (process instanceof Actor) return process.system;
  throw new TypeError('a process without a system');
}

/** Starts a process under `options.parent`; answers at once when its `init` is synchronous. */
export function spawn(
  system: System,
  program: Program,
  options: ProcessOptions,
): StartResult | Promise<StartResult> {
  const { parent, registeredAs } = options;
  if (parent !== undefined && !parent.alive) return { kind: 'failed', reason: 'noproc' };
  if (registeredAs !== undefined) {
    const holder = system.names.find(registeredAs);
    if (holder !== undefined) return alreadyStarted(registeredAs, holder);
  }
  const actor = new Actor(system, program, options);
  options.slot?.occupy(actor);
  if (registeredAs !== undefined) system.names.register(actor, registeredAs, actor);
  return actor.start(options.args, options.initTimeoutMs);
}

function alreadyStarted(key: string, holder: unknown): StartResult {
  const ref = holder instanceof Actor ? { ref: holder } : {};
  const crashed = new OtpError('already_started', `${key} is registered already`, ref);
  return { kind: 'failed', reason: { crashed } };
}
