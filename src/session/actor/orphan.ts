/**
 * Whether a sub-agent that wakes with its turn open is still wanted. The call that made it tells it to end; a process that
 * dies between the end of the call and that word leaves the sub-agent at work for nobody, with its tools and its cost.
 */
import { codeOf } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import { type SessionKey, sessionKey } from '../../model/ids.ts';
import { hasEnded } from '../../model/turn.ts';
import type { Journal } from '../ports/journal.ts';

/** A turn that a person has begun in the sub-agent's session is the person's: only that of the call may be unwanted. */
export const isOrphan = async (head: Head | undefined, journal: Journal): Promise<boolean> => {
  const { childOf, openTurns: [first] = [], key } = head ?? {};
  if (childOf === undefined || first === undefined || key === undefined) return false;
  const sessionId: string = key.sessionId;
  if (first.turnId !== sessionId) return false;
  const parent = await headOf(sessionKey(key.tenant, childOf.sessionId), journal);
  if (parent === 'unknown') return false;
  const caller = parent?.openTurns.find(({ turnId }) => turnId === childOf.turnId);
  if (caller?.phase?.kind !== 'tools') return true;
  const call = caller.phase.calls.find(({ toolUseId }) => toolUseId === childOf.toolUseId);
  return call === undefined || hasEnded(call);
};

/** A parent whose record is broken says nothing, and must not take its sub-agents along. */
const headOf = async (key: SessionKey, journal: Journal): Promise<Head | undefined | 'unknown'> => {
  try {
    return (await journal.open(key)).head;
  } catch (error) {
    if (codeOf(error) === 'corrupt_record') return 'unknown';
    throw error;
  }
};
