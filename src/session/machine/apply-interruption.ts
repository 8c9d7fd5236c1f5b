/**
 * Turns that end before they are done: cancelled, or to make room for another. One that makes room carries that in the
 * store (`yields`), so that it does not run on behind a crash while the turn that took its place waits.
 */
import type { BusyPolicy, OpenTurn } from '../../model/turn.ts';
import { abandonCalls, cancelCalls } from './apply-tools.ts';
import type { Draft } from './draft.ts';
import { cancelRun, closeTurn, settle } from './next-turn.ts';
import type { Rules } from './rules.ts';

const ENDED = { status: 'cancelled', stopReason: null, text: '' } as const;

/** Ends an open turn. True: it has closed; else something of it runs, which is told to stop, or its calls close it. */
export const endOpen = (draft: Draft, turn: OpenTurn, rules: Rules): boolean => {
  if (turn.phase?.kind === 'tools') {
    cancelCalls(draft, turn, rules);
    return false;
  }
  if (turn.status === 'running') {
    draft.cancelling = turn.turnId;
    cancelRun(draft, turn);
    return false;
  }
  // One that never ran: its prompt is taken out of what the model sees.
  if (turn.status === 'queued' && turn.yields !== 'rollback' && turn.seq > 0)
    draft.view({ type: 'rollback', fromSeq: turn.seq, throughSeq: turn.seq, turnId: turn.turnId });
  closeTurn(draft, turn, ENDED);
  return true;
};

/** Ends all open turns, where the policy of a new one wants that. It takes its place behind what is left of them. */
export const makeRoom = (draft: Draft, policy: BusyPolicy, rules: Rules): void => {
  if (policy !== 'interrupt' && policy !== 'rollback') return;
  const yielding = draft.head.openTurns.map((turn) => ({
    ...turn,
    yields: turn.yields === 'rollback' ? turn.yields : policy,
  }));
  draft.patch({ openTurns: yielding });
  draft.isTakingTurn = true;
  // From behind: whatever closes, none of them starts.
  for (const turn of yielding.toReversed()) endOpen(draft, turn, rules);
};

/** The process that was to end the turn is gone, and with it all that ran. */
export const endYielding = (draft: Draft, turn: OpenTurn, rules: Rules): void => {
  if (turn.phase?.kind === 'tools') return abandonCalls(draft, turn, rules);
  closeTurn(draft, turn, ENDED);
  settle(draft);
};
