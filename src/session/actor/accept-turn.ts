/** Asks a session to take a turn. */
import { codeOf, type ErrorCode, GreenroomError } from '../../model/errors.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { Answered } from '../commits/waiting-changes.ts';
import type { NewTurn } from '../machine/input.ts';
import type { Caller } from './caller.ts';

/** What a new turn is refused with by a session as it is just then. */
const TAKES_NONE: ReadonlySet<ErrorCode> = new Set([
  ...(['invalid_state', 'queue_full', 'max_turns_reached', 'budget_exceeded'] as const),
  ...(['provider_mismatch', 'price_unknown'] as const),
]);

/** A turn that has closed is known (P3), though its session would take no new one: it has ended, or spent its limits. */
export const acceptTurn = async (
  caller: Caller,
  key: SessionKey,
  turn: NewTurn,
): Promise<Pick<Answered, 'answer' | 'turn'>> => {
  try {
    return await caller.change(key, { type: 'turn', turn, known: undefined });
  } catch (error) {
    if (!TAKES_NONE.has(codeOf(error))) throw error;
    const { turnId, promptHash } = turn;
    const closed = await (await caller.open(key)).turn(turnId);
    if (closed === undefined) throw error;
    if (closed.promptHash !== '' && closed.promptHash !== promptHash)
      throw new GreenroomError('turn_id_reused', `turn ${turnId} is known with another prompt`);
    return { answer: { type: 'turn', turnId, isNew: false, closed }, turn: closed };
  }
};
