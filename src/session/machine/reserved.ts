/** How the money of a model call is settled: with what it has cost, with nothing, or with all that was reserved. */
import { type Budget, type TallyChange, tallyName } from '../../model/budget.ts';
import type { OpenTurn, Reservation } from '../../model/turn.ts';
import type { StepOutcome } from '../ports/executor.ts';
import type { Draft } from './draft.ts';

/** Nano-dollars; `lost`: it is not known, because the answer is not there. */
export type Settlement = number | 'lost';

export const reservedFor = ({ phase }: OpenTurn): Reservation | undefined =>
  phase?.kind === 'model' ? phase.reserved : undefined;

/** The turn without its reservation. */
export const settleReserved = (draft: Draft, turn: OpenTurn, cost: Settlement): OpenTurn => {
  const reserved = reservedFor(turn);
  if (reserved === undefined || turn.phase?.kind !== 'model') return turn;
  const { nanoUsd, tallies } = reserved;
  const gone: Partial<TallyChange> = cost === 'lost' ? { estimated: nanoUsd } : { spent: cost };
  for (const name of tallies)
    draft.write({ type: 'tally', change: { name, reserved: -nanoUsd, ...gone } });
  return { ...turn, phase: { ...turn.phase, reserved: undefined } } as OpenTurn;
};

/** Money that nobody reserved: of a summary, and of a sub-agent, whose own calls are reserved for it. */
export const spendUnreserved = (
  draft: Draft,
  budgets: readonly Budget[],
  nanoUsd: number,
): void => {
  if (nanoUsd <= 0) return;
  for (const budget of budgets)
    draft.write({
      type: 'tally',
      change: { name: tallyName(budget, draft.nowMs), spent: nanoUsd },
    });
};

/**
 * What a call has cost, by its outcome. One that was refused, or that nobody answered, has cost nothing. One that had begun
 * its answer was paid, and nobody says how much.
 */
export const costOfOutcome = (outcome: StepOutcome): Settlement => {
  switch (outcome.type) {
    case 'message':
      return outcome.costNanoUsd ?? 'lost';
    case 'postponed':
      return 0;
    case 'failed':
      return outcome.partialText === '' && !BEGUN.has(outcome.error.type) ? 0 : 'lost';
    case 'counted':
      return 0;
    case 'cancelled':
      return outcome.neverSent === true ? 0 : 'lost';
  }
};

/** Errors of calls that the API was at. */
const BEGUN: ReadonlySet<string> = new Set(['timeout', 'worker_lost']);
