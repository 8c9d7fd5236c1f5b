/** What a sweep says of itself to the world (P7); a gateway puts it on the tenant's `lifecycle` subject. */

import type { Tenant } from '../model/ids.ts';
import { iso } from '../model/moment.ts';
import type { CleanupReport } from '../session/ports/sweeper.ts';
import type { Sweep } from './sweep.ts';

export interface SweptNotice {
  readonly type: 'sessions.swept';
  readonly tenant: Tenant;
  /** RFC 3339, as every time on the wire. */
  readonly at: string;
  /** `cleaner` for its own schedule, `request` for somebody's. */
  readonly by: string;
  readonly maxAgeDays: number;
  /** The retention rule that it followed. */
  readonly rule?: string;
  readonly report: CleanupReport;
  /** Sessions that were spared because they changed while the sweep came to them. */
  readonly changed: number;
  /** Sessions that could not be deleted; the next sweep tries them again. */
  readonly failed: number;
}

export const noticeOf = (
  { request, counts }: Sweep,
  report: CleanupReport,
  atMs: number,
): SweptNotice => ({
  type: 'sessions.swept',
  tenant: request.tenant,
  at: iso(atMs),
  by: request.by,
  maxAgeDays: request.maxAgeDays,
  ...(request.rule === undefined ? {} : { rule: request.rule.name }),
  report,
  changed: counts.changed,
  failed: counts.failed,
});

/** Whether anything was found. */
export const isNews = ({ report, changed, failed }: SweptNotice): boolean =>
  report.count + (report.archives?.asked ?? 0) + changed + failed > 0;
