/** What a dynamic supervisor is told when it is declared, and how others hold it. */
import type { ChildSpec, Restart } from './child-spec.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Name } from './name.ts';
import type { Slot } from './process.ts';
import type { Shutdown } from './program.ts';
import type { ActorRef } from './ref.ts';

/** How long a child waits for its next start: `firstMs` after the first crash in its window, then `factor` times more. */
export interface Backoff {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

export interface DynamicOptions<
  Key,
  R extends ActorRef = ActorRef,
  Args extends readonly unknown[] = [],
> {
  readonly id: string;
  readonly name?: Name<DynamicRef<Key, R, Args>>;
  /** Default `permanent`. */
  readonly restart?: Restart;
  /** Default `infinity`: its children have bounds of their own. */
  readonly shutdownMs?: Shutdown;
  /** Children that may be alive or waiting for a restart at one time. */
  readonly maxChildren: number;
  /** Restarts of one child within `maxSeconds`; one more parks it. Default 3. */
  readonly maxRestarts?: number;
  /** Default 5. */
  readonly maxSeconds?: number;
  /** Default: 10 ms, doubling, at most 1 s. */
  readonly backoff?: Backoff;
  /** Asked for once per child: what it makes of `args` holds for every restart. */
  readonly child: (key: Key, ...args: Args) => ChildSpec<R>;
  readonly onPark?: (key: Key, reason: ExitReason) => void;
}

export interface DynamicChild<Key, R extends ActorRef> {
  readonly key: Key;
  readonly status: Slot['status'];
  readonly ref: R | undefined;
  readonly restarts: number;
  readonly lastCrash: ExitReason | undefined;
}

/** How others hold a dynamic supervisor. */
export interface DynamicRef<
  Key,
  R extends ActorRef = ActorRef,
  Args extends readonly unknown[] = [],
> {
  /** Of the supervisor itself. */
  readonly ref: ActorRef;
  /** Children that are not parked. */
  readonly size: number;
  /**
   * The running child, or the one that this starts; waits for one that is starting or about to be restarted. A parked
   * child gets another chance, with its crashes still counted. Rejects `start_failed`, `parked`, `ignored`,
   * `max_children`, `noproc`. `args` count only for a child that was not there.
   */
  ensure(key: Key, ...args: Args): Promise<R>;
  /** Starts a child that is not there, or parked. Rejects `already_started`, with its `ref` if it is running, or as `ensure`. */
  start(key: Key, ...args: Args): Promise<R>;
  /** The running child. */
  find(key: Key): R | undefined;
  /** Stops the child and forgets it, parked or not; resolves when it is gone. */
  stop(key: Key, reason?: ExitReason): Promise<void>;
  children(): readonly DynamicChild<Key, R>[];
}
