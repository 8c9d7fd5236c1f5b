/**
 * Entries of a transcript a page at a time, so that large ones come a few a page; and a walk through all
 * of them with one page in memory, in which others have their turn between two. Entries never change,
 * so what is read up to a known `seq` is consistent however long it takes.
 */

import type { Entry } from '../../model/entry.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { Clock } from '../../otp/clock.ts';
import type { Journal } from './journal.ts';

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
const READ_AT_ONCE = 20;

export const readPage = (
  journal: Journal,
  key: SessionKey,
  { subpath, from, to, limit, reverse = false }: PageRange,
  maxBytes = PAGE_BYTES,
): readonly Entry[] => {
  const entries: Entry[] = [];
  let bytes = 0;
  while (entries.length < limit && bytes < maxBytes) {
    const last = entries.at(-1)?.seq;
    const rest = reverse
      ? { from, to: (last ?? to + 1) - 1 }
      : { from: (last ?? from - 1) + 1, to };
    if (rest.from > rest.to) break;
    const wanted = Math.min(READ_AT_ONCE, limit - entries.length);
    const more = journal.entries(key, { subpath, ...rest, limit: wanted, reverse });
    if (more.length === 0) break;
    entries.push(...more);
    for (const entry of more) if (entry.kind !== 'view') bytes += entry.body.byteLength;
  }
  return entries;
};

/** Entries of one step of a walk. */
const STEP = 500;

export type Walk = Omit<PageRange, 'limit' | 'subpath'> & { readonly subpath?: string };

/** Lets others have their turn. */
export const resting =
  (clock: Clock): (() => Promise<void>) =>
  () =>
    new Promise((resolve) => clock.defer(resolve));

export async function* pagesOf(
  journal: Journal,
  key: SessionKey,
  { subpath = '', reverse = false, ...range }: Walk,
  rest: () => Promise<void>,
): AsyncGenerator<readonly Entry[]> {
  let { from, to } = range;
  while (from <= to) {
    const page = readPage(journal, key, { subpath, from, to, limit: STEP, reverse });
    const end = page.at(-1)?.seq;
    if (end === undefined) return;
    yield page;
    if (reverse) to = end - 1;
    else from = end + 1;
    await rest();
  }
}
