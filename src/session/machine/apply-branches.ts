/** Branches of a session that two programs went on with: that it is divided, and which one a person chooses. */
import { choose, chosenBranch, MAX_BRANCH_SPANS } from '../../model/branches.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { Draft } from './draft.ts';
import type { InputOf } from './input.ts';

/** What an import has laid over the head may divide the session: that is audited, with what a person chooses by. */
export const noteDivision = (draft: Draft, { branches }: Head, by: string): void => {
  if (branches === undefined || branches === draft.head.branches) return;
  const branch = Math.max(...branches.all.map(({ number }) => number));
  const { number, throughSeq } = chosenBranch(branches);
  draft.audit('divided', by, { throughSeq, chosen: number, branch });
};

/** Choosing the one that is chosen changes nothing. */
export const chooseBranch = (draft: Draft, { number, by }: InputOf<'chooseBranch'>): void => {
  const { head } = draft;
  const { branches, compaction, clearing } = head;
  draft.answer = { type: 'session' };
  const branch = branches?.all.find((each) => each.number === number);
  if (branches === undefined || branch === undefined)
    throw new GreenroomError('invalid_request', `branch: there is no branch ${number}`, {
      details: { branches: (branches?.all ?? []).map((each) => each.number) },
    });
  if (branches.chosen === number) return;
  if (head.openTurns.length > 0)
    throw new GreenroomError(
      'invalid_state',
      'a turn is open: choose when it has finished, or cancel it',
    );
  const spans = branches.all.reduce((sum, each) => sum + each.spans.length, 0);
  if (spans >= MAX_BRANCH_SPANS)
    throw new GreenroomError(
      'too_large',
      `the session has changed its branch too often (${MAX_BRANCH_SPANS}): fork the other one`,
    );
  draft.patch({
    branches: choose(branches, number, head.seq, { compaction, clearing }),
    compaction: branch.compaction,
    clearing: branch.clearing,
  });
  draft.effect({ type: 'forgetContext' });
  draft.audit('branched', by, { was: branches.chosen, branch: number });
};
