/** What a classic store lists and finds, by the verb `search`. */
import type { InfoCriteria, SessionInfo } from '../classic/classic-store.ts';
import { DEFAULT_MODEL } from '../classic/default-model.ts';
import { SUMMARY_LENGTH } from '../model/catalog-row.ts';
import { GreenroomError } from '../model/errors.ts';
import type { SessionsApi } from '../session/verbs/api.ts';
import type { SessionsRequests } from '../session/verbs/registry.ts';
import type { FoundSession } from '../session/verbs/reply-schemas.ts';

/** Sessions of a page. */
const PAGE = 500;

const CRITERIA = ['tags', 'after', 'before', 'minCost', 'maxCost', 'limit'] as const;

/** Throws `invalid_criteria` for what `search` would take for something else; the daemon checks the values. */
export const checkedKeys = (
  criteria: InfoCriteria,
): Omit<InfoCriteria, 'limit'> & { readonly limit: number } => {
  for (const key of Object.keys(criteria))
    if (!(CRITERIA as readonly string[]).includes(key))
      throw new GreenroomError('invalid_criteria', `${key}: there is no such criterion`);
  const { limit = Number.POSITIVE_INFINITY, ...wanted } = criteria;
  if (limit < 0 || (Number.isFinite(limit) && !Number.isInteger(limit)))
    throw new GreenroomError('invalid_criteria', `limit: ${limit} is no whole number from 0`);
  return { ...wanted, limit };
};

/** Newest update first, page after page. */
export const foundSessions = async (
  api: Pick<SessionsApi, 'sessions'>,
  criteria: SessionsRequests['search'],
  most: number,
): Promise<readonly FoundSession[]> => {
  const found: FoundSession[] = [];
  let cursor: string | undefined;
  while (found.length < most) {
    const limit = Math.min(PAGE, most - found.length);
    const next = cursor === undefined ? {} : { cursor };
    const page = await api.sessions('search', { ...criteria, limit, ...next });
    found.push(...page.sessions);
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  return found;
};

/** Descriptions that are asked for at a time: a daemon has so many requests of all its clients under way, and no more. */
const AT_ONCE = 16;

/** In their order. */
export const infosOf = async (
  api: Pick<SessionsApi, 'session'>,
  found: readonly FoundSession[],
): Promise<SessionInfo[]> => {
  const infos: SessionInfo[] = [];
  for (let at = 0; at < found.length; at += AT_ONCE) {
    const some = found.slice(at, at + AT_ONCE).map((one) => infoOf(api, one));
    infos.push(...(await Promise.all(some)));
  }
  return infos;
};

/** A search shows the beginning of a long description: then it is asked for. */
const infoOf = async (
  api: Pick<SessionsApi, 'session'>,
  found: FoundSession,
): Promise<SessionInfo> => {
  const { sessionId, createdAt, updatedAt, messageCount, tags, version } = found;
  const isCut = found.description?.length === SUMMARY_LENGTH;
  const whole = isCut ? (await api.session(sessionId, 'get', {})).session : found;
  return {
    ...{ sessionId, createdAt, updatedAt, messageCount, tags: [...tags], version },
    totalCost: found.totalCostUsd ?? found.knownCostUsd ?? 0,
    summary: found.summary ?? null,
    description: whole.description ?? null,
    model: found.model ?? DEFAULT_MODEL,
    workingDirectory: found.workingDirectory ?? '.',
  };
};

/** One that is parked may have them, and is left alone. */
export const hasOpenTurns = ({ status }: FoundSession): boolean =>
  ['queued', 'running', 'waiting', 'parked'].includes(status);
