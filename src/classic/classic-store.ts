/**
 * What our stores do beyond the eleven operations: whole sessions saved with tags and a description, found
 * again by tag, date and cost, and cleaned up by age, as the older GenServer store did.
 */
import { z } from 'zod';
import { Moment } from '../model/criteria.ts';
import { GreenroomError } from '../model/errors.ts';
import { HOLD_TAG, tagKey } from '../model/tags.ts';
import type { SessionStore } from './session-store.ts';
import type { AnyMessage } from './transcript.ts';

export interface SaveOptions {
  /** Default: none. */
  readonly tags?: readonly string[] | undefined;
  readonly description?: string | null | undefined;
}

/** What is known of a session without its messages. */
export interface SessionInfo {
  readonly sessionId: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly messageCount: number;
  /** In dollars. */
  readonly totalCost: number;
  readonly tags: readonly string[];
  /** The first assistant text of what was saved, at most 200 characters. */
  readonly summary: string | null;
  readonly description: string | null;
  readonly model: string;
  readonly workingDirectory: string;
  readonly version?: number;
}

const cost = z.number().min(0).optional();
const moment = z.union([Moment, z.date().transform((date) => date.getTime())]).optional();
export const InfoCriteria = z.strictObject({
  /** Any of these, compared without regard to case. */
  tags: z.array(z.string()).optional(),
  /** Made then or later. */
  after: moment,
  /** Made then or earlier. */
  before: moment,
  minCost: cost,
  maxCost: cost,
  limit: z.int().min(0).optional(),
});
export type InfoCriteria = z.input<typeof InfoCriteria>;

export interface CleanupOptions {
  /** Days since the last update; default 30, 0: everything saved until now. */
  readonly maxAgeDays?: number | undefined;
  /** Milliseconds since the epoch; default: the clock's. */
  readonly now?: number | undefined;
}

export interface ClassicStore extends SessionStore {
  /**
   * Creates the session, or replaces its messages, tags and description: the time of making stays. Typed
   * messages are kept verbatim. Cost, turns, model and summary are read from the messages.
   */
  saveSession(
    sessionId: string,
    messages: readonly AnyMessage[],
    options?: SaveOptions,
  ): Promise<void>;
  /** Sessions that meet all criteria, newest update first. */
  search(criteria?: InfoCriteria): Promise<SessionInfo[]>;
  /** All sessions, newest update first. */
  listSessionMetadata(): Promise<SessionInfo[]>;
  /** Deletes what is old and not tagged `hold`; resolves with how many. */
  cleanupOldSessions(options?: CleanupOptions): Promise<number>;
}

/** The criteria, checked. Throws `invalid_criteria`. */
export const checkedCriteria = (criteria: InfoCriteria = {}): z.output<typeof InfoCriteria> => {
  const result = InfoCriteria.safeParse(criteria);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  const message = `${field}${field === '' ? '' : ': '}${issue?.message}`;
  throw new GreenroomError('invalid_criteria', message);
};

/** A search over what a store lists: for stores without an index of their own. */
export const searchInfos = (
  infos: readonly SessionInfo[],
  criteria: InfoCriteria = {},
): SessionInfo[] => {
  const wanted = checkedCriteria(criteria);
  const tags =
    wanted.tags && new Set(wanted.tags.map((tag) => tagKey(tag.trim().normalize('NFC'))));
  return infos
    .filter(
      (info) =>
        (tags === undefined || info.tags.some((tag) => tags.has(tagKey(tag)))) &&
        isBetween(Date.parse(info.createdAt), wanted.after, wanted.before) &&
        isBetween(info.totalCost, wanted.minCost, wanted.maxCost),
    )
    .sort(newestFirst)
    .slice(0, wanted.limit);
};

/** Newest update first; of the same moment, by id, so that two lists agree. */
export const newestFirst = (a: SessionInfo, b: SessionInfo): number =>
  Date.parse(b.updatedAt) - Date.parse(a.updatedAt) || (a.sessionId < b.sessionId ? -1 : 1);

const isBetween = (value: number, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY) =>
  value >= from && value <= to;

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
