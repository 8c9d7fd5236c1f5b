/**
 * What the model is asked when a turn needs room: the older part of what it sees, and to sum that up. However long a
 * session is, no more of it is read than one request can hold.
 */
import { inView } from '../../model/branches.ts';
import type { Entry } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import { firstSeenSeq, type Head } from '../../model/head.ts';
import { inheritedThrough } from '../../model/segments.ts';
import type { OpenTurn } from '../../model/turn.ts';
import { Context } from '../context/context.ts';
import type { Historian } from '../context/historian.ts';
import { MAX_INLINE_BYTES } from '../context/history.ts';
import { modelMessages } from '../context/model-messages.ts';
import { weightOf } from '../context/weight.ts';
import { bytesOf, type Window } from '../context/window.ts';
import type { Slabs } from '../memory/slabs.ts';
import type { SessionReader } from '../ports/journal.ts';
import { pagesOf } from '../ports/pages.ts';
import { shortened } from './shortened.ts';
import { type Cut, type CutSizes, chooseCut } from './summary-cut.ts';
import { summaryQuestion } from './summary-question.ts';

export interface CutWish {
  readonly session: SessionReader;
  readonly head: Head;
  readonly window: Window;
  readonly rest: () => Promise<void>;
}

export interface SummaryWish extends CutWish {
  readonly turn: OpenTurn;
  readonly model: string;
  readonly slabs: Slabs;
  /** Absent while it is restarting. */
  readonly historian: Historian | undefined;
}

export interface TurnSummary {
  readonly cut: Cut;
  /** What is asked; whoever gets it frees it. */
  readonly context: Context;
}

/** Of the limit: less is left alone, unless the API has refused it. */
const LEAST_PART = 0.1;
const KEPT_OF_REFUSED = 0.25;

/** What a compaction would sum up now; undefined: nothing that is worth it. */
export const plannedCut = async (wish: CutWish): Promise<Cut | undefined> => {
  const sizes = sizesOf(wish, wish.head.openTurns[0]);
  const { entries, isWhole } = await readSeen(wish, sizes);
  return chooseCut(entries, isWhole, wish.head, sizes);
};

/** @returns undefined: there is nothing that is worth it. */
export const turnSummary = async (wish: SummaryWish): Promise<TurnSummary | undefined> => {
  const sizes = sizesOf(wish, wish.turn);
  const { entries, isWhole, bytes } = await readSeen(wish, sizes);
  // What was refused is too long, whatever is believed of the window: most of it goes.
  const most = wish.turn.room?.must === true ? bytes * KEPT_OF_REFUSED : Infinity;
  const kept = Math.min(sizes.kept, most);
  const cut = chooseCut(entries, isWhole, wish.head, { ...sizes, kept });
  if (cut === undefined) return undefined;
  const { head } = wish;
  const waiting = new Set(head.openTurns.slice(1).map(({ seq }) => seq));
  const before = entries.filter(
    ({ kind, seq }) => kind === 'view' || (seq <= cut.throughSeq && !waiting.has(seq)),
  );
  const context = await gathered(before, sizes.chunk, wish);
  context.add(summaryQuestion(head.context));
  return { cut, context };
};

/** Many foreign lines are parsed on another thread. */
const gathered = async (
  entries: readonly Entry[],
  mostBytes: number,
  { head, turn, model, slabs, historian }: SummaryWish,
): Promise<Context> => {
  const options = {
    model,
    throughTurnId: turn.turnId,
    inheritedThrough: inheritedThrough(head.segments),
  };
  const foreign = entries.reduce(
    (sum, { kind, ...entry }) =>
      'body' in entry && kind === 'imported' ? sum + entry.body.byteLength : sum,
    0,
  );
  if (foreign <= MAX_INLINE_BYTES)
    return new Context(slabs, shortened(modelMessages(entries, options).messages, mostBytes));
  if (historian === undefined)
    throw new GreenroomError('unavailable', 'the historian is restarting');
  return Context.joined(slabs, await historian.build(async () => entries, options));
};

const sizesOf = ({ head, window }: CutWish, turn: OpenTurn | undefined): CutSizes => {
  const { must, halvings = 0 } = turn?.room ?? {};
  const bytes = (tokens: number) => bytesOf(tokens, head.contextUse);
  return {
    kept: bytes(window.kept),
    chunk: bytes(window.chunk) / 2 ** halvings,
    least: must === true ? 1 : bytes(window.limit) * LEAST_PART,
  };
};

/** What the model sees, or so much of the beginning as a request can hold and something to cut behind. */
const readSeen = async (
  { session, head, rest }: CutWish,
  { kept, chunk }: CutSizes,
): Promise<{ entries: readonly Entry[]; isWhole: boolean; bytes: number }> => {
  const from = firstSeenSeq(head);
  const entries: Entry[] = [];
  for (const seq of asideOf(head, from))
    entries.push(...(await session.entries({ from: seq, to: seq, limit: 1 })));
  let bytes = 0;
  for await (const page of pagesOf(session, { from, to: head.seq }, rest)) {
    const isEnough = bytes > chunk + 2 * kept;
    const seen = inView(head.branches, page);
    entries.push(...seen);
    for (const entry of seen) if (isSeen(entry)) bytes += weightOf(entry.body);
    const isWhole = page.at(-1)?.seq === head.seq;
    if (isEnough) return { entries: inOrder(entries), isWhole, bytes };
  }
  return { entries: inOrder(entries), isWhole: true, bytes };
};

/** The prompts that were kept, and the summary, which may stand far behind what it is of. */
const asideOf = ({ compaction }: Head, from: number): readonly number[] =>
  compaction === undefined
    ? []
    : [...(compaction.keptSeqs ?? []), compaction.seq].filter((seq) => seq !== from);

const isSeen = (entry: Entry): entry is Exclude<Entry, { kind: 'view' }> =>
  entry.kind === 'imported' || (entry.kind === 'message' && entry.isPartial !== true);

/** Each once: the summary's entry may have been read on the way too. */
const inOrder = (entries: readonly Entry[]): readonly Entry[] =>
  [...new Map(entries.map((entry) => [entry.seq, entry])).values()].sort((a, b) => a.seq - b.seq);
