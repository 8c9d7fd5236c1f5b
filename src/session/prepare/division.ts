/** Whether another program goes on with a session behind what was said here: then there are two branches of it. */
import { type Branches, divided, inView, isOpen } from '../../model/branches.ts';
import type { Entry } from '../../model/entry.ts';
import type { Head } from '../../model/head.ts';
import type { SessionReader, StreamRecord } from '../ports/journal.ts';
import { compactionAt } from './compaction-at.ts';

/** Entries read at once: usually the first of them is what was said here. */
const PAGE = 100;

/** @param stream of the main transcript, before lines are added to it in which something is said. */
export const branchesAfter = async (
  head: Head,
  stream: StreamRecord | undefined,
  session: SessionReader,
): Promise<Branches | undefined> => {
  const { branches, compaction, clearing } = head;
  if (!isOpen(branches) && branches?.all.some(({ throughSeq }) => throughSeq === undefined))
    return branches;
  const said = await firstSaidHere(head, stream?.seq ?? 0, session);
  if (said === undefined) return branches;
  const last = said - 1;
  return divided(branches, last, await compactionAt(session, compaction, last), {
    ...(clearing !== undefined && clearing.throughSeq <= last ? { clearing } : {}),
  });
};

/** Where the model sees something behind the last foreign line that is not of one. */
const firstSaidHere = async (
  { seq, branches }: Head,
  after: number,
  session: SessionReader,
): Promise<number | undefined> => {
  for (let from = after + 1; from <= seq; from += PAGE) {
    const to = Math.min(seq, from + PAGE - 1);
    const page = inView(branches, await session.entries({ from, to, limit: PAGE }));
    const found = page.find((entry) => isSaid(entry) && !isRolledBack(entry, page));
    if (found !== undefined) return found.seq;
  }
  return undefined;
};

const isSaid = (entry: Entry): entry is Extract<Entry, { kind: 'message' }> =>
  entry.kind === 'message' && entry.isPartial !== true;

/** A turn that is taken back soon after it came, as one that was cancelled before it ran, says nothing. */
const isRolledBack = (
  { seq, turnId }: Extract<Entry, { kind: 'message' }>,
  page: readonly Entry[],
): boolean =>
  page.some(
    (entry) =>
      entry.kind === 'view' &&
      entry.view.type === 'rollback' &&
      entry.view.turnId === turnId &&
      entry.view.fromSeq <= seq &&
      seq <= entry.view.throughSeq,
  );
