/** A span of a tenant's audit in the order of time, as notices: the journal lists it from its end. */
import type { Tenant } from '../model/ids.ts';
import type { Journal } from '../session/ports/journal.ts';
import { type Listed, type Notice, noticeOf } from './notice.ts';

/** Records that are read at once. */
const PAGE = 500;

export interface Read {
  readonly notices: readonly Notice[];
  /** Everything before was read. */
  readonly throughMs: number;
}

/**
 * From `fromMs` on, a page about. After a long pause the span is halved until it is short enough: the end of a year is not
 * read to find its beginning.
 */
export const readNotices = async (
  journal: Pick<Journal, 'audit'>,
  tenant: Tenant,
  fromMs: number,
  nowMs: number,
): Promise<Read> => {
  let untilMs: number | undefined;
  for (;;) {
    const span = { afterMs: fromMs, beforeMs: untilMs };
    const page = await journal.audit(tenant, { ...span, limit: PAGE });
    const isWhole = page.length < PAGE;
    if (isWhole || untilMs === fromMs) {
      const records = isWhole ? page : await all(journal, tenant, fromMs, page);
      const notices = records.toReversed().flatMap((record) => noticeOf(tenant, record) ?? []);
      return { notices, throughMs: untilMs === undefined ? nowMs : untilMs + 1 };
    }
    const lastMs = untilMs ?? Math.max(nowMs, page[0]?.atMs ?? nowMs);
    untilMs = fromMs + Math.floor((lastMs - fromMs) / 2);
  }
};

/** More than a page in one millisecond. */
const all = async (
  journal: Pick<Journal, 'audit'>,
  tenant: Tenant,
  atMs: number,
  first: readonly Listed[],
): Promise<readonly Listed[]> => {
  const found = [...first];
  for (let page = first; page.length === PAGE; ) {
    const cursor = page.at(-1)?.cursor ?? '';
    page = await journal.audit(tenant, { afterMs: atMs, beforeMs: atMs, limit: PAGE, cursor });
    found.push(...page);
  }
  return found;
};
