/** Which sessions of a classic store are old, and their deletion. It loads no schemas: clients do this too. */
import { GreenroomError } from '../model/errors.ts';
import { HOLD_TAG, tagKey } from '../model/tag-key.ts';
import type { CleanupOptions, SessionInfo } from './classic-store.ts';
import type { SessionStore } from './session-store.ts';

const DAY_MS = 24 * 3_600_000;
const DEFAULT_MAX_AGE_DAYS = 30;

/**
 * The instant before which a session is old. What was last changed within the millisecond that lies the
 * whole age back is old already: with an age of 0, all that was saved before the call. Throws `invalid_criteria`.
 */
export const cutoffOf = ({ maxAgeDays, now }: CleanupOptions, clockMs: number): number => {
  const days = maxAgeDays ?? DEFAULT_MAX_AGE_DAYS;
  if (!(days >= 0)) throw new GreenroomError('invalid_criteria', `maxAgeDays: ${days} is no age`);
  return Math.floor((now ?? clockMs) - days * DAY_MS) + 1;
};

/** Deletes the old ones of what a store lists, unless they changed since; resolves with how many. */
export const cleanUp = async (
  store: Pick<SessionStore, 'deleteSession'>,
  infos: readonly SessionInfo[],
  cutoffMs: number,
): Promise<number> => {
  let deleted = 0;
  for (const { sessionId, updatedAt, tags, version } of infos) {
    const isHeld = tags.some((tag) => tagKey(tag) === HOLD_TAG);
    if (isHeld || Date.parse(updatedAt) >= cutoffMs) continue;
    const isGone = await store.deleteSession(sessionId, { expectedVersion: version }).then(
      () => true,
      (error: unknown) => mustBeOneOf(error, 'session_not_found', 'version_conflict'),
    );
    if (isGone) deleted += 1;
  }
  return deleted;
};

/** Another change came first, and holds. */
const mustBeOneOf = (error: unknown, ...codes: readonly string[]): false => {
  if (codes.includes(String((error as { code?: unknown } | null)?.code))) return false;
  throw error;
};
