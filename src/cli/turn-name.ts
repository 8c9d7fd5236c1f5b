/** What people type for a turn: its id, the beginning of its id, or `last` for the newest one. */
import { codeOf, GreenroomError } from '../model/errors.ts';
import { aboutSession } from './about-session.ts';
import { CliError } from './failure.ts';
import { LAST } from './session-name.ts';
import type { DaemonClient } from './shell.ts';

/** Turns that are looked through, newest first. */
const LOOK_BACK = 1_000;
const MAX_NAMED = 10;

/** Works on the turn that is meant; `work` must not have changed anything when it rejects with `turn_not_found`. */
export const withTurn = async <T>(
  daemon: DaemonClient,
  sessionId: string,
  words: string,
  work: (turnId: string) => Promise<T>,
): Promise<T> => {
  const whole = words.replace(/…$/, '');
  try {
    if (whole === words) return await work(words);
  } catch (error) {
    if (codeOf(error) !== 'turn_not_found') throw error;
  }
  const { turns } = await daemon.session(sessionId, 'turns', { limit: LOOK_BACK });
  const ids = turns
    .map(({ turnId }) => turnId)
    .filter((id) => whole === LAST || id.startsWith(whole));
  const [first, second] = ids;
  if (first === undefined)
    throw aboutSession(
      sessionId,
      new GreenroomError('turn_not_found', `there is no turn ${whole}, and none that begins so`),
    );
  if (second === undefined || whole === LAST) return work(first);
  throw new CliError(
    2,
    `${whole} is the beginning of several turns: ${ids.slice(0, MAX_NAMED).join(', ')}`,
    'write more of the id',
  );
};
