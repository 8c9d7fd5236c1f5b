/**
 * The behaviour that most actors have: a state, and a handler per message that returns what to do next. Handlers are
 * synchronous and return; the loop acts. The state changes only by what a handler returns, so one that throws leaves
 * no half-made change behind; it crashes its actor, and the supervisor does its work.
 */
import { type Down, spawn } from './actor.ts';
import type { ChildOptions, ChildSpec, Place } from './child-spec.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Call, From, Message } from './message.ts';
import { OtpError } from './otp-error.ts';
import type { Exit, Process, Program, StartResult } from './process.ts';
import type { IGNORE } from './program.ts';
import type {
  CallName,
  CastName,
  CastOf,
  InfoName,
  InfoOf,
  Protocol,
  ReplyOf,
  RequestOf,
} from './protocol.ts';
import type { ActorRef, Ref } from './ref.ts';
import { type CallResult, noreply, type ReplyAfter, type Result } from './result.ts';
import type { MonitorRef, Self } from './self.ts';
import type { System } from './system.ts';

export { IGNORE } from './program.ts';
export {
  type CallName,
  type CastName,
  type CastOf,
  type InfoName,
  type InfoOf,
  type Protocol,
  protocol,
  type ReplyOf,
  type RequestOf,
} from './protocol.ts';
export {
  type CallResult,
  type NoReply,
  noreply,
  type Reply,
  type ReplyAfter,
  type Result,
  reply,
  replyAfter,
  type Stop,
  stop,
} from './result.ts';

// ── the behaviour ────────────────────────────────────────────────────────────────────────────────────────────────

/** A linked actor has died, or somebody has asked this one to exit (no `ref`). */
export interface ExitMessage {
  readonly ref: ActorRef | undefined;
  readonly reason: ExitReason;
}

/** A monitored actor has died. */
export interface DownMessage {
  readonly monitor: MonitorRef;
  readonly ref: ActorRef;
  readonly reason: ExitReason;
}

interface Core<P extends Protocol, Args, S> {
  /** Gives the first state; may be asynchronous (`initTimeoutMs`), may give `IGNORE`, may throw. */
  readonly init: (args: Args, self: Self<P>) => S | typeof IGNORE | Promise<S | typeof IGNORE>;
  readonly handleCall: {
    readonly [K in CallName<P>]: (
      request: RequestOf<P, K>,
      state: S,
      self: Self<P>,
      from: From<ReplyOf<P, K>>,
    ) => CallResult<ReplyOf<P, K>, S>;
  };
  readonly handleDown?: (down: DownMessage, state: S, self: Self<P>) => Result<S>;
  /** Only with `self.trapExit(true)`; without this handler such an exit ends the actor. */
  readonly handleExit?: (exit: ExitMessage, state: S, self: Self<P>) => Result<S>;
  /** Runs before the actor is gone, whatever the reason but a kill; a promise is waited for, `shutdownMs` at most. */
  readonly terminate?: (reason: ExitReason, state: S, self: Self<P>) => void | Promise<void>;
  /** What crash reports and `inspect` may show; default all of it. */
  readonly redact?: (state: S) => unknown;
}

type CastHandlers<P extends Protocol, S> = {
  readonly [K in CastName<P>]: (message: CastOf<P, K>, state: S, self: Self<P>) => Result<S>;
};
type InfoHandlers<P extends Protocol, S> = {
  readonly [K in InfoName<P>]: (message: InfoOf<P, K>, state: S, self: Self<P>) => Result<S>;
};

/** A handler map is wanted exactly when the protocol declares something to handle. */
export type Behaviour<P extends Protocol, Args, S> = Core<P, Args, S> &
  ([CastName<P>] extends [never] ? unknown : { readonly handleCast: CastHandlers<P, S> }) &
  ([InfoName<P>] extends [never] ? unknown : { readonly handleInfo: InfoHandlers<P, S> });

/** What a child's options say of the actor itself; the rest is its supervisor's business. */
export type StartOptions = Partial<Pick<ChildOptions, 'id' | 'initTimeoutMs' | 'mailboxLimit'>>;

export interface GenServer<P extends Protocol, Args> {
  readonly protocol: P;
  /** The actor as the child of a supervisor; `args` go to its `init` at every start. */
  childSpec(args: Args, options: ChildOptions): ChildSpec<Ref<P>>;
  /** Starts one outside any tree. Rejects `start_failed` with the reason, or `ignored`. */
  start(system: System, args: Args, options?: StartOptions): Promise<Ref<P>>;
}

/**
 * Declares an actor: what it is asked and told, and what it does then. One declaration serves any number of actors; it
 * keeps nothing itself.
 */
export function genServer<const P extends Protocol, Args, S>(
  declared: P,
  behaviour: Behaviour<P, Args, S>,
): GenServer<P, Args> {
  const program = new GenServerProgram(behaviour as unknown as AnyBehaviour);
  const begin = (system: System, args: Args, options: StartOptions, place?: Place) =>
    spawn(system, program, {
      id: options.id ?? 'actor',
      parent: place?.parent,
      seat: place?.seat,
      args,
      initTimeoutMs: options.initTimeoutMs,
      mailboxLimit: options.mailboxLimit,
    });
  return {
    protocol: declared,
    childSpec: (args, options) => ({
      id: options.id,
      type: 'worker',
      restart: options.restart ?? 'permanent',
      shutdownMs: options.shutdownMs ?? 5_000,
      significant: options.significant,
      start: (system, place) => begin(system, args, options, place),
    }),
    start: async (system, args, options = {}) => refOf(await begin(system, args, options), options),
  };
}

// ── the program ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A behaviour once its types have done their work: the compiler has checked what is given, the loop only passes it on. */
interface AnyBehaviour {
  init(args: unknown, self: Process): unknown;
  readonly handleCall: Readonly<Record<string, AnyHandler | undefined>>;
  readonly handleCast?: Readonly<Record<string, AnyHandler | undefined>>;
  readonly handleInfo?: Readonly<Record<string, AnyHandler | undefined>>;
  readonly handleDown?: AnyHandler;
  readonly handleExit?: AnyHandler;
  terminate?(reason: ExitReason, state: unknown, self: Process): void | Promise<void>;
  redact?(state: unknown): unknown;
}
type AnyHandler = (message: unknown, state: unknown, self: Process, from?: Call) => AnyResult;
type AnyResult = CallResult<unknown, unknown>;

class GenServerProgram implements Program {
  readonly kind = 'worker';
  readonly #behaviour: AnyBehaviour;

  constructor(behaviour: AnyBehaviour) {
    this.#behaviour = behaviour;
  }

  init(self: Process, args: unknown): unknown {
    return this.#behaviour.init(args, self);
  }

  receive(self: Process, message: Message): void {
    switch (message.kind) {
      case 'call':
        return this.#call(self, message as Call);
      case 'cast':
        return this.#tell(self, message, this.#behaviour.handleCast?.[message.name]);
      case 'info':
        return this.#tell(self, message, this.#behaviour.handleInfo?.[message.name]);
      case 'down':
        if (!(message.payload as Down).monitor.active) return;
        return this.#tell(self, message, this.#behaviour.handleDown ?? unhandled);
      case 'exit':
        return this.#exit(self, message);
      case 'run':
        throw new TypeError('work is done by the process itself');
    }
  }

  terminate(self: Process, reason: ExitReason): void | Promise<void> {
    return this.#behaviour.terminate?.(reason, self.state, self);
  }

  /** What a late init opened is closed the way it would have been. */
  discard(self: Process, lateState: unknown): void | Promise<void> {
    return this.#behaviour.terminate?.('shutdown', lateState, self);
  }

  redact(self: Process): unknown {
    return this.#behaviour.redact === undefined ? self.state : this.#behaviour.redact(self.state);
  }

  #call(self: Process, call: Call): void {
    const handler = this.#behaviour.handleCall[call.name];
    if (handler === undefined) {
      return call.fail(new OtpError('unknown_call', `${self.label} knows no call ${call.name}`));
    }
    this.#answer(self, call, handler(call.payload, self.state, self, call));
  }

  #answer(self: Process, call: Call, result: AnyResult): void {
    switch (result?.do) {
      case 'reply':
        self.state = result.state;
        return call.reply(result.reply);
      case 'noreply':
        self.state = result.state;
        return call.owe();
      case 'replyAfter':
        return this.#answerAfter(self, call, result);
      case 'stop':
        self.state = result.state;
        if (result.answer !== undefined) call.reply(result.answer.reply);
        else call.owe();
        return self.end(result.reason);
      default:
        throw badReturn(call, result);
    }
  }

  #answerAfter(self: Process, call: Call, { promise, resume }: ReplyAfter<unknown, unknown>): void {
    call.owe();
    promise.then(
      (value) => self.later(call.name, () => this.#answer(self, call, resume(self.state, value))),
      (error) => self.later(call.name, () => self.end({ crashed: error })),
    );
  }

  #tell(self: Process, message: Message, handler: AnyHandler | undefined): void {
    if (handler === undefined)
      throw new TypeError(`nobody handles the ${message.kind} ${message.name}`);
    const result = handler(message.payload, self.state, self);
    if (result?.do !== 'noreply' && result?.do !== 'stop') throw badReturn(message, result);
    self.state = result.state;
    if (result.do === 'stop') self.end(result.reason);
  }

  #exit(self: Process, message: Message): void {
    const { from, reason } = message.payload as Exit;
    const handler = this.#behaviour.handleExit;
    if (from !== undefined && from === self.parent) return self.end(reason);
    if (handler === undefined) return reason === 'normal' ? undefined : self.end(reason);
    this.#tell(self, message, (_, state) => handler({ ref: from, reason }, state, self));
  }
}

const unhandled: AnyHandler = (_, state) => noreply(state);

const badReturn = (message: Message, result: unknown): TypeError =>
  new TypeError(`bad return from the handler of ${message.kind} ${message.name}: ${typeof result}`);

function refOf<P extends Protocol>(result: StartResult, { id = 'actor' }: StartOptions): Ref<P> {
  switch (result.kind) {
    case 'started':
      return result.process as unknown as Ref<P>;
    case 'ignored':
      throw new OtpError('ignored', `${id} is not wanted`);
    case 'failed':
      throw new OtpError('start_failed', `${id} did not start`, { reason: result.reason });
  }
}
