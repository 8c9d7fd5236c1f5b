/**
 * The turn's part of the state machine: accept, reject, cancel, resume. What its steps make of it is
 * in `apply-step-outcome.ts`.
 *
 * The first open turn is the one that runs; the others are queued in order of acceptance.
 */

import { GreenroomError } from '../../model/errors.ts';
import type { TurnEventBody } from '../../model/event.ts';
import type { Head, Settings } from '../../model/head.ts';
import {
  awaitedRuns,
  type BegunTurn,
  type ClosedTurn,
  type OpenTurn,
  type TurnRecord,
} from '../../model/turn.ts';
import { statusFrom, unfinishedTurns } from '../../model/unfinished.ts';
import { emptyUsage } from '../../model/usage.ts';
import { addTags } from '../../tags/tags.ts';
import { expireCalls } from './apply-approvals.ts';
import { delayTurn } from './apply-delayed.ts';
import { endIdle } from './apply-ends.ts';
import { endOpen, endYielding, makeRoom } from './apply-interruption.ts';
import { lookAtBudget } from './apply-money.ts';
import { loseCalls } from './apply-tools.ts';
import { type Draft, makeIfAbsent } from './draft.ts';
import type { Input, InputOf, NewTurn } from './input.ts';
import {
  publish,
  queuedTurn,
  recordClosed,
  settle,
  startHooks,
  startModelAgain,
  startNext,
} from './next-turn.ts';
import type { Rules } from './rules.ts';
import { isLater, mustTakeTurn, policyOf } from './turn-limits.ts';

export const acceptTurn = (
  draft: Draft,
  turn: NewTurn,
  known: ClosedTurn | undefined,
  rules: Rules,
): void => {
  if (answerKnown(draft, turn, known)) return;
  if (draft.head.version === 0 && !turn.create)
    throw new GreenroomError(
      'session_not_found',
      `there is no session ${draft.head.key.sessionId}`,
    );
  makeIfAbsent(draft, settingsOf(turn), 'turn', rules);
  mustTakeTurn(draft, turn, rules);
  if (isLater(turn, draft.nowMs)) return delayTurn(draft, turn);
  makeRoom(draft, policyOf(draft.head, turn), rules);
  if (turn.tags.length > 0) draft.patch({ tags: addTags(draft.head.tags, turn.tags) });
  const seq = draft.message(
    { role: 'user', body: turn.body, atMs: draft.nowMs },
    { turnId: turn.turnId },
  );
  const open = queuedTurn(turn, seq, draft.nowMs);
  draft.write({ type: 'newTurn', turnId: turn.turnId });
  draft.patch({ openTurns: [...draft.head.openTurns, open] });
  publish(draft, open, accepted(seq, turn));
  if (draft.head.openTurns.length === 1) startNext(draft, turn.body);
  draft.patch({ status: statusFrom(draft.head) });
  draft.answer = { type: 'turn', turnId: turn.turnId, isNew: true };
};

const accepted = (seq: number, { traceId }: NewTurn): TurnEventBody =>
  traceId === undefined ? { type: 'turn.accepted', seq } : { type: 'turn.accepted', seq, traceId };

/** A session that a turn makes is called after its prompt, unless the sender says otherwise. */
const settingsOf = ({ settings, excerpt }: NewTurn): Settings =>
  excerpt === '' ? settings : { title: excerpt, ...settings };

/** The turn is open, or closed as the ledger says. */
export const isKnown = (head: Head, turn: NewTurn, closed: ClosedTurn | undefined): boolean =>
  knownTurn(head, turn, closed) !== undefined;

const knownTurn = (
  head: Head,
  { turnId }: NewTurn,
  closed: ClosedTurn | undefined,
): TurnRecord | undefined => unfinishedTurns(head).find((open) => open.turnId === turnId) ?? closed;

/** A turn id that is known already is answered with its record (P3). */
const answerKnown = (draft: Draft, turn: NewTurn, closed: ClosedTurn | undefined): boolean => {
  const known = knownTurn(draft.head, turn, closed);
  if (known === undefined) return false;
  // A rejected turn has no prompt to compare: it may have been no prompt at all.
  if (known.promptHash !== '' && known.promptHash !== turn.promptHash)
    throw new GreenroomError('turn_id_reused', `turn ${turn.turnId} is known with another prompt`);
  draft.answer = {
    type: 'turn',
    turnId: turn.turnId,
    isNew: false,
    ...(closed === undefined ? {} : { closed }),
  };
  return true;
};

/** A refusal that has no caller to hear it: kept in the ledger, told on the events. */
export const rejectTurn = (
  draft: Draft,
  { turnId, traceId, error }: Extract<Input, { type: 'reject' }>,
): void => {
  if (unfinishedTurns(draft.head).some((open) => open.turnId === turnId)) return;
  const record: ClosedTurn = {
    turnId,
    status: 'rejected',
    seq: 0,
    lastSeq: 0,
    promptHash: '',
    acceptedAtMs: draft.nowMs,
    finishedAtMs: draft.nowMs,
    usage: emptyUsage,
    costNanoUsd: 0,
    steps: 0,
    attempt: 1,
    retries: 0,
    traceId,
    stopReason: null,
    error,
  };
  draft.write({ type: 'newTurn', turnId });
  recordClosed(draft, record, '');
};

export const cancelTurn = (draft: Draft, { turnId }: InputOf<'cancel'>, rules: Rules): void => {
  const turn =
    turnId === undefined
      ? draft.head.openTurns[0]
      : unfinishedTurns(draft.head).find((open) => open.turnId === turnId);
  if (turn === undefined)
    throw turnId === undefined
      ? new GreenroomError('invalid_state', 'no turn is open in this session')
      : new GreenroomError('turn_not_found', `turn ${turnId} is not open in this session`);
  draft.answer = { type: 'turnClosed', turnId: turn.turnId };
  if (endOpen(draft, turn, rules)) settle(draft);
};

/**
 * The process that ran the turn is gone. A model call is simply made again, as a further attempt; so
 * are the turns behind it, whose events nobody can number on.
 */
export const resumeTurn = (draft: Draft, { isUnwanted }: InputOf<'resume'>, rules: Rules): void => {
  const openTurns = draft.head.openTurns.map((turn) => ({ ...turn, attempt: turn.attempt + 1 }));
  const [first] = openTurns;
  if (first === undefined) return;
  draft.patch({ openTurns });
  if (first.yields !== undefined || isUnwanted === true) return endYielding(draft, first, rules);
  if (first.status === 'queued') return startNext(draft, undefined);
  if (!mustWait(first, draft.nowMs)) goOn(draft, first, rules);
};

/** For a moment, or for a person. */
const mustWait = ({ status, phase }: OpenTurn, nowMs: number): boolean =>
  status === 'waiting' && (phase?.kind !== 'waiting' || phase.dueMs > nowMs);

const goOn = (draft: Draft, turn: BegunTurn, rules: Rules): void => {
  publish(draft, turn, { type: 'turn.started' });
  if (turn.phase.kind === 'tools') return loseCalls(draft, turn, rules);
  if (turn.phase.kind === 'hooks')
    startHooks(draft, turn, { event: turn.phase.event, stopReason: turn.phase.stopReason });
  else startModelAgain(draft, turn);
  draft.patch({ status: statusFrom(draft.head) });
};

/** The moment that the first turn awaited has come: a model call is a further attempt, as its session may have slept since. */
export const wakeTurn = (draft: Draft, _: InputOf<'due'>, rules: Rules): void => {
  const [first] = draft.head.openTurns;
  if (first === undefined) return endIdle(draft);
  if (first.phase?.kind === 'tools') return expireCalls(draft, first, rules);
  if (first.phase?.kind === 'budget') return lookAtBudget(draft);
  if (first.status !== 'waiting' || mustWait(first, draft.nowMs)) return;
  goOn(draft, { ...first, attempt: first.attempt + 1 }, rules);
};

/** Whoever ran it is gone: a model call is simply made again. */
export const loseRun = (draft: Draft, { runId }: InputOf<'lost'>, rules: Rules): void => {
  const [first] = draft.head.openTurns;
  if (first?.phase === undefined || !awaitedRuns(first).includes(runId)) return;
  if (first.phase.kind === 'tools') loseCalls(draft, first, rules, runId);
  else startModelAgain(draft, first);
};
