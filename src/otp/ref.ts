/** How others hold an actor: what they may read, call and cast. */
import type {
  Argument,
  CallName,
  CastName,
  CastOf,
  Protocol,
  ReplyOf,
  RequestOf,
} from './protocol.ts';

/** An actor of any protocol: enough to watch it, link to it, look into it or end it. */
export interface ActorRef {
  readonly id: number;
  /** The path from the root of the tree, for people. */
  readonly label: string;
  /** False from the moment that its end is certain. A restarted actor is another one, with another ref. */
  readonly alive: boolean;
}

export interface CallOptions {
  /** In milliseconds; default 5,000, counted from when the caller yields to the event loop. `Infinity` waits as long as the actor lives. */
  readonly timeoutMs?: number;
  /** Before a full mailbox: `refuse` (the default) rejects with `mailbox_full`, `wait` waits for room, within the time. */
  readonly whenFull?: 'refuse' | 'wait';
}

declare const speaks: unique symbol;

export interface Ref<P extends Protocol> extends ActorRef {
  /** For the compiler only: the ref of one protocol is not that of another. */
  readonly [speaks]?: (protocol: P) => P;

  /**
   * Asks, and waits for the answer. Rejects with an `OtpError`: `timeout` (a later reply is dropped, and a request
   * whose time was up before its turn came is not carried out), `noproc`, `mailbox_full` with `retryAfterMs`,
   * `callee_died` with the `reason`, `calling_self`; or with whatever error the handler answered.
   */
  call<K extends CallName<P>>(
    name: K,
    ...request: Argument<RequestOf<P, K>, [options?: CallOptions]>
  ): Promise<ReplyOf<P, K>>;

  /** Sends a cast and does not wait; nothing happens if the actor is dead. Throws `mailbox_full` if there is no room. */
  cast<K extends CastName<P>>(name: K, ...message: Argument<CastOf<P, K>>): void;

  /**
   * Sends a cast, and waits until there is room in the mailbox; nothing happens if the actor is dead. Rejects `timeout` if there is none
   * in time, `mailbox_full` if as many wait for room as the mailbox holds.
   */
  castOrWait<K extends CastName<P>>(
    name: K,
    ...message: Argument<CastOf<P, K>, [options?: Pick<CallOptions, 'timeoutMs'>]>
  ): Promise<void>;
}
