/**
 * Which results of tools a session may clear now. In steps: each clearing changes the middle of what the model sees, so
 * that the API's cache begins anew there; one that follows the newest result at each call would never use it.
 */
import { inView } from '../../model/branches.ts';
import type { Clearing } from '../../model/compaction.ts';
import type { Entry } from '../../model/entry.ts';
import { firstSeenSeq, type Head } from '../../model/head.ts';
import { resultsIn } from '../context/cleared.ts';
import type { SessionReader } from '../ports/journal.ts';
import { pagesOf } from '../ports/pages.ts';

/** So many results more than are kept come together before the old ones go. */
const LEAST_STEP = 4;

export const clearingStep = (kept: number): number => Math.max(LEAST_STEP, kept);

/** Whether it is worth a look; a look reads what came since the last clearing. */
export const mayClear = ({ context, clearing, toolCallCount }: Head): boolean => {
  const kept = context?.keepToolResults;
  if (kept === undefined) return false;
  return toolCallCount - (clearing?.calls ?? 0) >= kept + clearingStep(kept);
};

/** @returns undefined: fewer results are in view than were counted. */
export const nextClearing = async (
  session: SessionReader,
  head: Head,
  rest: () => Promise<void>,
): Promise<Clearing | undefined> => {
  const kept = head.context?.keepToolResults ?? Infinity;
  const from = Math.max(firstSeenSeq(head), (head.clearing?.throughSeq ?? 0) + 1);
  const places: { readonly seq: number; readonly results: number }[] = [];
  for await (const page of pagesOf(session, { from, to: head.seq }, rest))
    for (const entry of inView(head.branches, page)) {
      const results = isShown(entry) ? resultsIn(entry.body) : 0;
      if (results > 0) places.push({ seq: entry.seq, results });
    }
  let behind = 0;
  for (const { seq, results } of places.toReversed()) {
    if (behind >= kept) return { throughSeq: seq, calls: head.toolCallCount - behind };
    behind += results;
  }
  return undefined;
};

const isShown = (entry: Entry): entry is Extract<Entry, { kind: 'message' }> =>
  entry.kind === 'message' && entry.role === 'user' && entry.isPartial !== true;
