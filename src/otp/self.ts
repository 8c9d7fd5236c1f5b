/** What an actor can do, handed to its `init` and its handlers. After its death all of it does nothing, or throws `noproc`. */
import type { Timer } from './clock.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Name } from './name.ts';
import type {
  Argument,
  ContinueName,
  ContinueOf,
  Info,
  InfoName,
  InfoOf,
  Protocol,
} from './protocol.ts';
import type { ActorRef, Ref } from './ref.ts';
import type { System } from './system.ts';
import type { Release } from './ties.ts';

/** One monitor; the same one is in the DOWN that it leads to. */
export interface MonitorRef {
  readonly ref: ActorRef;
}

export interface Self<P extends Protocol> {
  readonly ref: Ref<P>;
  readonly system: System;

  /**
   * Has `handleContinue` run next: after the `init` or the handler that says so, before anything that is in the mailbox.
   * Several run in the order in which they were asked for.
   */
  continue<K extends ContinueName<P>>(step: K, ...message: Argument<ContinueOf<P, K>>): void;
  /** Has `handleIdle` run if no message comes within `delayMs`. The next message cancels it, the next `idleAfter` replaces it. */
  idleAfter(delayMs: number): void;
  /** An info to itself, after what is in the mailbox already. */
  send<K extends InfoName<P>>(info: K, ...message: Argument<InfoOf<P, K>>): void;
  sendAfter<K extends InfoName<P>>(
    delayMs: number,
    info: K,
    ...message: Argument<InfoOf<P, K>>
  ): Timer;
  /** Every `intervalMs`, first after one interval; one that is late shifts those after it. */
  sendEvery<K extends InfoName<P>>(
    intervalMs: number,
    info: K,
    ...message: Argument<InfoOf<P, K>>
  ): Timer;
  /** The outcome of a promise comes back as an info. A mapping that throws crashes the actor. */
  pipe<T>(
    promise: PromiseLike<T>,
    fulfilled: (value: T) => Info<P>,
    rejected: (error: unknown) => Info<P>,
  ): void;

  /** Gives `value` a name for as long as this actor lives. Throws `already_registered`. */
  register<T>(name: Name<T>, value: T): void;
  unregister(name: Name<unknown>): void;

  /** One `handleDown` when `ref` dies; at once, with `noproc`, if it is dead already. */
  monitor(ref: ActorRef): MonitorRef;
  /** Also removes a DOWN that is in the mailbox already. */
  demonitor(monitor: MonitorRef): void;
  /** If one of the two dies abnormally, the other one dies too, unless it traps exits. */
  link(ref: ActorRef): void;
  unlink(ref: ActorRef): void;
  /** With true, exits of linked actors arrive at `handleExit`. A supervisor's order to stop is obeyed either way. */
  trapExit(on: boolean): void;

  /** Has `release` run when the actor dies, however it dies: latest first, after `terminate`; a promise is waited for (5 s). */
  own(release: Release): void;
  /** Ends the actor soon, as if it had signalled itself: for callbacks of foreign libraries, outside handlers. */
  exit(reason: ExitReason): void;
}
