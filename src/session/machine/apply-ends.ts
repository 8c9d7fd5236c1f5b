/** How a session ends as a whole, and begins again: `complete`, `terminate`, `reopen`, and the end of one that nothing comes to. */
import { idleEndMs } from '../../model/due.ts';
import { GreenroomError } from '../../model/errors.ts';
import { hasUnfinished, unfinishedTurns } from '../../model/unfinished.ts';
import { hasEnded } from '../../model/words.ts';
import { disownCalls } from './apply-tools.ts';
import type { Draft } from './draft.ts';
import type { InputOf } from './input.ts';
import { cancelRun, closeTurn, endAs } from './next-turn.ts';

/** Throws `invalid_state` while a turn is open: it would have to be cut off, which is what `terminate` does. */
export const complete = (draft: Draft, { by }: InputOf<'complete'>): void => {
  mustNotHaveEnded(draft);
  if (hasUnfinished(draft.head))
    throw new GreenroomError('invalid_state', 'a turn is open: cancel it first, or terminate');
  endAs(draft, 'completed', by);
  draft.answer = { type: 'session' };
};

/** What runs is told to stop, and what becomes of it is not awaited. */
export const terminate = (draft: Draft, { reason, by }: InputOf<'terminate'>): void => {
  mustNotHaveEnded(draft);
  const error = { code: 'terminated', message: 'the session was terminated', retryable: false };
  for (const turn of unfinishedTurns(draft.head)) {
    cancelRun(draft, turn);
    disownCalls(draft, turn);
    closeTurn(draft, turn, { status: 'cancelled', stopReason: null, error, text: '' });
  }
  endAs(draft, 'terminated', by, reason === undefined ? undefined : { reason });
  draft.answer = { type: 'session' };
};

/** Throws `invalid_state` where the session has not ended. */
export const reopen = (draft: Draft, { by }: InputOf<'reopen'>): void => {
  const { status } = draft.head;
  if (!hasEnded(draft.head))
    throw new GreenroomError('invalid_state', `the session is ${status}: it has not ended`);
  draft.patch({ status: 'idle', completedAtMs: undefined });
  draft.audit('reopened', by, { was: status });
  draft.answer = { type: 'session' };
};

/** Nothing has come to it for as long as it waits. */
export const endIdle = (draft: Draft): void => {
  const dueMs = idleEndMs(draft.head);
  if (dueMs !== undefined && dueMs <= draft.nowMs) endAs(draft, 'completed', 'idle');
};

const mustNotHaveEnded = ({ head }: Draft): void => {
  if (hasEnded(head))
    throw new GreenroomError('invalid_state', `the session is ${head.status} already`);
};
