/**
 * Tokens that are for some sessions only: of one owner, or with some tags. A session that is not theirs is one that does
 * not exist; what they make is theirs from the start; searches find theirs alone.
 *
 * Verbs that cannot be made so narrow are refused, and so is a change that would take a session out of what is theirs.
 */
import type { Target } from '../../gateway/dispatch.ts';
import { GreenroomError, SessionNotFoundError } from '../../model/errors.ts';
import { HOLD_TAG, tagKey } from '../../model/tag-key.ts';
import type { WatchChangeView } from '../../session/verbs/watch-verbs.ts';
import { isTag, normaliseTag } from '../../tags/tags.ts';
import type { Grant } from './token-book.ts';

/** What is looked at of a session. */
export interface Belonging {
  readonly owner?: string | undefined;
  readonly tags: readonly string[];
}

export const isNarrow = ({ owner, tags }: Grant): boolean => owner !== undefined || tags.length > 0;

const isTheirs = ({ owner, tags }: Grant, session: Belonging): boolean =>
  (owner === undefined || session.owner === owner) && tags.every((tag) => has(session.tags, tag));

/** Two spellings of one tag are the same. */
const has = (tags: readonly unknown[], wanted: string): boolean =>
  tags.some((tag) => tagKey(spelled(String(tag))) === tagKey(wanted));

const spelled = (tag: string): string => (isTag(tag) ? normaliseTag(tag) : tag);

/** Searches: they take criteria beside those that were given. */
const SEARCHES: ReadonlySet<string> = new Set([
  ...['search', 'list', 'count', 'facets', 'costs', 'watch-open'],
]);
/** They take an owner and tags, and are then about the sessions of these alone. */
const ABOUT_SOME: ReadonlySet<string> = new Set(['approvals', 'audit-all', 'tasks.executions']);
/** A watch was opened by a search, and its id is known to its reader alone. */
const OF_WATCHES: ReadonlySet<string> = new Set(['watch-next', 'watch-close']);
/** They make the session that they name, where it does not exist, and say what it is. */
const MAKERS: ReadonlySet<string> = new Set(['create']);
/** They would make a session of which the request does not say whose it is. */
const REFUSED: ReadonlySet<string> = new Set([
  ...['save', 'classic', 'import', 'import-state', 'import-session'],
]);

type Fields = Readonly<Record<string, unknown>>;

/** The request as it may be made. Throws `forbidden`. */
export const narrowed = (grant: Grant, { kind, verb }: Target, value: unknown): unknown => {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Fields;
  switch (kind) {
    case 'daemon':
      if (verb !== 'ping') throw tooWide(verb);
      return value;
    case 'sessions':
      if (SEARCHES.has(verb))
        return { ...fields, allOf: [...listIn(fields['allOf']), only(grant)] };
      if (ABOUT_SOME.has(verb)) return ofTheirs(grant, fields);
      if (verb === 'budgets') return ofTheirOwner(grant, fields);
      if (!OF_WATCHES.has(verb)) throw tooWide(verb);
      return value;
    case 'session':
      if (REFUSED.has(verb)) throw tooWide(verb);
      return MAKERS.has(verb) ? settingsOf(grant, fields) : unlessItLeaves(grant, verb, fields);
  }
};

/** Settings of a session that is theirs. Throws `forbidden` for those of another owner. */
export const settingsOf = (grant: Grant, settings: Fields): Fields => {
  mustBeOwner(grant, settings);
  const { owner, tags } = grant;
  return {
    ...settings,
    ...(owner === undefined ? {} : { owner }),
    ...(tags.length === 0 ? {} : { tags: [...new Set([...listIn(settings['tags']), ...tags])] }),
  };
};

/** Whether it looks at a session that must be theirs already. */
export const needsTheirs = ({ kind, verb }: Target): boolean =>
  kind === 'session' && !MAKERS.has(verb);

/** Throws `session_not_found` for one that is not theirs: it says nothing of what there is. */
export const mustBeTheirs = (grant: Grant, session: Belonging, sessionId: string): void => {
  if (!isTheirs(grant, session)) throw new SessionNotFoundError(`there is no session ${sessionId}`);
};

const unlessItLeaves = (grant: Grant, verb: string, fields: Fields): Fields => {
  if (verb === 'update') {
    mustBeOwner(grant, fields);
    const given = fields['tags'];
    if (Array.isArray(given) && !grant.tags.every((tag) => has(given, tag))) throw leaves();
  }
  const taken = verb === 'untag' ? listIn(fields['tags']) : verb === 'release' ? [HOLD_TAG] : [];
  if (grant.tags.some((tag) => has(taken, tag))) throw leaves();
  return fields;
};

const mustBeOwner = ({ owner }: Grant, fields: Fields): void => {
  const given = fields['owner'];
  if (owner !== undefined && given !== undefined && given !== owner) throw leaves();
};

/** A reply to a live query. */
interface Changes {
  readonly changes: readonly WatchChangeView[];
}

/** The reply as it may be seen. */
export const narrowedReply = (grant: Grant, { kind, verb }: Target, reply: unknown): unknown => {
  if (kind !== 'sessions' || verb !== 'watch-next' || !Array.isArray(Object(reply).changes))
    return reply;
  const { changes, ...others } = reply as Changes;
  return { ...others, changes: changes.map((change) => narrowedChange(grant, change)) };
};

/** Of a session that is theirs no more they hear that it has left, and not what it is by now. */
export const narrowedChange = (grant: Grant, change: WatchChangeView): WatchChangeView => {
  const { type, sessionId, session } = change;
  return type !== 'left' || session === undefined || isTheirs(grant, session)
    ? change
    : { type, sessionId };
};

/** What waits in their sessions, was noted of them, or ran in them. */
const ofTheirs = (grant: Grant, fields: Fields): Fields => {
  mustBeOwner(grant, fields);
  const { owner, tags } = grant;
  const given = fields['allTags'];
  if (given !== undefined && !Array.isArray(given)) return fields; // its schema refuses it
  const allTags = [...new Set([...listIn(given), ...tags])];
  return { ...fields, ...(owner === undefined ? {} : { owner }), allTags };
};

/** Those of their owner alone: others, the tenant's too, count what sessions of other owners spend. */
const ofTheirOwner = (grant: Grant, fields: Fields): Fields => {
  const { owner, tags } = grant;
  if (owner === undefined || tags.length > 0) throw tooWide('budgets');
  mustBeOwner(grant, fields);
  return { ...fields, owner, scope: 'owner' };
};

const only = ({ owner, tags }: Grant): Fields => ({
  ...(owner === undefined ? {} : { owner }),
  ...(tags.length === 0 ? {} : { allTags: tags }),
});

const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const tooWide = (verb: string): GreenroomError =>
  new GreenroomError('forbidden', `${verb} is about more than the sessions that this token is for`);

const leaves = (): GreenroomError =>
  new GreenroomError('forbidden', 'the session would no longer be one that this token is for');
