/** What every model call of a turn has in common when it fails: retries are counted, and a far one is waited for in the store. */

import type { OpenTurn, TurnError } from '../../model/turn.ts';
import { statusFrom } from '../../model/unfinished.ts';
import type { StepError, StepOutcome } from '../ports/executor.ts';
import type { Draft } from './draft.ts';
import { publish, replaceFirst } from './next-turn.ts';

type Postponed = Extract<StepOutcome, { type: 'postponed' }>;

export const countRetries = (draft: Draft, turn: OpenTurn, retries: number): OpenTurn => {
  if (retries === 0) return turn;
  draft.patch({ retryCount: draft.head.retryCount + retries });
  return { ...turn, retries: turn.retries + retries };
};

/** The next call is far away: the turn waits for it in the store, where no crash and no sleep loses it. */
export const postpone = (draft: Draft, turn: OpenTurn, outcome: Postponed): void => {
  const { delayMs, tried, error } = outcome;
  const again = countRetries(draft, turn, 1);
  const dueMs = draft.nowMs + delayMs;
  replaceFirst(draft, {
    ...again,
    status: 'waiting',
    phase: { kind: 'waiting', for: 'retry', dueMs, tried, error: turnError(error) },
  });
  draft.patch({ status: statusFrom(draft.head) });
  publish(draft, turn, { type: 'retry', delayMs, error });
};

export const turnError = (error: StepError): TurnError => ({
  code: error.type,
  message: error.message,
  retryable: error.retryable,
});
