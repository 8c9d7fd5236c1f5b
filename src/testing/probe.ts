/**
 * A probe: an actor that keeps what it receives until the test asks for it. It stands in for an actor of any protocol,
 * and it watches others. On a virtual clock, waiting for a message moves time.
 *
 * Invariant: every message is handed out once, in the order of its coming.
 */
import { Actor, type Down, spawn } from '../otp/actor.ts';
import type { ExitReason } from '../otp/exit-reason.ts';
import { Call, type From, type Message } from '../otp/message.ts';
import type { Name } from '../otp/name.ts';
import type { Exit, Process, Program } from '../otp/process.ts';
import type { CallName, CastName, CastOf, Protocol, ReplyOf, RequestOf } from '../otp/protocol.ts';
import type { ActorRef, Ref } from '../otp/ref.ts';
import type { System } from '../otp/system.ts';
import { until } from './until.ts';

/** A call that waits for the test's answer: `from.reply(…)`, `from.fail(…)`. */
export type ReceivedCall<P extends Protocol> = {
  [K in CallName<P>]: {
    readonly kind: 'call';
    readonly name: K;
    readonly request: RequestOf<P, K>;
    readonly from: From<ReplyOf<P, K>>;
  };
}[CallName<P>];

export type ReceivedCast<P extends Protocol> = {
  [K in CastName<P>]: {
    readonly kind: 'cast';
    readonly name: K;
    readonly message: CastOf<P, K>;
  };
}[CastName<P>];

/** Of an actor that the probe monitors. */
export interface ReceivedDown {
  readonly kind: 'down';
  readonly ref: ActorRef;
  readonly reason: ExitReason;
}

/** Of an actor that the probe is linked to. */
export interface ReceivedExit {
  readonly kind: 'exit';
  readonly ref: ActorRef | undefined;
  readonly reason: ExitReason;
}

export type Received<P extends Protocol> =
  | ReceivedCall<P>
  | ReceivedCast<P>
  | ReceivedDown
  | ReceivedExit;

export interface ProbeOptions<P extends Protocol> {
  /** Default `probe`. */
  readonly id?: string;
  /** Where others find it, as they would find the actor that it stands in for. */
  readonly name?: Name<Ref<P>>;
}

const WITHIN_MS = 1_000;

/** Starts a probe that speaks `protocol`. It is outside any tree, and an exit of others does not end it. */
export function probe<const P extends Protocol>(
  system: System,
  _protocol: P,
  options: ProbeOptions<P> = {},
): Probe<P> {
  const inbox: Received<P>[] = [];
  const program = new ProbeProgram(inbox, options.name);
  const started = spawn(system, program, { id: options.id ?? 'probe' });
  if (
    started instanceof Promise ||
    started.kind !== 'started' ||
    !(started.process instanceof Actor)
  )
    throw new TypeError('a probe starts at once, or its name is taken');
  return new Probe(system, started.process, inbox);
}

export class Probe<P extends Protocol> {
  readonly #system: System;
  readonly #actor: Actor;
  readonly #inbox: Received<P>[];

  constructor(system: System, actor: Actor, inbox: Received<P>[]) {
    this.#system = system;
    this.#actor = actor;
    this.#inbox = inbox;
  }

  /** As others hold it. */
  get ref(): Ref<P> {
    return this.#actor as unknown as Ref<P>;
  }

  /** What has come and was not asked for yet. */
  get waiting(): readonly Received<P>[] {
    return this.#inbox;
  }

  /** The next message, whatever it is. Rejects when none comes within `withinMs` (default 1,000). */
  async next(withinMs: number = WITHIN_MS): Promise<Received<P>> {
    await this.#come(withinMs);
    const message = this.#inbox.shift();
    if (message === undefined) throw new Error(`nothing came within ${withinMs} ms`);
    return message;
  }

  /** The next message, which must be this call; the test answers it through `from`. */
  async nextCall<K extends CallName<P>>(
    name: K,
    withinMs?: number,
  ): Promise<Extract<ReceivedCall<P>, { readonly name: K }>> {
    const message = await this.next(withinMs);
    if (isCall<P, K>(message, name)) return message;
    throw unexpected(`the call ${name}`, message);
  }

  /** The next message, which must be this cast. Gives its payload. */
  async nextCast<K extends CastName<P>>(name: K, withinMs?: number): Promise<CastOf<P, K>> {
    const message = await this.next(withinMs);
    if (isCast<P, K>(message, name)) return message.message;
    throw unexpected(`the cast ${name}`, message);
  }

  /** The next message, which must be the DOWN of an actor that is monitored. */
  async nextDown(withinMs?: number): Promise<ReceivedDown> {
    const message = await this.next(withinMs);
    if (message.kind === 'down') return message;
    throw unexpected('a DOWN', message);
  }

  /** The next message, which must be the exit of an actor that is linked. */
  async nextExit(withinMs?: number): Promise<ReceivedExit> {
    const message = await this.next(withinMs);
    if (message.kind === 'exit') return message;
    throw unexpected('an exit', message);
  }

  /** Resolves when nothing has come within that time; rejects with what has. */
  async nothing(withinMs: number): Promise<void> {
    await this.#come(withinMs);
    const [message] = this.#inbox;
    if (message !== undefined) throw unexpected('nothing', message);
  }

  monitor(ref: ActorRef): void {
    this.#actor.monitor(ref);
  }

  link(ref: ActorRef): void {
    this.#actor.link(ref);
  }

  /** Ends it; resolves when it is gone. */
  async stop(): Promise<void> {
    await this.#system.stop(this.#actor);
  }

  /** Until there is a message, or the time is up. */
  async #come(withinMs: number): Promise<void> {
    if (this.#inbox.length > 0) return;
    await until(this.#system.clock, () => this.#inbox.length > 0, withinMs).catch(() => {});
  }
}

class ProbeProgram<P extends Protocol> implements Program {
  readonly kind = 'worker';
  readonly #inbox: Received<P>[];
  readonly #name: Name<Ref<P>> | undefined;

  constructor(inbox: Received<P>[], name: Name<Ref<P>> | undefined) {
    this.#inbox = inbox;
    this.#name = name;
  }

  init(self: Process): void {
    self.trapping = true;
    if (this.#name !== undefined) self.register(this.#name, self as unknown as Ref<P>);
  }

  receive(_self: Process, message: Message): void {
    const received = receivedOf(message);
    if (received !== undefined) this.#inbox.push(received as Received<P>);
  }

  terminate(): void {}

  redact(): unknown {
    return { waiting: this.#inbox.length };
  }
}

/** For the compiler this is anything. Its sender held a ref of the protocol. */
function receivedOf(message: Message): unknown {
  const { kind, name, payload } = message;
  switch (kind) {
    case 'call':
      if (message instanceof Call) message.owe(); // the test may never answer: its end must tell the caller
      return { kind, name, request: payload, from: message };
    case 'cast':
      return { kind, name, message: payload };
    case 'down': {
      const { ref, reason } = payload as Down;
      return { kind, ref, reason } satisfies ReceivedDown;
    }
    case 'exit': {
      const { from, reason } = payload as Exit;
      return { kind, ref: from as Process | undefined, reason } satisfies ReceivedExit;
    }
    default:
      return undefined;
  }
}

const isCall = <P extends Protocol, K extends CallName<P>>(
  message: Received<P>,
  name: K,
): message is Extract<ReceivedCall<P>, { readonly name: K }> =>
  message.kind === 'call' && message.name === name;

const isCast = <P extends Protocol, K extends CastName<P>>(
  message: Received<P>,
  name: K,
): message is Extract<ReceivedCast<P>, { readonly name: K }> =>
  message.kind === 'cast' && message.name === name;

const unexpected = (
  wanted: string,
  { kind, name }: { readonly kind: string; readonly name?: string },
): Error =>
  new Error(`${wanted} was expected, ${name === undefined ? kind : `${kind} ${name}`} came`);
