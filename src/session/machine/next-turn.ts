/**
 * How turns begin and end inside a change: the first open turn starts, an open one moves to the
 * ledger, the next one follows.
 */

import { answeringOf } from '../../model/answering.ts';
import { wellCut } from '../../model/bounds.ts';
import { type TurnEventBody, type TurnFinished, turnFinished } from '../../model/event.ts';
import type { Every } from '../../model/every.ts';
import { type Execution, type Head, MAX_RESULT_LENGTH } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import { usdOf } from '../../model/money.ts';
import {
  awaitedRuns,
  type BegunTurn,
  type ClosedStatus,
  type ClosedTurn,
  type HooksPhase,
  type OpenTurn,
  runIdOf,
  type TurnError,
  type TurnFacts,
  type TurnOptions,
  type WorkPhase,
} from '../../model/turn.ts';
import { hasUnfinished, statusFrom } from '../../model/unfinished.ts';
import { emptyUsage } from '../../model/usage.ts';
import type { Status } from '../../model/words.ts';
import type { Draft } from './draft.ts';
import type { NewTurn } from './input.ts';
import { settleReserved } from './reserved.ts';
import { isSpent } from './turn-limits.ts';

/** A turn as it is accepted. */
export const queuedTurn = (turn: NewTurn, seq: number, nowMs: number) =>
  ({
    turnId: turn.turnId,
    status: 'queued',
    seq,
    lastSeq: seq,
    promptHash: turn.promptHash,
    acceptedAtMs: nowMs,
    startedAtMs: undefined,
    usage: emptyUsage,
    costNanoUsd: 0,
    steps: 0,
    attempt: 1,
    retries: 0,
    traceId: turn.traceId,
    options: turn.options,
    runs: 0,
    phase: undefined,
  }) as const satisfies OpenTurn;

/** Starts the first open turn that can still be paid. `body` is its prompt, where it is at hand. */
export const startNext = (draft: Draft, body: Uint8Array | undefined): void => {
  dropUnaffordable(draft);
  const [first] = draft.head.openTurns;
  if (first === undefined) return;
  draft.patch({ numTurns: draft.head.numTurns + 1 });
  if (draft.head.startedAtMs === undefined) draft.patch({ startedAtMs: draft.nowMs });
  publish(draft, first, { type: 'turn.started' });
  draft.effect({ type: 'see', seq: first.seq, body });
  const turn = { ...first, startedAtMs: draft.nowMs, options: optionsOf(first, draft.head) };
  const asks = draft.wantsHook('UserPromptSubmit') || draft.wantsHook('SessionStart');
  if (asks) startHooks(draft, turn, { event: 'UserPromptSubmit' });
  else startModel(draft, turn);
};

/** How it is answered stays as it was when the turn began: thinking must not change between two calls of tools. */
const optionsOf = ({ options }: OpenTurn, head: Head): TurnOptions => {
  const answering = answeringOf(options, head);
  return answering === undefined ? options : { ...options, ...answering };
};

/** The first turn's next model call, once there is money for it, as a run of its own: the outcome of an earlier one does not count any more. `tried`: calls that have failed. */
export const startModel = (draft: Draft, turn: OpenTurn, tried: number = 0): void => {
  const settled = settleReserved(draft, turn, 'lost');
  const run = settled.runs + 1;
  const kind = draft.isUnderBudget ? 'reserve' : 'model';
  const phase: WorkPhase = tried === 0 ? { kind, run } : { kind, run, tried };
  replaceFirst(draft, { ...settled, status: 'running', runs: run, phase });
  draft.effect({ type: 'startModel', runId: runIdOf(turn.turnId, run) });
};

/** Hooks are to be asked, as a run of their own. */
export const startHooks = (
  draft: Draft,
  turn: OpenTurn,
  about: Pick<HooksPhase, 'event' | 'stopReason'>,
): void => {
  const run = turn.runs + 1;
  const phase: HooksPhase = { kind: 'hooks', run, ...about };
  replaceFirst(draft, { ...turn, status: 'running', runs: run, phase });
  draft.effect({ type: 'startHooks' });
};

/** The same model call once more: what of it failed before still counts. */
export const startModelAgain = (draft: Draft, turn: BegunTurn): void =>
  startModel(draft, turn, turn.phase.tried);

/** Asks what the turn awaits to end: its outcome still comes. */
export const cancelRun = (draft: Draft, turn: OpenTurn): void => {
  for (const runId of awaitedRuns(turn)) draft.effect({ type: 'cancelRun', runId });
};

/** Puts what became of the first open turn in its place. */
export const replaceFirst = (draft: Draft, turn: OpenTurn): void =>
  draft.patch({ openTurns: [turn, ...draft.head.openTurns.slice(1)] });

/** Turns that waited while the money was spent: they end without a model call, and out of its view. */
const dropUnaffordable = (draft: Draft): void => {
  const [first] = draft.head.openTurns;
  if (first?.status !== 'queued' || !isSpent(draft.head)) return;
  const { turnId, seq } = first;
  const message = `the session has cost its ${draft.head.limits?.maxCostUsd} dollars`;
  const error = { code: 'budget_exceeded', message, retryable: false };
  draft.view({ type: 'rollback', fromSeq: seq, throughSeq: seq, turnId });
  closeTurn(draft, first, { status: 'failed', stopReason: null, error, text: '' });
  dropUnaffordable(draft);
};

export interface Closing {
  readonly status: ClosedStatus;
  readonly stopReason: string | null;
  readonly error?: TurnError | undefined;
  readonly text: string;
}

/** Moves an open turn to the ledger. The turns behind it are the caller's to start (`settle`). */
export const closeTurn = (draft: Draft, turn: OpenTurn, closing: Closing): void => {
  draft.patch({ openTurns: draft.head.openTurns.filter((open) => open.turnId !== turn.turnId) });
  if ('dueMs' in turn) letGo(draft, turn.turnId);
  if (draft.cancelling === turn.turnId) draft.cancelling = undefined;
  settleReserved(draft, turn, 'lost');
  if (turn.yields === 'rollback') takeBack(draft, turn);
  recordClosed(draft, closed(turn, asEnded(turn, closing), draft.nowMs), closing.text);
};

/** A turn that was yet to begin: it does, or it never will. */
export const letGo = (draft: Draft, turnId: TurnId): void => {
  const delayed = (draft.head.delayed ?? []).filter((turn) => turn.turnId !== turnId);
  draft.patch({ delayed: delayed.length === 0 ? undefined : delayed });
  draft.write({ type: 'prompt', turnId, body: undefined });
};

/** Not cancelled by a person: another turn took its place. One that ended before it heard of that is what it is. */
const asEnded = ({ yields }: OpenTurn, closing: Closing): Closing =>
  yields !== undefined && closing.status === 'cancelled'
    ? { ...closing, status: 'interrupted', error: INTERRUPTED }
    : closing;

const INTERRUPTED: TurnError = {
  code: 'interrupted',
  message: 'another turn took its place',
  retryable: false,
};

/** Takes what the turn wrote out of the model's view. */
export const takeBack = (draft: Draft, { seq, turnId, room }: OpenTurn): void => {
  draft.view({ type: 'rollback', fromSeq: seq, throughSeq: draft.head.seq, turnId });
  // What was summed up of it goes with it: the model sees again what it saw before.
  if (room?.before !== undefined) draft.patch({ compaction: room.before ?? undefined });
};

/** Each field by its name: all records of closed turns have one shape, and to spread is slow. */
const closed = (
  turn: OpenTurn,
  { status, stopReason, error }: Closing,
  nowMs: number,
): Every<ClosedTurn> => ({
  status,
  turnId: turn.turnId,
  seq: turn.seq,
  lastSeq: turn.lastSeq,
  promptHash: turn.promptHash,
  acceptedAtMs: turn.acceptedAtMs,
  startedAtMs: turn.startedAtMs,
  usage: turn.usage,
  costNanoUsd: turn.costNanoUsd,
  steps: turn.steps,
  attempt: turn.attempt,
  retries: turn.retries,
  cacheMisses: turn.cacheMisses,
  traceId: turn.traceId,
  finishedAtMs: nowMs,
  stopReason,
  error,
});

export const recordClosed = (draft: Draft, record: ClosedTurn, text: string): void => {
  const { startedAtMs, finishedAtMs } = record;
  if (startedAtMs !== undefined)
    draft.patch({ runMs: (draft.head.runMs ?? 0) + Math.max(0, finishedAtMs - startedAtMs) });
  draft.write({ type: 'turn', record });
  if (draft.auditsTurns) auditEnd(draft, record);
  publish(draft, record, turnFinished(record, text));
  draft.effect({ type: 'closed', record });
};

const auditEnd = (draft: Draft, record: ClosedTurn): void => {
  const { turnId, status: action, stopReason, costNanoUsd, error } = record;
  const costUsd = costNanoUsd === null ? null : usdOf(costNanoUsd);
  const details = { turnId, stopReason, costUsd, ...(error === undefined ? {} : { error }) };
  const by = 'greenroom';
  draft.write({ type: 'audit', record: { kind: 'turn', action, atMs: draft.nowMs, by, details } });
};

/** After a turn has closed: the next one starts, or the session rests. */
export const settle = (draft: Draft): void => {
  const last = draft.writes.findLast((write) => write.type === 'turn');
  if (draft.head.openTurns[0]?.status === 'queued') startNext(draft, undefined);
  const isDone =
    draft.head.mode === 'background' && !hasUnfinished(draft.head) && !draft.isTakingTurn;
  if (!isDone) return draft.patch({ status: statusFrom(draft.head) });
  const status = last?.record.status === 'completed' ? 'completed' : 'failed';
  endAs(draft, status, 'greenroom', draft.head.childOf === undefined ? result(draft) : undefined);
};

/** How the last turn ended that has closed. */
const lastFinished = ({ effects }: Draft): TurnFinished | undefined => {
  for (const effect of effects.toReversed())
    if (effect.type === 'publish' && effect.body.type === 'turn.finished') return effect.body;
  return undefined;
};

/** What a background session leaves: for its audit record, which goes out as an event too. */
const result = (draft: Draft): Readonly<Record<string, unknown>> | undefined => {
  const finished = lastFinished(draft);
  if (finished === undefined) return undefined;
  const { text, error, stopReason } = finished;
  const { costNanoUsd, unpricedAnswers } = draft.head;
  return {
    ...draft.bodies({ result: wellCut(text, MAX_RESULT_LENGTH) }),
    stopReason,
    costUsd: unpricedAnswers > 0 ? null : usdOf(costNanoUsd),
    ...(error === undefined ? {} : { error }),
  };
};

/** The run of a task ends with its session. */
const endedExecution = (draft: Draft, status: Status, execution: Execution): Execution => {
  const { text = '', error } = lastFinished(draft) ?? {};
  return status === 'completed'
    ? { ...execution, resultData: wellCut(text, MAX_RESULT_LENGTH), errorMessage: undefined }
    : { ...execution, errorMessage: error?.message ?? `the session was ${status}` };
};

/** The session takes no turn from now on. */
export const endAs = (
  draft: Draft,
  status: 'completed' | 'failed' | 'terminated',
  by: string,
  details?: Readonly<Record<string, unknown>>,
): void => {
  draft.patch({ status, completedAtMs: draft.nowMs });
  const { execution } = draft.head;
  if (execution !== undefined) draft.patch({ execution: endedExecution(draft, status, execution) });
  draft.audit(status, by, details);
  if (!draft.wantsHook('SessionEnd')) return;
  draft.effect({
    ...{ type: 'tellHooks', event: 'SessionEnd', turnId: undefined },
    ...{ subject: 'other', fields: { reason: 'other' } },
  });
};

export const publish = (
  draft: Draft,
  {
    turnId,
    attempt,
    traceId,
    lastSeq,
  }: Pick<TurnFacts, 'turnId' | 'attempt' | 'traceId' | 'lastSeq'>,
  body: TurnEventBody,
): void => draft.effect({ type: 'publish', turnId, attempt, traceId, lastSeq, body });
