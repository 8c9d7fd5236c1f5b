/**
 * What an actor with a behaviour does with its messages: it finds the handler, and carries out what that returns. The
 * state changes in one place only, after the handler has come back.
 */
import type { Down } from './actor.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Call, Message } from './message.ts';
import { OtpError } from './otp-error.ts';
import type { Exit, Process, Program } from './process.ts';
import type { MessageView } from './report.ts';
import { type CallResult, noreply, type ReplyAfter } from './result.ts';

/** A behaviour once its types have done their work: the compiler has checked what is given, the loop only passes it on. */
export interface AnyBehaviour {
  init(args: unknown, self: Process): unknown;
  readonly handleCall: Readonly<Record<string, AnyHandler | undefined>>;
  readonly handleCast?: Readonly<Record<string, AnyHandler | undefined>>;
  readonly handleInfo?: Readonly<Record<string, AnyHandler | undefined>>;
  readonly handleContinue?: Readonly<Record<string, AnyHandler | undefined>>;
  readonly handleIdle?: (state: unknown, self: Process) => AnyResult;
  readonly handleDown?: AnyHandler;
  readonly handleExit?: AnyHandler;
  terminate?(reason: ExitReason, state: unknown, self: Process): void | Promise<void>;
  redact?(state: unknown): unknown;
  redactMessage?(message: MessageView, state: unknown): unknown;
}
type AnyHandler = (message: unknown, state: unknown, self: Process, from?: Call) => AnyResult;
type AnyResult = CallResult<unknown, unknown>;

/** By name. A name may come from outside: a plain object would answer `toString` with its prototype's. */
type Handlers = ReadonlyMap<string, AnyHandler>;

const handlersOf = (declared: Readonly<Record<string, AnyHandler | undefined>> = {}): Handlers =>
  new Map(Object.entries(declared).flatMap(([name, found]) => (found ? [[name, found]] : [])));

export class GenServerProgram implements Program {
  readonly kind = 'worker';
  readonly #behaviour: AnyBehaviour;
  readonly #calls: Handlers;
  readonly #casts: Handlers;
  readonly #infos: Handlers;
  readonly #continues: Handlers;

  constructor(behaviour: AnyBehaviour) {
    this.#behaviour = behaviour;
    this.#calls = handlersOf(behaviour.handleCall);
    this.#casts = handlersOf(behaviour.handleCast);
    this.#infos = handlersOf(behaviour.handleInfo);
    this.#continues = handlersOf(behaviour.handleContinue);
  }

  init(self: Process, args: unknown): unknown {
    return this.#behaviour.init(args, self);
  }

  receive(self: Process, message: Message): void {
    if (self.idle !== undefined) stopIdling(self, message);
    switch (message.kind) {
      case 'call':
        return this.#call(self, message as Call);
      case 'cast':
        return this.#tell(self, message, this.#casts.get(message.name));
      case 'info':
        return this.#tell(self, message, this.#infos.get(message.name));
      case 'continue':
        return this.#tell(self, message, this.#continues.get(message.name));
      case 'idle':
        return this.#idle(self, message);
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

  redactMessage(self: Process, { kind, name, payload }: Message): unknown {
    const { redactMessage } = this.#behaviour;
    return redactMessage === undefined
      ? payload
      : redactMessage({ kind, name, payload }, self.state);
  }

  #call(self: Process, call: Call): void {
    const handler = this.#calls.get(call.name);
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

  #idle(self: Process, message: Message): void {
    const handler = this.#behaviour.handleIdle;
    return this.#tell(self, message, handler && ((_, state) => handler(state, self)));
  }

  #exit(self: Process, message: Message): void {
    const { from, reason } = message.payload as Exit;
    const handler = this.#behaviour.handleExit;
    if (from !== undefined && from === self.parent) return self.end(reason);
    if (handler === undefined) return reason === 'normal' ? undefined : self.end(reason);
    this.#tell(self, message, (_, state) => handler({ ref: from, reason }, state, self));
  }
}

/** What a handler left to be done is no message that has come. */
function stopIdling(self: Process, { kind }: Message): void {
  if (kind === 'continue') return;
  self.idle?.cancel();
  self.idle = undefined;
}

const unhandled: AnyHandler = (_, state) => noreply(state);

const badReturn = (message: Message, result: unknown): TypeError =>
  new TypeError(`bad return from the handler of ${message.kind} ${message.name}: ${typeof result}`);
