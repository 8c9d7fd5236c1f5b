/** Which compaction was in force at an earlier place of a session: each names the one before it. */
import type { Compaction } from '../../model/compaction.ts';
import { given } from '../../model/given.ts';
import type { SessionReader } from '../ports/journal.ts';

/** @param last the one in force now, in the branch that the place is looked at in. */
export const compactionAt = async (
  session: SessionReader,
  last: Compaction | undefined,
  atSeq: number,
): Promise<Compaction | undefined> => {
  let found = last;
  while (found !== undefined && found.seq > atSeq) found = await compactionBefore(session, found);
  return found === undefined ? undefined : { ...found, lastCompactionTurn: 0 };
};

const compactionBefore = async (
  session: SessionReader,
  { seq }: Compaction,
): Promise<Compaction | undefined> => {
  const previousSeq = (await compactionView(session, seq))?.previousSeq;
  if (previousSeq === undefined || previousSeq >= seq) return undefined; // a walk must have an end
  const view = await compactionView(session, previousSeq);
  if (view?.fromSeq === undefined) return undefined;
  const { throughSeq, fromSeq, keptSeqs, isServers } = view;
  const found = { seq: previousSeq, throughSeq, fromSeq, lastCompactionTurn: 0 };
  return given<Compaction>({ ...found, keptSeqs, isServers });
};

const compactionView = async (session: SessionReader, seq: number) => {
  const [entry] = await session.entries({ from: seq, to: seq, limit: 1 });
  return entry?.kind === 'view' && entry.view.type === 'compaction' ? entry.view : undefined;
};
