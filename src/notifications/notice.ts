/** What is told to others, and its form on the wire: an envelope as the Standard Webhooks have it. */
import { createHash } from 'node:crypto';
import { iso } from '../model/moment.ts';
import { CLOSED_STATUSES } from '../model/turn.ts';
import { AUDIT_ACTIONS, type AuditRecord } from '../session/ports/journal.ts';

/** Every type of notice. */
export const NOTICE_TYPES = [
  ...AUDIT_ACTIONS.map((action) => `session.${action}` as const),
  ...CLOSED_STATUSES.map((status) => `turn.${status}` as const),
  'approval.requested',
] as const;
export type NoticeType = (typeof NOTICE_TYPES)[number];

export interface Notice {
  /** The same however often it is sent: receivers tell by it that they have had it. */
  readonly id: string;
  readonly type: NoticeType;
  readonly atMs: number;
  readonly tenant: string;
  readonly sessionId: string;
  readonly by: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An audit record as a journal lists it: with its session, and a name that no other has. */
export type Listed = AuditRecord & { readonly sessionId: string; readonly cursor: string };

/** undefined: nobody is told of such a record. */
export const noticeOf = (tenant: string, record: Listed): Notice | undefined => {
  const type = typeOf(record);
  if (type === undefined) return undefined;
  const { sessionId, atMs, by, details, cursor } = record;
  const hash = createHash('sha256').update(`${tenant} ${cursor}`).digest('base64url');
  const notice = { id: `evt_${hash.slice(0, 24)}`, type, atMs, tenant, sessionId, by };
  return details === undefined ? notice : { ...notice, details };
};

const typeOf = ({ kind, action }: AuditRecord): NoticeType | undefined => {
  if (kind === 'lifecycle') return `session.${action}`;
  if (kind === 'turn') return `turn.${action}`;
  return kind === 'permission' && action === 'asked' ? 'approval.requested' : undefined;
};

/** The body that is sent and signed. */
export const bodyOf = ({ type, atMs, tenant, sessionId, by, details }: Notice): string =>
  JSON.stringify({ type, timestamp: iso(atMs), data: { tenant, sessionId, by, ...details } });
