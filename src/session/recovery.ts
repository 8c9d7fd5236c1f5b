/**
 * Recovery: a session with an unfinished turn goes on as soon as its actor is up, so all there is to
 * do is wake them. Which ones is in the catalog: nothing is scanned.
 */
import type { System } from '../otp/system.ts';
import { catalogName } from './catalog.ts';
import type { Sessions } from './sessions.ts';

/** Sessions that are woken at a time. */
const AT_ONCE = 64;

/** Resolves with how many sessions were woken. One that cannot be woken stays for its next message. */
export const recoverTurns = async (
  system: System,
  sessions: Sessions,
  signal: AbortSignal,
): Promise<number> => {
  const unfinished = system.fetch(catalogName).withOpenTurns();
  for (let at = 0; at < unfinished.length && !signal.aborted; at += AT_ONCE)
    await Promise.allSettled(
      unfinished.slice(at, at + AT_ONCE).map((row) => sessions.wake(row.key)),
    );
  return unfinished.length;
};
