/**
 * Watching one actor at work: each message before and after it is handled, with the state that came of it. During a
 * trace a wrapper stands in the place of the actor's program; so an actor without a trace pays nothing.
 */
import type { ExitReason } from './exit-reason.ts';
import { guard } from './guard.ts';
import type { Message } from './message.ts';
import type { Process, Program, Slot, Work } from './process.ts';
import type { MessageView } from './report.ts';
import { unwatch, type Watch, watch } from './ties.ts';
import { redactedState, viewOf } from './views.ts';

interface Traced {
  readonly actor: string;
  readonly id: number;
  /** Epoch ms. */
  readonly at: number;
}

type Step =
  /** It is about to be handled; `waiting` is how many are behind it. */
  | { readonly kind: 'received'; readonly message: MessageView; readonly waiting: number }
  | {
      readonly kind: 'handled';
      readonly message: MessageView;
      readonly tookMs: number;
      /** What came of it, as the behaviour's `redact` shows it. */
      readonly state: unknown;
    }
  | { readonly kind: 'threw'; readonly message: MessageView; readonly error: unknown }
  | { readonly kind: 'exited'; readonly reason: ExitReason };

export type TraceEvent = Traced & Step;

export type TraceListener = (event: TraceEvent) => void;

/** Calls `listener` with what `process` does from now on; returns a function that ends that. */
export function trace(process: Process, listener: TraceListener): () => void {
  const tracing =
    process.program instanceof TracingProgram
      ? process.program
      : new TracingProgram(process, process.program);
  return tracing.add(listener);
}

class TracingProgram implements Program {
  readonly #process: Process;
  readonly #inner: Program;
  readonly #listeners = new Set<TraceListener>();
  readonly #watch: Watch;
  /** Absent where the program has none: that makes a difference to the core. */
  readonly interrupt: Program['interrupt'];

  constructor(process: Process, inner: Program) {
    this.#process = process;
    this.#inner = inner;
    this.interrupt = inner.interrupt && ((self) => inner.interrupt?.(self));
    process.program = this;
    this.#watch = watch(process, (reason) => this.#tell({ kind: 'exited', reason }));
  }

  add(listener: TraceListener): () => void {
    const own: TraceListener = (event) => listener(event);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size > 0) return;
      this.#process.program = this.#inner;
      unwatch(this.#watch);
    };
  }

  get kind(): 'worker' | 'supervisor' {
    return this.#inner.kind;
  }

  get strategy(): string | undefined {
    return this.#inner.strategy;
  }

  get takesOrders(): boolean | undefined {
    return this.#inner.takesOrders;
  }

  init(process: Process, args: unknown): unknown {
    return this.#inner.init(process, args);
  }

  receive(process: Process, message: Message): void | Promise<void> {
    return this.#observed(message, () => this.#inner.receive(process, message));
  }

  work(_process: Process, message: Message, work: Work): void | Promise<void> {
    return this.#observed(message, work);
  }

  terminate(process: Process, reason: ExitReason): void | Promise<void> {
    return this.#inner.terminate(process, reason);
  }

  discard(process: Process, lateState: unknown): void | Promise<void> {
    return this.#inner.discard?.(process, lateState);
  }

  redact(process: Process): unknown {
    return this.#inner.redact(process);
  }

  redactMessage(process: Process, message: Message): unknown {
    const inner = this.#inner;
    return inner.redactMessage === undefined
      ? message.payload
      : inner.redactMessage(process, message);
  }

  slots(process: Process): Iterable<Slot> {
    return this.#inner.slots?.(process) ?? [];
  }

  #observed(message: Message, step: () => void | Promise<void>): void | Promise<void> {
    const view = viewOf(this.#process, message);
    if (view === undefined) return step();
    const sinceMs = this.#process.host.clock.monotonic();
    const done = () => this.#handled(view, sinceMs);
    this.#tell({ kind: 'received', message: view, waiting: this.#process.mailbox.size });
    try {
      const pending = step();
      if (pending === undefined) done();
      else return pending.then(done, (error) => this.#threw(view, error));
    } catch (error) {
      this.#threw(view, error);
    }
  }

  #handled(message: MessageView, sinceMs: number): void {
    const process = this.#process;
    const tookMs = process.host.clock.monotonic() - sinceMs;
    this.#tell({ kind: 'handled', message, tookMs, state: redactedState(process) });
  }

  #threw(message: MessageView, error: unknown): never {
    this.#tell({ kind: 'threw', message, error });
    throw error;
  }

  #tell(step: Step): void {
    const { id, label, host } = this.#process;
    const told: TraceEvent = { actor: label, id, at: host.clock.now(), ...step };
    for (const listener of this.#listeners)
      void guard(this.#process, 'a trace listener', () => listener(told));
  }
}
