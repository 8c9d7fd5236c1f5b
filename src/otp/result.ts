/** What handlers return: what to answer, the new state, whether to go on. The loop carries it out. */
import type { ExitReason } from './exit-reason.ts';

export interface Reply<R, S> {
  readonly do: 'reply';
  readonly state: S;
  readonly reply: R;
}
export interface NoReply<S> {
  readonly do: 'noreply';
  readonly state: S;
}
export interface Stop<S, R = never> {
  readonly do: 'stop';
  readonly state: S;
  readonly reason: ExitReason;
  readonly answer: { readonly reply: R } | undefined;
}
export interface ReplyAfter<R, S> {
  readonly do: 'replyAfter';
  readonly promise: Promise<unknown>;
  readonly resume: (state: S, value: unknown) => Reply<R, S> | NoReply<S> | Stop<S, R>;
}

/** Answers the caller and goes on with `state`. */
export const reply = <R, S>(reply: R, state: S): Reply<R, S> => ({ do: 'reply', state, reply });

/** Goes on with `state`; in a call, the answer comes later through `from`. */
export const noreply = <S>(state: S): NoReply<S> => ({ do: 'noreply', state });

/** Ends the actor after this message; in a call, a third argument is the answer that the caller still gets. */
export const stop = <S, R = never>(
  reason: ExitReason,
  state: S,
  ...answer: [] | [reply: R]
): Stop<S, R> => ({
  do: 'stop',
  state,
  reason,
  answer: answer.length === 0 ? undefined : { reply: answer[0] },
});

/**
 * Answers when `promise` is fulfilled, without blocking the mailbox: `resume` gets the state of that moment and gives the
 * new one. Until then the state is what it was before the call. A rejected promise crashes the actor with its error.
 */
export const replyAfter = <R, S, T>(
  promise: Promise<T>,
  resume: (state: S, value: T) => Reply<R, S> | NoReply<S> | Stop<S, R>,
): ReplyAfter<R, S> => ({
  do: 'replyAfter',
  promise,
  resume: resume as ReplyAfter<R, S>['resume'],
});

export type CallResult<R, S> = Reply<R, S> | ReplyAfter<R, S> | NoReply<S> | Stop<S, R>;
export type Result<S> = NoReply<S> | Stop<S>;
