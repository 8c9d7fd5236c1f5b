/**
 * Entries of a transcript a page at a time, so that large ones come a few a page; and a walk through all
 * of them with one page in memory, in which others have their turn between two. Entries never change,
 * so what is read up to a known `seq` is consistent however long it takes; a session that goes meanwhile ends it with
 * `session_deleted`.
 */

import type { Entry } from '../../model/entry.ts';
import type { Clock } from '../../otp/clock.ts';
import type { SessionReader } from './journal.ts';

export interface PageRange {
  readonly subpath: string;
  /** First and last `seq`, inclusive. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly reverse?: boolean;
}

/** At most so many bytes of entries at once: large ones come a few a page. */
const PAGE_BYTES = 4 * 1024 * 1024;

export const readPage = (
  session: SessionReader,
  range: PageRange,
  maxBytes = PAGE_BYTES,
): Promise<readonly Entry[]> => session.entries({ ...range, maxBytes });

/** Entries of one step of a walk. */
const STEP = 500;

export type Walk = Omit<PageRange, 'limit' | 'subpath'> & { readonly subpath?: string };

/** Lets others have their turn. */
export const resting =
  (clock: Clock): (() => Promise<void>) =>
  () =>
    new Promise((resolve) => clock.defer(resolve));

export async function* pagesOf(
  session: SessionReader,
  { subpath = '', reverse = false, ...range }: Walk,
  rest: () => Promise<void>,
): AsyncGenerator<readonly Entry[]> {
  let { from, to } = range;
  while (from <= to) {
    const page = await readPage(session, { subpath, from, to, limit: STEP, reverse });
    const end = page.at(-1)?.seq;
    if (end === undefined) return;
    yield page;
    if (reverse) to = end - 1;
    else from = end + 1;
    await rest();
  }
}
