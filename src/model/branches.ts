/**
 * The branches of a session that two programs went on with: an imported transcript that another program writes on, and what
 * was said here behind it. All of it is stored in one row of entries; a branch says which of them the model sees.
 *
 * 1. One branch is the model's. What the other program adds goes to the one that is open, whichever is the model's.
 * 2. A choice changes which branch that is, and nothing that is stored. Before a person chooses, it is what was said here.
 * 3. Entries of this session (messages, views) belong to the branch that was the model's when they were written; foreign
 *    lines to every branch that does not end before them.
 */
import type { Clearing, Compaction } from './compaction.ts';
import type { Entry } from './entry.ts';
import { given } from './given.ts';

/** From one entry to another; without an end it goes on. */
export interface BranchSpan {
  readonly fromSeq: number;
  readonly throughSeq?: number | undefined;
}

export interface Branch {
  readonly number: number;
  /** The last foreign line that it sees; absent: it sees all, also those that are yet to come. */
  readonly throughSeq?: number | undefined;
  /** Where the entries of this session are its own; in order. */
  readonly spans: readonly BranchSpan[];
  /** Of a branch that is not the model's: what its view begins with, and what is cleared in it. */
  readonly compaction?: Compaction | undefined;
  readonly clearing?: Clearing | undefined;
}

export interface Branches {
  /** Number of the one that the model sees. */
  readonly chosen: number;
  readonly all: readonly Branch[];
}

/** Choices and branches of one session: each is in its head, which every commit writes. */
export const MAX_BRANCH_SPANS = 200;

/** A session that is not divided. */
const WHOLE: Branches = { chosen: 1, all: [{ number: 1, spans: [{ fromSeq: 1 }] }] };

const liesIn = (seq: number, { fromSeq, throughSeq = Infinity }: BranchSpan): boolean =>
  fromSeq <= seq && seq <= throughSeq;

export const sees = (
  { throughSeq = Infinity, spans }: Branch,
  { kind, seq }: Pick<Entry, 'kind' | 'seq'>,
): boolean => (kind === 'imported' ? seq <= throughSeq : spans.some((span) => liesIn(seq, span)));

export const chosenBranch = ({ chosen, all }: Branches): Branch => {
  const found = all.find(({ number }) => number === chosen);
  if (found === undefined) throw new TypeError(`there is no branch ${chosen}`);
  return found;
};

/** Those that the model sees, of entries of the main transcript. */
export const inView = <E extends Pick<Entry, 'kind' | 'seq'>>(
  branches: Branches | undefined,
  entries: readonly E[],
): readonly E[] => {
  if (branches === undefined) return entries;
  const branch = chosenBranch(branches);
  return entries.filter((entry) => sees(branch, entry));
};

/** As much of it as there was at that entry. */
export const branchUpTo = ({ number, throughSeq, spans }: Branch, seq: number): Branch => ({
  number,
  ...(throughSeq === undefined ? {} : { throughSeq: Math.min(throughSeq, seq) }),
  spans: spans
    .filter(({ fromSeq }) => fromSeq <= seq)
    .map(({ fromSeq, throughSeq: end = seq }) => ({ fromSeq, throughSeq: Math.min(end, seq) })),
});

/**
 * The other program has said something behind what was said here: the model's branch ends before that, and
 * what it saw before is where the other one begins.
 *
 * @param throughSeq the last entry before what was said here.
 * @param compaction the one that was in force there.
 */
export const divided = (
  before: Branches | undefined,
  throughSeq: number,
  compaction: Compaction | undefined,
  { clearing }: Pick<Branch, 'clearing'>,
): Branches => {
  const { chosen, all } = before ?? WHOLE;
  const ours = chosenBranch({ chosen, all });
  const number = Math.max(...all.map((branch) => branch.number)) + 1;
  const { throughSeq: _, ...shared } = branchUpTo(ours, throughSeq);
  const theirs = given<Branch>({ ...shared, number, compaction, clearing });
  const ends = Math.min(ours.throughSeq ?? throughSeq, throughSeq);
  const ended = all.map((branch) => (branch === ours ? { ...branch, throughSeq: ends } : branch));
  return { chosen, all: [...ended, theirs] };
};

/** Whether the model's branch takes in what the other program adds: nothing was said here that keeps it apart. */
export const isOpen = (branches: Branches | undefined): boolean =>
  branches === undefined || chosenBranch(branches).throughSeq === undefined;

/** What the model's view begins with in a branch that is left, or turned to. */
export type BranchView = Pick<Branch, 'compaction' | 'clearing'>;

/** Another branch is the model's from the next entry on. @param seq the last entry before. */
export const choose = (
  { chosen, all }: Branches,
  number: number,
  seq: number,
  left: BranchView,
): Branches => ({
  chosen: number,
  all: all.map((branch): Branch => {
    if (branch.number === chosen)
      return given<Branch>({ ...branch, ...left, spans: closed(branch.spans, seq) });
    if (branch.number !== number) return branch;
    const { compaction: _, clearing: __, ...rest } = branch;
    return { ...rest, spans: [...branch.spans, { fromSeq: seq + 1 }] };
  }),
});

/** A span in which nothing was written leaves no trace, so that choosing back and forth costs nothing. */
const closed = (spans: readonly BranchSpan[], seq: number): readonly BranchSpan[] =>
  spans.flatMap((span) => {
    if (span.throughSeq !== undefined) return [span];
    return span.fromSeq > seq ? [] : [{ ...span, throughSeq: seq }];
  });

/** Which branch an entry is of: the model's if it sees it, else the first that does. */
export const branchOf = (
  branches: Branches,
  entry: Pick<Entry, 'kind' | 'seq'>,
): Branch | undefined =>
  [chosenBranch(branches), ...branches.all].find((branch) => sees(branch, entry));

/** What a fork has of its parent's branch: it alone, up to where it begins, and then what is said in the fork. */
export const forked = (branch: Branch, atSeq: number): Branches => {
  const { throughSeq: ends, ...shared } = branchUpTo(branch, atSeq);
  const isWhole = ends === undefined || ends >= atSeq;
  return {
    chosen: branch.number,
    all: [
      {
        ...shared,
        ...(isWhole ? {} : { throughSeq: ends }),
        spans: [...shared.spans, { fromSeq: atSeq + 1 }],
      },
    ],
  };
};
