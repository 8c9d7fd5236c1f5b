/**
 * What people type for a session: its id, the beginning of its id as long as only one begins so, or
 * `last` for the one that changed last. A whole id always means itself, also one that is called `last`.
 */

import { codeOf, SessionNotFoundError } from '../model/errors.ts';
import { ID_PATTERN } from '../model/ids.ts';
import type { SessionSummary } from '../session/verbs/reply-schemas.ts';
import { CliError, failureOf } from './failure.ts';
import type { DaemonClient } from './shell.ts';
import { oneLine } from './width.ts';

export const LAST = 'last';
/** Tables cut ids so; what was copied from one is understood. */
const CUT = '…';
/** Sessions that an ambiguous beginning names. */
const MAX_NAMED = 10;

/**
 * Works on the session that is meant. `work` is tried with the words as they stand first, so it must not have
 * changed anything when it rejects with `session_not_found`.
 */
export const withSession = async <T>(
  daemon: DaemonClient,
  words: string,
  work: (sessionId: string) => Promise<T>,
): Promise<T> => {
  if (words.endsWith(CUT)) return work(await beginningWith(daemon, words.slice(0, -CUT.length)));
  try {
    return await work(words);
  } catch (error) {
    if (codeOf(error) !== 'session_not_found') throw error;
    return work(words === LAST ? await newest(daemon) : await beginningWith(daemon, words));
  }
};

/** The whole id of the session that is meant. */
export const sessionNamed = (daemon: DaemonClient, words: string): Promise<string> =>
  withSession(daemon, words, async (sessionId) => {
    await daemon.session(sessionId, 'get', {});
    return sessionId;
  });

/** The same for a session that may be gone while something of it is here. */
export const sessionNamedOrAsTyped = async (
  daemon: DaemonClient,
  words: string,
): Promise<string> => {
  try {
    return await sessionNamed(daemon, words);
  } catch (error) {
    if (failureOf(error).exitCode === 3) return words;
    throw error;
  }
};

/** The session that changed last. Throws `session_not_found` where there is none. */
export const newest = async (daemon: DaemonClient): Promise<string> => {
  const { sessions } = await daemon.sessions('search', { limit: 1 });
  if (sessions[0] !== undefined) return sessions[0].sessionId;
  throw new SessionNotFoundError('there is no session yet, so there is no last one');
};

const beginningWith = async (daemon: DaemonClient, idPrefix: string): Promise<string> => {
  const sessions = ID_PATTERN.test(idPrefix) ? await candidates(daemon, idPrefix) : [];
  const [only, other] = sessions;
  if (only === undefined)
    throw new SessionNotFoundError(`there is no session ${idPrefix}, and none that begins so`);
  if (other === undefined) return only.sessionId;
  throw new CliError(
    2,
    `${idPrefix} is the beginning of several sessions: ${sessions.map(described).join(', ')}`,
    'write more of the id',
  );
};

/** Of what is to be named in full: the sessions that may have been meant, as people are told of them. */
export const perhapsMeant = async (
  daemon: DaemonClient,
  words: string,
): Promise<readonly string[]> => {
  const idPrefix = words.endsWith(CUT) ? words.slice(0, -CUT.length) : words;
  if (!ID_PATTERN.test(idPrefix)) return [];
  return (await candidates(daemon, idPrefix)).map(described);
};

const candidates = async (
  daemon: DaemonClient,
  idPrefix: string,
): Promise<readonly SessionSummary[]> =>
  (await daemon.sessions('search', { idPrefix, limit: MAX_NAMED })).sessions;

const described = ({ sessionId, title }: SessionSummary): string =>
  title === undefined ? sessionId : `${sessionId} (${oneLine(title, 40)})`;
