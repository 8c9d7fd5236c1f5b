/**
 * Whether a sub-agent that wakes with its turn open is still wanted. The call that made it tells it to end; a process that
 * dies between the end of the call and that word leaves the sub-agent at work for nobody, with its tools and its cost.
 */
import type { Head } from '../../model/head.ts';
import { hasEnded } from '../../model/turn.ts';
import type { Journal } from '../ports/journal.ts';

/** A turn that a person has begun in the sub-agent's session is the person's: only that of the call may be unwanted. */
export const isOrphan = async (head: Head | undefined, journal: Journal): Promise<boolean> => {
  const { childOf, openTurns: [first] = [], key } = head ?? {};
  if (childOf === undefined || first === undefined || key === undefined) return false;
  if (first.turnId !== (key.sessionId as string)) return false;
  const { head: parent } = await journal.open({ ...key, sessionId: childOf.sessionId as never });
  const caller = parent?.openTurns.find(({ turnId }) => turnId === childOf.turnId);
  if (caller?.phase?.kind !== 'tools') return true;
  const call = caller.phase.calls.find(({ toolUseId }) => toolUseId === childOf.toolUseId);
  return call === undefined || hasEnded(call);
};
