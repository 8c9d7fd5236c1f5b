/**
 * What the outcome of a model step makes of its turn.
 *
 * 1. An outcome counts only for the run that the turn awaits: late ones are dropped.
 * 2. An answer that asks for tools is written with the phase that awaits them; where the turn ends with it, with results
 *    that say so. So no crash leaves an orphan `tool_use`.
 */

import { containerAfter } from '../../model/container.ts';
import type { MessageEntry } from '../../model/entry.ts';
import { withTools } from '../../model/tools-used.ts';
import {
  awaitedModelRun,
  type CacheMissed,
  type ClosedStatus,
  MAX_CACHE_MISSES,
  type OpenTurn,
  type TurnError,
} from '../../model/turn.ts';
import { addUsage } from '../../model/usage.ts';
import type { StepError, StepOutcome, ToolUse } from '../ports/executor.ts';
import { goOnCutOff, hasServerUse, saidIn } from './apply-cut-off.ts';
import { countRetries, postpone, turnError } from './apply-retries.ts';
import { countContext, makeRoom, noteServerCompaction, type RequestSize } from './apply-room.ts';
import { beginTools } from './apply-tools.ts';
import type { Draft } from './draft.ts';
import type { InputOf } from './input.ts';
import {
  closeTurn,
  publish,
  replaceFirst,
  settle,
  startHooks,
  startModel,
  takeBack,
} from './next-turn.ts';
import { costOfOutcome, reservedFor, settleReserved } from './reserved.ts';
import type { Rules } from './rules.ts';
import { modelOf, overLimit } from './turn-limits.ts';
import { noteApiCall } from './turn-records.ts';

export const finishStep = (draft: Draft, input: InputOf<'step'>, rules: Rules): void => {
  const turn = draft.head.openTurns[0];
  if (turn === undefined || awaitedModelRun(turn) !== input.runId) return;
  const outcome = priced(input.outcome, rules);
  const reserved = reservedFor(turn);
  const paid = settleReserved(draft, turn, costOfOutcome(outcome));
  const counted = countRetries(draft, paid, input.retries);
  if (outcome.type === 'postponed' && draft.cancelling !== turn.turnId)
    return postpone(draft, counted, outcome);
  if (draft.cancelling !== turn.turnId && makeRoom(draft, counted, input)) return;
  if (outcome.type === 'message')
    addAnswer(draft, counted, outcome, rules, { bytes: input.bytes, allBytes: reserved?.bytes });
  else if (outcome.type === 'counted')
    return; // no turn counts
  else if (!fallBack(draft, counted, outcome, rules)) endEarly(draft, counted, outcome);
  if (draft.head.openTurns[0]?.turnId !== turn.turnId) settle(draft);
};

const priced = (outcome: StepOutcome, { keepsCosts }: Rules): StepOutcome =>
  keepsCosts === false && outcome.type === 'message' ? { ...outcome, costNanoUsd: null } : outcome;

type Answered = Extract<StepOutcome, { type: 'message' }>;
type Ended = Exclude<StepOutcome, { type: 'message' | 'counted' }>;

const addAnswer = (
  draft: Draft,
  turn: OpenTurn,
  outcome: Answered,
  rules: Rules,
  size: RequestSize,
): void => {
  const isSeen = outcome.stopReason !== 'refusal' && !isEmpty(outcome.body);
  const seq = draft.message(
    { role: 'assistant', body: outcome.body, id: outcome.messageId, atMs: draft.nowMs },
    answerFacts(turn, outcome, isSeen),
  );
  for (const call of outcome.apiCalls ?? []) noteApiCall(draft, turn, call);
  let next = countAnswer(draft, turn, outcome, seq);
  countContext(draft, outcome, size);
  publish(draft, next, { type: 'message', seq, body: outcome.body });
  if (isSeen) draft.effect({ type: 'see', seq, body: outcome.body });
  if (isSeen && mayLackResults(outcome)) draft.effect({ type: 'forgetContext' });
  if (isSeen && outcome.hasCompacted === true) next = noteServerCompaction(draft, next, seq);
  const isCalling = isSeen && outcome.stopReason === 'tool_use' && outcome.toolUses.length > 0;
  if (isCalling && mayGoOn(draft, next, rules))
    return beginTools(draft, next, seq, outcome.toolUses);
  const answered = isSeen ? refuseTools(draft, next, outcome) : next;
  endOrGoOn(draft, answered, outcome, rules);
};

/** Of a tool that the API runs itself: the context is built anew then, which leaves such a use out where nothing goes on with it. */
const mayLackResults = ({ stopReason, body }: Answered): boolean =>
  stopReason !== 'end_turn' && stopReason !== 'tool_use' && hasServerUse(body);

const mayGoOn = (draft: Draft, turn: OpenTurn, rules: Rules): boolean =>
  draft.cancelling !== turn.turnId && overLimit(draft.head, turn, rules) === undefined;

const answerFacts = (turn: OpenTurn, outcome: Answered, isSeen: boolean): Partial<MessageEntry> => {
  const facts: Partial<MessageEntry> = {
    turnId: turn.turnId,
    model: outcome.model,
    provider: outcome.provider,
    stopReason: outcome.stopReason,
    usage: outcome.usage,
    costNanoUsd: outcome.costNanoUsd,
  };
  return isSeen ? facts : { ...facts, isPartial: true };
};

/** An answer without a block is legal from the API and illegal to send back. */
const isEmpty = (body: Uint8Array): boolean => Buffer.from(body.slice(-3)).toString() === '[]}';

const countAnswer = (draft: Draft, turn: OpenTurn, outcome: Answered, seq: number): OpenTurn => {
  const { head } = draft;
  const { usage, costNanoUsd, toolUses } = outcome;
  let next: OpenTurn = {
    ...turn,
    lastSeq: seq,
    steps: turn.steps + 1,
    usage: addUsage(turn.usage, usage),
    costNanoUsd:
      costNanoUsd === null || turn.costNanoUsd === null ? null : turn.costNanoUsd + costNanoUsd,
  };
  // It fitted: the next call is looked at anew.
  if (turn.room?.must === true) next = { ...next, room: { ...turn.room, must: undefined } };
  // What comes behind tools is another answer.
  if (turn.room?.said !== undefined && outcome.stopReason === 'tool_use')
    next = { ...next, room: { ...next.room, said: undefined } };
  const missed = outcome.cacheMiss && withMiss(turn.cacheMisses, outcome.cacheMiss);
  if (missed !== undefined) next = { ...next, cacheMisses: missed };
  draft.patch({
    toolsFound: withTools(head.toolsFound, outcome.toolsFound),
    container: containerAfter(head.container, outcome.container, draft.nowMs),
    lastAnswerId: draft.diagnosesCache ? outcome.messageId : undefined,
    openTurns: [next, ...head.openTurns.slice(1)],
    usage: addUsage(head.usage, usage),
    costNanoUsd: head.costNanoUsd + (costNanoUsd ?? 0),
    unpricedAnswers: head.unpricedAnswers + (costNanoUsd === null ? 1 : 0),
    toolCallCount: head.toolCallCount + toolUses.length,
    toolsUsed: withTools(withTools(head.toolsUsed, outcome.toolsRun), namesOf(toolUses)),
    provider: head.provider ?? outcome.provider,
  });
  return next;
};

const withMiss = (misses: OpenTurn['cacheMisses'] = [], miss: CacheMissed) =>
  misses.length < MAX_CACHE_MISSES ? [...misses, miss] : misses;

/** Mostly there are none: then nothing is made. */
const namesOf = (toolUses: readonly ToolUse[]): readonly string[] | undefined =>
  toolUses.length === 0 ? undefined : toolUses.map(({ name }) => name);

/** The turn ends with this answer, so its tools do not run; an answer that was cut off may hold half an input. */
const refuseTools = (draft: Draft, turn: OpenTurn, outcome: Answered): OpenTurn => {
  const { toolUses, stopReason } = outcome;
  if (toolUses.length === 0) return turn;
  const reason =
    stopReason === 'tool_use'
      ? 'It did not run: the turn ends here.'
      : `It did not run: the answer ended early (${stopReason}).`;
  const content = toolUses.map(({ id }) => ({
    ...{ type: 'tool_result', tool_use_id: id, is_error: true, content: reason },
  }));
  const body = Buffer.from(JSON.stringify({ role: 'user', content }));
  for (const { id, name } of toolUses)
    publish(draft, turn, { type: 'tool.refused', toolUseId: id, toolName: name, reason });
  const seq = draft.message({ role: 'user', body, atMs: draft.nowMs }, { turnId: turn.turnId });
  publish(draft, turn, { type: 'message', seq, body });
  draft.effect({ type: 'see', seq, body });
  const next = { ...turn, lastSeq: seq };
  replaceFirst(draft, next);
  return next;
};

/** `tool_use` and `pause_turn` want another model call; everything else ends the turn. */
const endOrGoOn = (draft: Draft, turn: OpenTurn, outcome: Answered, rules: Rules): void => {
  const { stopReason } = outcome;
  const text = saidIn(turn.room, outcome.text);
  const close = (status: ClosedStatus, reason: string | null, error?: TurnError) =>
    closeTurn(draft, turn, { status, stopReason: reason, text, error });
  if (draft.cancelling === turn.turnId) return close('cancelled', stopReason);
  if (stopReason === 'refusal') {
    takeBack(draft, turn);
    return close('failed', stopReason, {
      code: 'refusal',
      message: 'the model refused; the turn is out of its view',
      retryable: false,
    });
  }
  if (stopReason !== 'tool_use' && stopReason !== 'pause_turn') {
    if (goOnCutOff(draft, turn, outcome, rules)) return;
    const event = draft.head.childOf === undefined ? 'Stop' : 'SubagentStop';
    if (stopReason === 'end_turn' && draft.wantsHook(event))
      return startHooks(draft, turn, { event, stopReason });
    return close('completed', stopReason);
  }
  const limit = overLimit(draft.head, turn, rules);
  if (limit !== undefined) return close('completed', limit);
  startModel(draft, turn);
};

/**
 * The model does not answer, however often it is asked: the session's other one answers the rest of the turn. False:
 * there is none, or it would not help.
 */
const fallBack = (draft: Draft, turn: OpenTurn, outcome: StepOutcome, rules: Rules): boolean => {
  const { head } = draft;
  const { fallbackModel } = head;
  if (outcome.type !== 'failed' || !outcome.error.retryable) return false;
  if (fallbackModel === undefined || draft.cancelling === turn.turnId) return false;
  if (modelOf(head, turn.options.model, rules) === fallbackModel) return false;
  const isLimited =
    draft.isUnderBudget || (turn.options.maxCostUsd ?? head.limits?.maxCostUsd) !== undefined;
  if (isLimited && !rules.hasPrice(fallbackModel, draft.nowMs)) return false;
  const { error } = outcome;
  const again = countRetries(draft, turn, 1);
  publish(draft, again, { type: 'retry', delayMs: 0, error, model: fallbackModel });
  startModel(draft, { ...again, options: { ...again.options, model: fallbackModel } });
  return true;
};

/** A step that gave no message: what it had said is kept for people, never for the model. */
const endEarly = (draft: Draft, turn: OpenTurn, outcome: Ended): void => {
  let ended = turn;
  // Its last answer may have waited for this call to go on with it.
  if (turn.steps > 0) draft.effect({ type: 'forgetContext' });
  const text = 'partialText' in outcome ? outcome.partialText : '';
  if (text !== '') {
    const body = Buffer.from(JSON.stringify({ role: 'assistant', content: text }));
    const facts = { turnId: turn.turnId, isPartial: true };
    ended = {
      ...turn,
      lastSeq: draft.message({ role: 'assistant', body, atMs: draft.nowMs }, facts),
    };
  }
  if (outcome.type === 'cancelled' || draft.cancelling === turn.turnId)
    return closeTurn(draft, ended, { status: 'cancelled', stopReason: null, text });
  const error = turnError(outcome.error);
  if (turn.steps === 0 && isRefusedPrompt(outcome.error)) takeBack(draft, ended);
  draft.patch({ errorCount: draft.head.errorCount + 1, lastError: error });
  closeTurn(draft, ended, { status: 'failed', stopReason: null, error, text });
};

/** The request itself is wrong: with this prompt in view every later turn would fail like this one. */
const isRefusedPrompt = ({ status, retryable }: StepError): boolean =>
  !retryable && (status === 400 || status === 413);
