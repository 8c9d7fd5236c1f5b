/** What a supervisor needs to know of a child: its id, how it starts, when it is restarted, how it ends. */
import type { Process, Slot, StartResult } from './process.ts';
import type { Shutdown } from './program.ts';
import type { ActorRef } from './ref.ts';
import type { System } from './system.ts';

/** `transient`: restarted unless it ended as wished (`normal`, `shutdown`); `temporary`: never. */
export type Restart = 'permanent' | 'transient' | 'temporary';

/**
 * Whether a supervisor ends when significant children have: `any_significant` with the first, `all_significant` with the
 * last one. It counts that they end by themselves, for good: not what their supervisor stops or restarts.
 */
export type AutoShutdown = 'never' | 'any_significant' | 'all_significant';

/** Where a child starts: under which supervisor (the root has none), in which slot. */
export interface Place {
  readonly parent: Process | undefined;
  readonly slot: Slot;
}

declare const starts: unique symbol;

/** `R` is the type of the child's ref, for callers that start it by key. */
export interface ChildSpec<R extends ActorRef = ActorRef> {
  readonly [starts]?: R;
  /** Unique among its siblings. */
  readonly id: string;
  readonly type: 'worker' | 'supervisor';
  /** Default `permanent`. */
  readonly restart: Restart;
  /** How long it may take to end, in milliseconds. Default 5,000 for workers, `infinity` for supervisors. */
  readonly shutdownMs: Shutdown;
  /** Its end may end its supervisor (`autoShutdown`); never a permanent one's. Default false. */
  readonly significant?: boolean | undefined;
  start(system: System, place: Place): StartResult | Promise<StartResult>;
}

export interface ChildOptions {
  /** Unique among its siblings. */
  readonly id: string;
  /** Default `permanent`. */
  readonly restart?: Restart;
  /** How long `terminate` may take, in milliseconds. Default 5,000. */
  readonly shutdownMs?: Shutdown;
  /** Its end may end its supervisor (`autoShutdown`). Default false. */
  readonly significant?: boolean;
  /** How long an asynchronous `init` may take, in milliseconds. Default 60,000. */
  readonly initTimeoutMs?: number;
  /** Calls and casts that may wait in the mailbox; default 1,000. */
  readonly mailboxLimit?: number;
}
