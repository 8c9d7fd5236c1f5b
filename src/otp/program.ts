/**
 * What a layer (gen-server, supervisors, tasks) gives the core: how a process begins, what it does with a message, how
 * it ends. One program object serves all its processes; what differs between them is in the process's `state`.
 * `P` is the process: the core fills it in, so that this file needs to know nothing of it.
 */
import type { ExitReason } from './exit-reason.ts';
import type { Message } from './message.ts';

export interface ProgramFor<P> {
  readonly kind: 'worker' | 'supervisor';
  /** How a supervisor restarts; for drawings of the tree. */
  readonly strategy?: string | undefined;
  /** It has a list of children that can be changed from outside. */
  readonly takesOrders?: boolean | undefined;
  /** Gives the first state, `IGNORE` or a `Refusal`, or a promise of it; a throw or a rejection is a failed start. */
  init(process: P, args: unknown): unknown;
  /** Handles one message; a throw is a crash, a promise makes the mailbox wait. */
  receive(process: P, message: Message): void | Promise<void>;
  /** Runs on every way out of a started process but a kill. A throw is a crash. */
  terminate(process: P, reason: ExitReason): void | Promise<void>;
  /** Closes what `init` opened when its state comes after the process is dead. */
  discard?(process: P, lateState: unknown): void | Promise<void>;
  /** What outsiders may see of the state. */
  redact(process: P): unknown;
  /** What outsiders may see of a message's payload. Default all of it. */
  redactMessage?(process: P, message: Message): unknown;
  /**
   * Asks an asynchronous `init` or `receive` to end soon: exit signals wait until it has. A program without this is not
   * asked; they cut its `init` short.
   */
  readonly interrupt?: ((process: P) => void) | undefined;
  /** Does work that came as a message; a trace wraps it. Default: does it. */
  work?(process: P, message: Message, work: () => void | Promise<void>): void | Promise<void>;
  /** The children in order, for inspection. */
  slots?(process: P): Iterable<SlotFor<P>>;
}

/** What a supervisor remembers of a child, alive or not. */
export interface SlotFor<P> {
  readonly id: string;
  readonly kind: 'worker' | 'supervisor';
  readonly shutdownMs: Shutdown;
  readonly status: SlotStatus;
  readonly process: P | undefined;
  /** Times that it was started again after it had ended. */
  readonly restarts: number;
  readonly lastCrash: ExitReason | undefined;
  /** A process begins here. */
  occupy(process: P): void;
  /** The outcome of its beginning, in the same step, before anything else can happen to it. */
  settle(result: StartResultFor<P>): void;
  /** The process is dead and every watcher has its notice. */
  left(process: P): void;
}

export type SlotStatus =
  | 'starting'
  | 'running'
  /** waits for its next start after a crash, or is starting again */
  | 'restarting'
  /** on its way out, by order of its supervisor */
  | 'stopping'
  /** out of its restart budget */
  | 'parked'
  /** not wanted, by its own `init` */
  | 'ignored'
  | 'stopped';

/** How long a child may take to end before it is killed; `brutal_kill` does not ask first. */
export type Shutdown = number | 'infinity' | 'brutal_kill';

/** What `init` returns when the child is not wanted: it stays in the list, without a process. */
export const IGNORE: unique symbol = Symbol('ignore');

/** What `init` of a layer returns when it will not start, with a reason that is no crash of its own. */
export class Refusal {
  readonly reason: ExitReason;

  constructor(reason: ExitReason) {
    this.reason = reason;
  }
}

export type StartResultFor<P> =
  | { readonly kind: 'started'; readonly process: P }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'failed'; readonly reason: ExitReason };
