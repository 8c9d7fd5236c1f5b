/**
 * A fork, computed from the committed head of its parent: where it branches off, and what it shares.
 * Reads a handful of entries around that place, however long the parent is.
 */
import { isToolUse } from '../../claude-code/api-blocks.ts';
import { readLine } from '../../claude-code/read-line.ts';
import { copiesInOnePass, emptyFacts, foldChunk } from '../../claude-code/transcript-facts.ts';
import { type Branch, branchOf, chosenBranch, forked, sees } from '../../model/branches.ts';
import type { Entry, MessageEntry, View } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import { decodeMessage } from '../context/model-message.ts';
import type { NewFork } from '../machine/new-fork.ts';
import type { KnownSession } from '../ports/journal.ts';
import { pagesOf } from '../ports/pages.ts';
import { compactionAt } from './compaction-at.ts';

export interface ForkPlace {
  readonly atSeq?: number | undefined;
  readonly atMessageId?: string | undefined;
  /** Default: the model's, or the one that the place is in. */
  readonly branch?: number | undefined;
}

/** Entries looked at in one go, back from the place of the fork. */
const LOOK_BACK = 4;

/** Throws `invalid_request` for a place that the parent does not have. @param rest lets others have their turn. */
export const prepareFork = async (
  session: KnownSession,
  place: ForkPlace,
  title: string | undefined,
  rest: () => Promise<void>,
): Promise<NewFork> => {
  const parent = session.head;
  const atSeq = await placeOf(session, place, rest);
  const branch = await branchAt(session, place, atSeq);
  const last = await lastMessage(session, atSeq, branch);
  const isOther = branch !== undefined && branch.number !== parent.branches?.chosen;
  const compaction = isOther ? branch.compaction : parent.compaction;
  return {
    parent,
    atSeq,
    title,
    messageCount: await messageCountAt(session, atSeq, last, rest),
    compaction: await compactionAt(session, compaction, atSeq),
    branches: branch && forked(branch, atSeq),
    views: [...waitingPrompts(parent, atSeq), ...repairOf(last)],
  };
};

const placeOf = async (
  session: KnownSession,
  { atSeq, atMessageId }: ForkPlace,
  rest: () => Promise<void>,
): Promise<number> => {
  const parent = session.head;
  if (atSeq !== undefined && atMessageId !== undefined)
    throw new GreenroomError('invalid_request', 'a fork is at a seq or at a message, not at both');
  if (atSeq !== undefined && atSeq > parent.seq)
    throw new GreenroomError(
      'invalid_request',
      `atSeq: the session has ${parent.seq} entries, there is none at ${atSeq}`,
    );
  if (atMessageId === undefined) return atSeq ?? parent.seq;
  const range = { from: 1, to: parent.seq, reverse: true };
  for await (const page of pagesOf(session, range, rest)) {
    const found = page.find((entry) => isCalled(entry, atMessageId));
    if (found !== undefined) return found.seq;
  }
  throw new GreenroomError('invalid_request', `atMessageId: no message is called ${atMessageId}`);
};

/** A message by its id; an imported line by its own, which Claude Code calls `uuid`, or its message's. */
const isCalled = (entry: Entry, id: string): boolean => {
  if (entry.kind === 'view') return false;
  if (entry.kind === 'message') return entry.id === id;
  if (!Buffer.from(entry.body).includes(id)) return false;
  const read = readLine(entry.body);
  if (read.kind !== 'objects') return false;
  return read.objects.some((line) => {
    const { uuid, message } = line as { uuid?: unknown; message?: { id?: unknown } | null };
    return uuid === id || message?.id === id;
  });
};

/** The last thing said at that place: a message that counts, or an imported line. */
const lastMessage = async (
  session: KnownSession,
  atSeq: number,
  branch: Branch | undefined,
): Promise<Entry | undefined> => {
  for (let to = atSeq; to > 0; to -= LOOK_BACK) {
    const page = await session.entries({ from: 1, to, limit: LOOK_BACK, reverse: true });
    const found = page.find(
      (entry) =>
        (entry.kind === 'imported' || isSaid(entry)) &&
        (branch === undefined || sees(branch, entry)),
    );
    if (found !== undefined) return found;
  }
  return undefined;
};

/** The branch that a fork goes on with; undefined: there is one only. Throws `invalid_request` where the parent has none of that number. */
const branchAt = async (
  session: KnownSession,
  place: ForkPlace,
  atSeq: number,
): Promise<Branch | undefined> => {
  const { branches } = session.head;
  const { branch: number } = place;
  if (number !== undefined) {
    const found = branches?.all.find((each) => each.number === number);
    if (found !== undefined) return found;
    throw new GreenroomError('invalid_request', `branch: there is no branch ${number}`);
  }
  if (branches === undefined) return undefined;
  if (place.atSeq === undefined && place.atMessageId === undefined) return chosenBranch(branches);
  const [entry] = atSeq === 0 ? [] : await session.entries({ from: atSeq, to: atSeq, limit: 1 });
  return (entry && branchOf(branches, entry)) ?? chosenBranch(branches);
};

const isSaid = (entry: Entry): entry is MessageEntry =>
  entry.kind === 'message' && entry.isPartial !== true;

const messageCountAt = async (
  session: KnownSession,
  atSeq: number,
  last: Entry | undefined,
  rest: () => Promise<void>,
): Promise<number> => {
  if (atSeq === session.head.seq) return session.head.messageCount;
  if (last === undefined) return 0;
  if (last.kind === 'message' && last.position !== undefined) return last.position;
  return countMessages(session, atSeq, rest);
};

/** Lines of other programs are not numbered as messages: those before the place are counted. */
const countMessages = async (
  session: KnownSession,
  atSeq: number,
  rest: () => Promise<void>,
): Promise<number> => {
  const isCopy = copiesInOnePass();
  let facts = emptyFacts;
  let messages = 0;
  for await (const page of pagesOf(session, { from: 1, to: atSeq }, rest)) {
    messages += page.filter(isSaid).length;
    const lines = page.flatMap((entry) => (entry.kind === 'imported' ? [entry.body] : []));
    facts = foldChunk(facts, lines, undefined, isCopy).facts;
  }
  return messages + facts.messageCount;
};

/** Prompts that wait for their turn in the parent: they are not the fork's to answer. */
const waitingPrompts = ({ openTurns }: Head, atSeq: number): readonly View[] =>
  openTurns
    .filter(({ status, seq }) => status === 'queued' && seq <= atSeq)
    .map(({ seq, turnId }) => ({ type: 'rollback', fromSeq: seq, throughSeq: seq, turnId }));

/** Branched off between a tool's use and its result: the model is told that there will be none. */
const repairOf = (last: Entry | undefined): readonly View[] => {
  if (last?.kind !== 'message' || last.role !== 'assistant') return [];
  const toolUseIds = decodeMessage(last.body).content.flatMap((block) =>
    isToolUse(block) ? [block.id] : [],
  );
  return toolUseIds.length === 0 ? [] : [{ type: 'repair', afterSeq: last.seq, toolUseIds }];
};
