/**
 * What our stores do beyond the eleven operations: whole sessions saved with tags and a description, found
 * again by tag, date and cost, and cleaned up by age, as the older GenServer store did.
 */
import { z } from 'zod';
import { Moment } from '../model/criteria.ts';
import { GreenroomError } from '../model/errors.ts';
import { tagKey } from '../model/tag-key.ts';
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
