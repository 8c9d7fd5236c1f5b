/**
 * What a layer gives the core: how a process begins, what it does with a message, how it ends. One program object
 * serves all its processes; what differs between them is in `process.state`.
 */
import type { ExitReason } from './exit-reason.ts';
import type { Message } from './message.ts';
import type { Process } from './process.ts';

export interface Program {
  readonly kind: 'worker' | 'supervisor';
  /** Gives the first state, `IGNORE` or a `Refusal`, or a promise of it; a throw or a rejection is a failed start. */
  init(process: Process, args: unknown): unknown;
  /** Handles one message; a throw is a crash, a promise makes the mailbox wait. */
  receive(process: Process, message: Message): void | Promise<void>;
  /** Says goodbye, on every way out of a started process but a kill. */
  terminate(process: Process, reason: ExitReason): void | Promise<void>;
  /** Closes what `init` opened when its state comes after the process is dead. */
  discard?(process: Process, lateState: unknown): void | Promise<void>;
  /** What outsiders may see of the state. */
  redact(process: Process): unknown;
  /** Asks an asynchronous `init` or `receive` to end soon; exit signals wait for that. Without it they wait for nothing. */
  interrupt?(process: Process): void;
  /** The children in order, for those who look in. */
  seats?(process: Process): Iterable<Seat>;
}

/** What a supervisor remembers of a child, alive or not. */
export interface Seat {
  readonly id: string;
  readonly kind: 'worker' | 'supervisor';
  readonly shutdownMs: Shutdown;
  readonly status: 'starting' | 'running' | 'restarting' | 'parked' | 'ignored' | 'stopped';
  readonly process: Process | undefined;
  /** Times that it was started again after it had ended. */
  readonly restarts: number;
  readonly lastCrash: ExitReason | undefined;
  /** A process begins here. */
  occupy(process: Process): void;
  /** What became of its beginning; told in the same step, before anything else can happen to it. */
  settle(result: StartResult): void;
}

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

export type StartResult =
  | { readonly kind: 'started'; readonly process: Process }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'failed'; readonly reason: ExitReason };
