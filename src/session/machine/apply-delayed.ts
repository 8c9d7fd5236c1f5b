/**
 * Turns that begin at a time. Until then one is in the head alone, beside the open ones, and its prompt beside the
 * transcript: what others say meanwhile comes before it, and nothing of it is in the model's view.
 */
import { GreenroomError } from '../../model/errors.ts';
import { type DelayedTurn, MAX_DELAY_MS, type OpenTurn, type TurnError } from '../../model/turn.ts';
import { statusFrom } from '../../model/unfinished.ts';
import { addTags } from '../../tags/tags.ts';
import { makeRoom } from './apply-interruption.ts';
import type { Draft } from './draft.ts';
import type { InputOf, NewTurn } from './input.ts';
import { closeTurn, letGo, publish, queuedTurn, settle, startNext } from './next-turn.ts';
import type { Rules } from './rules.ts';

/** It is accepted, and begins later. Throws `invalid_request` for a time that is too far. */
export const delayTurn = (draft: Draft, turn: NewTurn): void => {
  const { turnId, deliverAtMs: dueMs = 0, onBusy } = turn;
  if (dueMs > draft.nowMs + MAX_DELAY_MS)
    throw new GreenroomError('invalid_request', 'deliverAt: it is more than 366 days ahead', {
      details: { field: 'deliverAt' },
    });
  if (turn.tags.length > 0) draft.patch({ tags: addTags(draft.head.tags, turn.tags) });
  const delayed: DelayedTurn = { ...queuedTurn(turn, 0, draft.nowMs), dueMs, onBusy };
  draft.write({ type: 'newTurn', turnId });
  draft.write({ type: 'prompt', turnId, body: turn.body });
  draft.patch({ delayed: [...(draft.head.delayed ?? []), delayed] });
  publish(draft, delayed, {
    ...{ type: 'turn.accepted', seq: 0 },
    ...(turn.traceId === undefined ? {} : { traceId: turn.traceId }),
  });
  draft.patch({ status: statusFrom(draft.head) });
  draft.answer = { type: 'turn', turnId, isNew: true };
};

/** Those whose time has come become open turns, in the order of their times. */
export const deliverTurns = (draft: Draft, input: InputOf<'deliver'>, rules: Rules): void => {
  const due = (draft.head.delayed ?? [])
    .filter(({ dueMs }) => dueMs <= draft.nowMs)
    .toSorted((a, b) => a.dueMs - b.dueMs);
  for (const turn of due) deliver(draft, turn, input.prompts.get(turn.turnId), rules);
};

const deliver = (
  draft: Draft,
  turn: DelayedTurn,
  body: Uint8Array | undefined,
  rules: Rules,
): void => {
  if (body === undefined) return refuse(draft, turn, 'failed', LOST);
  const policy = turn.onBusy ?? draft.head.onBusy ?? 'enqueue';
  if (policy === 'reject' && draft.head.openTurns.length > 0)
    return refuse(draft, turn, 'rejected', BUSY);
  letGo(draft, turn.turnId);
  makeRoom(draft, policy, rules);
  const { turnId } = turn;
  const seq = draft.message({ role: 'user', body, atMs: draft.nowMs }, { turnId });
  const { dueMs: _, onBusy: __, ...facts } = turn;
  // A further attempt: the session may have slept since, and does not know how far its events were numbered.
  const open: OpenTurn = { ...facts, seq, lastSeq: seq, attempt: turn.attempt + 1 };
  draft.patch({ openTurns: [...draft.head.openTurns, open] });
  if (draft.head.openTurns.length === 1) startNext(draft, body);
  draft.patch({ status: statusFrom(draft.head) });
};

const BUSY: TurnError = {
  code: 'invalid_state',
  message: 'a turn was open at its time and the policy is to reject',
  retryable: false,
};

const LOST: TurnError = {
  code: 'corrupt_record',
  message: 'its prompt cannot be read any more',
  retryable: false,
};

const refuse = (
  draft: Draft,
  turn: DelayedTurn,
  status: 'failed' | 'rejected',
  error: TurnError,
): void => {
  closeTurn(draft, turn, { status, stopReason: null, error, text: '' });
  settle(draft);
};
