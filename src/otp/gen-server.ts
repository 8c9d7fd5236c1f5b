/**
 * The behaviour that most actors have: a state, and a handler per message that returns what to do next. Handlers are
 * synchronous and return; the loop acts. The state changes only by what a handler returns, so one that throws leaves
 * no half-made change behind; it crashes its actor, and the supervisor does its work.
 */
import { spawn } from './actor.ts';
import { checkLimit } from './check-children.ts';
import type { ChildOptions, ChildSpec, Place } from './child-spec.ts';
import { crashOf, type ExitReason } from './exit-reason.ts';
import { type AnyBehaviour, GenServerProgram } from './gen-server-program.ts';
import type { From } from './message.ts';
import type { Name } from './name.ts';
import { OtpError } from './otp-error.ts';
import type { ProcessOptions, Program, StartResult } from './process.ts';
import type { IGNORE } from './program.ts';
import type {
  CallName,
  CastName,
  CastOf,
  ContinueName,
  ContinueOf,
  InfoName,
  InfoOf,
  Protocol,
  ReplyOf,
  RequestOf,
} from './protocol.ts';
import type { ActorRef, Ref } from './ref.ts';
import type { MessageView } from './report.ts';
import type { CallResult, Result } from './result.ts';
import type { MonitorRef, Self } from './self.ts';
import type { System } from './system.ts';

export { IGNORE } from './program.ts';
export {
  type CallName,
  type CastName,
  type CastOf,
  type ContinueName,
  type ContinueOf,
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

/** A linked actor has died, or this one was asked to exit (no `ref`). */
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
  /** No message has come for as long as `self.idleAfter` said. */
  readonly handleIdle?: (state: S, self: Self<P>) => Result<S>;
  readonly handleDown?: (down: DownMessage, state: S, self: Self<P>) => Result<S>;
  /** Only with `self.trapExit(true)`; without this handler such an exit ends the actor. */
  readonly handleExit?: (exit: ExitMessage, state: S, self: Self<P>) => Result<S>;
  /** Runs before the actor is gone, whatever the reason but a kill; a promise is waited for, `shutdownMs` at most. */
  readonly terminate?: (reason: ExitReason, state: S, self: Self<P>) => void | Promise<void>;
  /** What crash reports and `inspect` may show; default all of it. */
  readonly redact?: (state: S) => unknown;
  /** The same for what a message carries: what it gives is shown in the place of `payload`. */
  readonly redactMessage?: (message: MessageView, state: S) => unknown;
}

type CastHandlers<P extends Protocol, S> = {
  readonly [K in CastName<P>]: (message: CastOf<P, K>, state: S, self: Self<P>) => Result<S>;
};
type InfoHandlers<P extends Protocol, S> = {
  readonly [K in InfoName<P>]: (message: InfoOf<P, K>, state: S, self: Self<P>) => Result<S>;
};

type ContinueHandlers<P extends Protocol, S> = {
  readonly [K in ContinueName<P>]: (
    message: ContinueOf<P, K>,
    state: S,
    self: Self<P>,
  ) => Result<S>;
};

/** A handler map is wanted exactly when the protocol declares something to handle. */
export type Behaviour<P extends Protocol, Args, S> = Core<P, Args, S> &
  ([CastName<P>] extends [never] ? unknown : { readonly handleCast: CastHandlers<P, S> }) &
  ([InfoName<P>] extends [never] ? unknown : { readonly handleInfo: InfoHandlers<P, S> }) &
  ([ContinueName<P>] extends [never]
    ? unknown
    : { readonly handleContinue: ContinueHandlers<P, S> });

export interface NamedOptions<P extends Protocol> extends ChildOptions {
  /** Where its ref is found from before its `init` until it is dead. A name that is taken is a failed start. */
  readonly name?: Name<Ref<P>>;
}

/** What a child's options say of the actor itself; the rest is its supervisor's business. */
export type StartOptions<P extends Protocol> = Partial<
  Pick<NamedOptions<P>, 'id' | 'name' | 'initTimeoutMs' | 'mailboxLimit'>
>;

export interface GenServer<P extends Protocol, Args> {
  readonly protocol: P;
  /** The actor as the child of a supervisor; `args` go to its `init` at every start. */
  childSpec(args: Args, options: NamedOptions<P>): ChildSpec<Ref<P>>;
  /** Starts one outside any tree. Rejects `start_failed` with the reason, `ignored`, or `already_started` with the `ref`. */
  start(system: System, args: Args, options?: StartOptions<P>): Promise<Ref<P>>;
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
  return {
    protocol: declared,
    childSpec: (args, options) => {
      checkMailbox(options);
      return {
        id: options.id,
        type: 'worker',
        restart: options.restart ?? 'permanent',
        shutdownMs: options.shutdownMs ?? 5_000,
        significant: options.significant,
        program,
        args,
        initTimeoutMs: options.initTimeoutMs,
        mailboxLimit: options.mailboxLimit,
        registeredAs: options.name?.key,
        start: startActor,
      };
    },
    start: async (system, args, options = {}) => {
      checkMailbox(options);
      const { id = 'actor', initTimeoutMs, mailboxLimit, name } = options;
      const given = { id, args, initTimeoutMs, mailboxLimit, registeredAs: name?.key };
      return refOf(await spawn(system, program, given), id);
    },
  };
}

/** All specifications share one `start`, which finds the rest beside it: thousands of children have one each. */
interface ActorSpec extends ProcessOptions {
  readonly program: Program;
}

function startActor(
  this: ActorSpec,
  system: System,
  { parent, slot }: Place,
): StartResult | Promise<StartResult> {
  const { id, args, initTimeoutMs, mailboxLimit, registeredAs } = this;
  const options = { id, parent, slot, args, initTimeoutMs, mailboxLimit, registeredAs };
  return spawn(system, this.program, options);
}

const checkMailbox = ({ mailboxLimit = 1 }: { readonly mailboxLimit?: number }): void =>
  checkLimit('mailboxLimit', mailboxLimit);

function refOf<P extends Protocol>(result: StartResult, id: string): Ref<P> {
  switch (result.kind) {
    case 'started':
      return result.process as unknown as Ref<P>;
    case 'ignored':
      throw new OtpError('ignored', `${id} is not wanted`);
    case 'failed':
      throw (
        takenName(result.reason) ??
        new OtpError('start_failed', `${id} did not start`, { reason: result.reason })
      );
  }
}

/** Said as it is: who asks for a name wants to know who has it. */
function takenName(reason: ExitReason): OtpError | undefined {
  const thrown = crashOf(reason)?.crashed;
  return thrown instanceof OtpError && thrown.code === 'already_started' ? thrown : undefined;
}
