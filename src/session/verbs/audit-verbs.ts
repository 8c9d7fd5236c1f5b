/**
 * Verbs on the audit: what became of sessions, what their tools did, and what was decided about that.
 *
 * A filter that few records meet must not read a year of them for one answer: a request looks at so many, and says where
 * the next one goes on.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { Moment } from '../../model/criteria.ts';
import { iso } from '../../model/moment.ts';
import { CLOSED_STATUSES } from '../../model/turn.ts';
import { catalogName } from '../ports/catalog.ts';
import {
  AUDIT_ACTIONS,
  AUDIT_KINDS,
  type AuditPage,
  type AuditRecord,
  isKnown,
  TOOL_ACTIONS,
} from '../ports/journal.ts';
import { nextCursor } from './reply-schemas.ts';
import { placeOf, type SealedList, sealed, sealedCursor } from './sealed-cursor.ts';
import { pageLimit } from './transcript-verbs.ts';
import { journalOf, type SessionsWork, sessionsVerb, sessionVerb } from './verb.ts';
import { membership, type Whose, whoseShape } from './whose.ts';

/** Records that one request looks at. */
const MAX_LOOKED_AT = 2_000;
/** Records that are read at once where a filter passes over some. */
const PAGE = 200;

const auditShape = {
  at: z.iso.datetime(),
  kind: z.enum(AUDIT_KINDS),
  action: z.enum([...AUDIT_ACTIONS, ...TOOL_ACTIONS, ...CLOSED_STATUSES]),
  /** Who did it, or what: `request` is a caller that was not told apart. */
  by: z.string(),
  details: z.record(z.string(), z.unknown()).exactOptional(),
};

const AuditRequest = z.strictObject({
  kind: z.enum(AUDIT_KINDS).optional().describe('records of this kind alone'),
  tool: z.string().min(1).max(256).optional().describe('about calls of the tool of this name'),
  decision: z
    .enum(['allowed', 'denied', 'asked'])
    .optional()
    .describe('of permissions and hooks: those that decided so'),
  after: Moment.optional().describe('written then or later'),
  before: Moment.optional().describe('written then or earlier'),
  limit: pageLimit,
  cursor: sealedCursor,
});
type AuditRequest = z.output<typeof AuditRequest>;

const audit = sessionVerb('audit', {
  request: AuditRequest,
  reply: z.strictObject({ audit: z.array(z.strictObject(auditShape)), nextCursor }),
  run: async ({ caller, key }, request) => {
    const session = await caller.openKnown(key);
    const list = { name: 'audit', key: session.key } as const;
    const { found, next } = await look(list, request, (page) => session.audit(page));
    return { audit: found.map(viewOf), ...next };
  },
});

const auditOfAll = sessionsVerb('audit-all', {
  request: AuditRequest.extend(whoseShape),
  reply: z.strictObject({
    audit: z.array(z.strictObject({ sessionId: z.string(), ...auditShape })),
    nextCursor,
  }),
  run: async (work, { owner, allTags, ...request }) => {
    const { tenant } = work.context;
    const journal = journalOf(work);
    const list = { name: 'audit', tenant } as const;
    const theirs = theirRecords(work, { owner, allTags });
    const read: Read<Listed> = (page) => journal.audit(tenant, page);
    const { found, next } = await look(list, request, read, theirs);
    return {
      audit: found.map(({ sessionId, ...record }) => ({ sessionId, ...viewOf(record) })),
      ...next,
    };
  },
});

export const auditVerbs = { audit };
export const auditsVerbs = { 'audit-all': auditOfAll };

type Listed = AuditRecord & { readonly sessionId: string };

/**
 * Whether a record is of one of these sessions; undefined: all are wanted. A session that is deleted was of an owner who is
 * not known any more, and its id may be another's by now: so the session must be there, and have the record among its own.
 */
const theirRecords = (
  work: SessionsWork,
  whose: Whose,
): ((record: Listed) => Promise<boolean>) | undefined => {
  const isOne = membership(whose);
  if (isOne === undefined) return undefined;
  const { tenant } = work.context;
  const catalog = work.caller.system.fetch(catalogName);
  return async ({ sessionId, cursor: _, ...record }: Listed & { readonly cursor?: string }) => {
    const row = catalog.find(tenant, sessionId);
    if (row === undefined || !isOne(row)) return false;
    const session = await journalOf(work).open(row.key);
    if (!isKnown(session) || !isOne(session.head)) return false;
    const { atMs } = record;
    const own = await session.audit({ afterMs: atMs, beforeMs: atMs, limit: PAGE });
    return own.some(({ cursor: __, ...each }) => isDeepStrictEqual(each, record));
  };
};

type Read<R> = (page: AuditPage) => Promise<readonly (R & { readonly cursor: string })[]>;

const look = async <R extends AuditRecord>(
  list: SealedList,
  { limit, cursor, after, before, ...wanted }: AuditRequest,
  read: Read<R>,
  isTheirs?: (record: R) => Promise<boolean>,
): Promise<{ readonly found: readonly R[]; readonly next: { readonly nextCursor?: string } }> => {
  const found: R[] = [];
  const size = isTheirs !== undefined || isFilter(wanted) ? PAGE : limit;
  let place = cursor === undefined ? undefined : placeOf(list, cursor);
  for (let left = MAX_LOOKED_AT; left > 0 && found.length < limit; left -= size) {
    const from = place === undefined ? {} : { cursor: place };
    const page = await read({ afterMs: after, beforeMs: before, limit: size, ...from });
    for (const record of page) {
      if (found.length === limit) break;
      place = record.cursor;
      if (!isWanted(record, wanted)) continue;
      if (isTheirs === undefined || (await isTheirs(record))) found.push(record);
    }
    if (page.length < size && place === page.at(-1)?.cursor) return { found, next: {} };
    if (page.length === 0) return { found, next: {} };
  }
  return { found, next: place === undefined ? {} : { nextCursor: sealed(list, place) } };
};

type Wanted = Pick<AuditRequest, 'kind' | 'tool' | 'decision'>;

const isFilter = (wanted: Wanted): boolean =>
  Object.values(wanted).some((value) => value !== undefined);

const isWanted = (record: AuditRecord, { kind, tool, decision }: Wanted): boolean =>
  (kind === undefined || record.kind === kind) &&
  (tool === undefined || record.details?.['tool'] === tool) &&
  (decision === undefined || record.action === decision);

const viewOf = ({ atMs, kind, action, by, details }: AuditRecord) => ({
  ...{ at: iso(atMs), kind, action, by },
  ...(details === undefined ? {} : { details: { ...details } }),
});
