/**
 * A turn that needs room: its next model call would not fit into the window, or did not. A summary is one more run of
 * the turn, in the place of that call; what came of it is committed, and the call is made behind it.
 *
 * 1. Its tokens and its money are the turn's and the session's, as those of an answer; it is no step.
 * 2. A call that the API has refused as too long is made once more, behind a compaction; the next refusal ends the turn.
 * 3. Where no summary can be had the turn goes on without: the API has the last word. Where that refuses it, what could not
 *    be summed up is left out of view, or the session could never go on.
 */

import type { TurnRoom } from '../../model/compaction.ts';
import { firstSeenSeq } from '../../model/head.ts';
import { awaitedModelRun, type BegunTurn, type OpenTurn } from '../../model/turn.ts';
import { statusFrom } from '../../model/unfinished.ts';
import { addUsage, promptTokens } from '../../model/usage.ts';
import type { StepError, StepOutcome } from '../ports/executor.ts';
import { countRetries, postpone } from './apply-retries.ts';
import { addCompaction } from './apply-views.ts';
import type { Draft } from './draft.ts';
import type { InputOf } from './input.ts';
import {
  closeTurn,
  publish,
  replaceFirst,
  settle,
  startModel,
  startModelAgain,
} from './next-turn.ts';
import { costOfOutcome, settleReserved } from './reserved.ts';
import type { Rules } from './rules.ts';
import { overLimit } from './turn-limits.ts';

type Answered = Extract<StepOutcome, { type: 'message' }>;

/** A summary was asked for, and this came. */
export const finishSummary = (draft: Draft, input: InputOf<'summed'>, rules: Rules): void => {
  const turn = draft.head.openTurns[0];
  if (turn?.phase === undefined || awaitedModelRun(turn) !== input.runId) return;
  const { outcome } = input;
  const paid = settleReserved(draft, turn, costOfOutcome(outcome));
  const counted = countRetries(draft, paid, input.retries) as BegunTurn;
  if (outcome.type === 'postponed' && draft.cancelling !== turn.turnId)
    return postpone(draft, counted, outcome);
  if (outcome.type === 'message') countContext(draft, outcome, { bytes: input.bytes });
  const next = outcome.type === 'message' ? spend(draft, counted, outcome) : counted;
  if (outcome.type === 'cancelled' || draft.cancelling === turn.turnId) {
    closeTurn(draft, next, { status: 'cancelled', stopReason: null, text: '' });
    return settle(draft);
  }
  goOn(draft, next, input, rules);
};

const goOn = (
  draft: Draft,
  turn: OpenTurn,
  { outcome, summary, tokens, place, bytes }: InputOf<'summed'>,
  rules: Rules,
): void => {
  if (summary === undefined) noteSize(draft, errorOf(outcome), bytes);
  const said = summary ?? leftOut(turn, outcome);
  if (said === undefined)
    return startModel(draft, { ...turn, room: withoutSummary(turn.room, errorOf(outcome)) });
  // Somebody has compacted, or replaced, more than that meanwhile.
  if (place.throughSeq < firstSeenSeq(draft.head)) return startModel(draft, turn);
  const room = compactTurn(draft, turn, place, said);
  publish(draft, turn, { type: 'compacted', throughSeq: place.throughSeq, tokens });
  const limit = overLimit(draft.head, turn, rules);
  if (limit === undefined) return startModel(draft, { ...turn, room });
  closeTurn(draft, turn, { status: 'completed', stopReason: limit, text: '' });
  settle(draft);
};

const errorOf = (outcome: StepOutcome): StepError | undefined =>
  outcome.type === 'failed' ? outcome.error : undefined;

/**
 * The API takes the call only without its beginning, and the model gives no summary of that, however it is asked: then it
 * goes without. Undefined: the call may still be made, or another summary may come.
 */
const leftOut = ({ room = {} }: OpenTurn, outcome: StepOutcome): string | undefined => {
  const error = errorOf(outcome);
  const mayCome = error?.retryable === true || isShorter(room, error);
  return room.must === true && !mayCome ? LEFT_OUT : undefined;
};

const LEFT_OUT =
  'What was said before this is not shown: it was too long, and no summary of it could be made.';

const isShorter = ({ halvings = 0 }: TurnRoom, error: StepError | undefined): boolean =>
  error?.tooLong !== undefined && halvings < MOST_HALVINGS;

/** Too long itself: the next one is half as long, some times; any other failure is the last. */
const withoutSummary = (room: TurnRoom = {}, error: StepError | undefined): TurnRoom => {
  if (isShorter(room, error)) return { ...room, halvings: (room.halvings ?? 0) + 1 };
  return { ...room, must: undefined, failed: true };
};

const MOST_HALVINGS = 5;

/** Of a request: as text, and with the data of images, where that is known. */
export interface RequestSize {
  readonly bytes: number | undefined;
  readonly allBytes?: number | undefined;
}

/** How many tokens the request's bytes were: what later ones are estimated by. */
export const countContext = (
  draft: Draft,
  outcome: Answered,
  { bytes = 0, allBytes }: RequestSize,
): void => {
  const tokens = outcome.contextTokens ?? promptTokens(outcome.usage);
  // What the API has summed up by itself was in the bytes, and is not in these tokens.
  if (bytes === 0 || tokens === 0 || outcome.hasCompacted === true) return;
  const isFull = outcome.stopReason === 'model_context_window_exceeded';
  const windowTokens = isFull
    ? tokens + outcome.usage.outputTokens
    : draft.head.contextUse?.windowTokens;
  draft.patch({ contextUse: { tokens, bytes, windowTokens, allBytes } });
};

/** Puts the summary in the place of what it is of. @returns what the turn knows of it. */
const compactTurn = (
  draft: Draft,
  { turnId, seq, room = {} }: OpenTurn,
  { throughSeq, keptSeqs }: InputOf<'summed'>['place'],
  summary: string,
): TurnRoom => {
  const { compaction } = draft.head;
  const isWithin = throughSeq > seq;
  addCompaction(draft, {
    ...{ throughSeq, summary, keptSeqs },
    ...(isWithin ? { turnId } : {}),
  });
  draft.audit('compacted', 'greenroom', { throughSeq, turnId });
  const before = isWithin && room.before === undefined ? (compaction ?? null) : room.before;
  return { ...room, must: undefined, halvings: undefined, before };
};

const spend = (draft: Draft, turn: BegunTurn, { usage, costNanoUsd }: Answered): BegunTurn => {
  const { head } = draft;
  draft.patch({
    usage: addUsage(head.usage, usage),
    costNanoUsd: head.costNanoUsd + (costNanoUsd ?? 0),
    unpricedAnswers: head.unpricedAnswers + (costNanoUsd === null ? 1 : 0),
  });
  const isKnown = costNanoUsd !== null && turn.costNanoUsd !== null;
  return {
    ...turn,
    usage: addUsage(turn.usage, usage),
    costNanoUsd: isKnown ? turn.costNanoUsd + costNanoUsd : null,
  };
};

/** What the API has said of a request that it refused. */
export const noteSize = (
  draft: Draft,
  error: StepError | undefined,
  bytes: number | undefined,
): void => {
  const { tokens, windowTokens } = error?.tooLong ?? {};
  if (tokens === undefined || bytes === undefined || bytes === 0) return;
  draft.patch({ contextUse: { tokens, bytes, windowTokens } });
};

/** The call was too long. @returns false: it has been so before, or nobody is to make room. */
export const makeRoom = (draft: Draft, turn: OpenTurn, input: InputOf<'step'>): boolean => {
  const { outcome, bytes } = input;
  if (outcome.type !== 'failed' || outcome.error.tooLong === undefined) return false;
  if (turn.room?.overflowed === true || !draft.mayCompact) return false;
  noteSize(draft, outcome.error, bytes);
  const room = { ...turn.room, must: true, overflowed: true, failed: undefined } as const;
  startModel(draft, { ...turn, room });
  draft.patch({ status: statusFrom(draft.head) });
  return true;
};

/** Results of tools go out of view before the call, which is made as another run. */
export const clearResults = (draft: Draft, { runId, clearing }: InputOf<'cleared'>): void => {
  const [turn] = draft.head.openTurns;
  if (turn?.phase === undefined || awaitedModelRun(turn) !== runId) return;
  draft.view({ type: 'clearing', throughSeq: clearing.throughSeq });
  draft.patch({ clearing });
  startModelAgain(draft, settleReserved(draft, turn, 0) as BegunTurn);
};

/**
 * The API has summed up all that it was sent: its summary stands at the beginning of the answer, and what is before that
 * is not sent again. Prompts that wait were not among it.
 */
export const noteServerCompaction = (draft: Draft, turn: OpenTurn, seq: number): OpenTurn => {
  const { compaction, openTurns, contextUse } = draft.head;
  const { turnId, room = {} } = turn;
  const keptSeqs = openTurns.slice(1).flatMap((open) => (open.seq < seq ? [open.seq] : []));
  const throughSeq = seq - 1;
  addCompaction(draft, { throughSeq, summary: '', keptSeqs, isServers: true, turnId });
  draft.audit('compacted', 'api', { throughSeq, turnId });
  publish(draft, turn, { type: 'compacted', throughSeq, tokens: contextUse?.tokens ?? 0 });
  const before = room.before === undefined ? (compaction ?? null) : room.before;
  const next = { ...turn, room: { ...room, before } };
  replaceFirst(draft, next);
  return next;
};
