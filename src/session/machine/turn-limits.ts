/** What a turn must meet to be taken, and what ends it early: turns, steps, money, provider. */

import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import { nanoUsdOf } from '../../model/money.ts';
import type { BusyPolicy, OpenTurn } from '../../model/turn.ts';
import type { Draft } from './draft.ts';
import type { NewTurn } from './input.ts';
import { mustHavePrice } from './model-step.ts';
import type { Rules } from './rules.ts';

/** Throws what the turn is refused with. */
export const mustTakeTurn = (draft: Draft, turn: NewTurn, rules: Rules): void => {
  const { head } = draft;
  // Of one that begins later it is looked at then.
  const policy = isLater(turn, draft.nowMs) ? 'enqueue' : policyOf(head, turn);
  if (head.openTurns.length > 0 && policy === 'reject')
    throw new GreenroomError('invalid_state', 'a turn is open and the policy is to reject');
  const stays = policy === 'enqueue' ? head.openTurns : head.openTurns.slice(0, 1);
  const later = head.delayed?.length ?? 0;
  const waiting = stays.length + later;
  if (waiting >= rules.queuePerSession)
    throw new GreenroomError('queue_full', `${waiting} turns wait in this session, the limit`, {
      retryAfterMs: 1_000,
    });
  const queued = later + stays.filter((open) => open.status === 'queued').length;
  if (head.limits?.maxTurns !== undefined && head.numTurns + queued >= head.limits.maxTurns)
    throw new GreenroomError(
      'max_turns_reached',
      `the session may run ${head.limits.maxTurns} turns and has`,
    );
  mustHaveProvider(head, turn, rules);
  mustAfford(draft, turn, rules);
};

/** It begins at a time that is yet to come. */
export const isLater = ({ deliverAtMs }: NewTurn, nowMs: number): boolean =>
  deliverAtMs !== undefined && deliverAtMs > nowMs;

/** What the turn asks for while another is open, or else its session. */
export const policyOf = ({ onBusy }: Head, turn: NewTurn): BusyPolicy =>
  turn.onBusy ?? onBusy ?? 'enqueue';

const mustHaveProvider = (head: Head, turn: NewTurn, rules: Rules): void => {
  if (turn.provider !== undefined && turn.provider !== rules.provider)
    throw new GreenroomError(
      'provider_mismatch',
      `this daemon answers by ${rules.provider}, the turn asks for ${turn.provider}`,
    );
  if (
    head.provider !== undefined &&
    head.provider !== rules.provider &&
    turn.provider === undefined
  )
    throw new GreenroomError(
      'provider_mismatch',
      `the session holds answers by ${head.provider}, this daemon answers by ${rules.provider}: ask for it with provider: "${rules.provider}"`,
    );
};

const mustAfford = (draft: Draft, turn: NewTurn, rules: Rules): void => {
  const { head, nowMs } = draft;
  const limits = [head.limits?.maxCostUsd, turn.options.maxCostUsd].filter(
    (usd) => usd !== undefined,
  );
  if (limits.length === 0 && !draft.isUnderBudget) return;
  const model = modelOf(head, turn.options.model, rules);
  mustHavePrice(model, rules, nowMs);
  if (isSpent(head))
    throw new GreenroomError(
      'budget_exceeded',
      `the session has cost its ${head.limits?.maxCostUsd} dollars`,
    );
};

export const modelOf = (head: Head, ofTurn: string | undefined, rules: Rules): string =>
  ofTurn ?? head.model ?? rules.defaultModel;

/** Why the turn may make no further model call; undefined while it may. */
export const overLimit = (head: Head, turn: OpenTurn, rules: Rules): string | undefined => {
  if (turn.steps >= (turn.options.maxSteps ?? head.limits?.maxSteps ?? rules.maxSteps))
    return 'max_steps';
  const ofTurn = turn.options.maxCostUsd;
  const spent = (turn.costNanoUsd ?? 0) + (turn.childrenCostNanoUsd ?? 0);
  if (ofTurn !== undefined && spent >= nanoUsdOf(ofTurn)) return 'budget_exceeded';
  return isSpent(head) ? 'budget_exceeded' : undefined;
};

/** The session's own money limit is reached, by what its sub-agents have cost too. */
export const isSpent = ({ limits, costNanoUsd, childrenCostNanoUsd = 0 }: Head): boolean =>
  limits?.maxCostUsd !== undefined &&
  costNanoUsd + childrenCostNanoUsd >= nanoUsdOf(limits.maxCostUsd);
