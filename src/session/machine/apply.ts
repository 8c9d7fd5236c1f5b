/** `apply`: the session's answer to each input, by kind. Turns are in `apply-turn.ts`, forks and compactions in `apply-views.ts`. */

import { ConcurrencyError, GreenroomError } from '../../model/errors.ts';
import {
  type Head,
  MAX_SIDE_TRANSCRIPTS,
  mustBeAlive,
  type Settings,
  withSettings,
} from '../../model/head.ts';
import { addTags, removeTags } from '../../model/tags.ts';
import type { TurnError } from '../../model/turn.ts';
import type { StreamDrop } from '../ports/journal.ts';
import { afterYield, type Settled, type Yielded } from '../responses/response-owner.ts';
import { applyClassic } from './apply-classic.ts';
import { mustBeWhole, restore } from './apply-restore.ts';
import { finishStep } from './apply-step.ts';
import { acceptTurn, cancelTurn, rejectTurn, resumeTurn } from './apply-turn.ts';
import { compact, fork } from './apply-views.ts';
import { makesSession } from './classic-change.ts';
import { Draft, makeIfAbsent } from './draft.ts';
import type { Change, ImportDelta, Input, NewMessage, Rules, SessionState } from './machine.ts';
import { closeTurn } from './turn-course.ts';

/** See `machine.ts`. Throws a `GreenroomError` for what is refused; nothing has changed then. */
export const apply = (state: SessionState, input: Input, rules: Rules, nowMs: number): Change => {
  const draft = new Draft(state, nowMs);
  if (!mayMake(input)) mustExist(draft.head);
  mustBeWhole(draft.head, input);
  dispatch(draft, input, rules);
  return draft.change();
};

/** Inputs that may make the session. */
const MAKING: readonly Input['type'][] = ['create', 'turn', 'append', 'import', 'fork', 'restore'];

const mayMake = (input: Input): boolean =>
  input.type === 'classic'
    ? makesSession(input.change)
    : MAKING.includes(input.type) || (input.type === 'delete' && input.mayBeGone === true);

const dispatch = (draft: Draft, input: Input, rules: Rules): void => {
  switch (input.type) {
    case 'create':
      return create(draft, input.settings, rules);
    case 'turn':
      return acceptTurn(draft, input.turn, input.known, rules);
    case 'reject':
      return rejectTurn(draft, input);
    case 'settings':
      return changeSettings(draft, input.settings, input.expectedVersion);
    case 'tag':
      return changeTags(draft, addTags(draft.head.tags, input.tags));
    case 'untag':
      return changeTags(draft, removeTags(draft.head.tags, input.tags));
    case 'append':
      return append(draft, input.messages, input.expectedVersion, rules);
    case 'classic':
      mustHaveVersion(draft.head, input.expectedVersion);
      return applyClassic(draft, input.change);
    case 'import':
      return addImported(draft, input.delta);
    case 'yield':
      return giveUp(draft, input.yielded);
    case 'settle':
      return settle(draft, input.settled);
    case 'drop':
      return dropSide(draft, input.drop);
    case 'fork':
      return fork(draft, input.fork);
    case 'compact':
      return compact(draft, input.compaction);
    case 'restore':
      return restore(draft, input.restored);
    case 'cancel':
      return cancelTurn(draft, input.turnId);
    case 'step':
      return finishStep(draft, input, rules);
    case 'resume':
      return resumeTurn(draft);
    case 'park':
      return park(draft, input.error);
    case 'delete':
      return remove(draft, input);
  }
};

const mustExist = (head: Head): void => {
  if (head.version === 0)
    throw new GreenroomError('session_not_found', `there is no session ${head.key.sessionId}`);
};

const mustHaveVersion = (head: Head, expected: number | undefined): void => {
  if (expected !== undefined && expected !== head.version)
    throw new ConcurrencyError(`the session is at version ${head.version}, not ${expected}`);
};

const create = (draft: Draft, settings: Settings, rules: Rules): void => {
  if (draft.head.version > 0)
    throw new GreenroomError(
      'session_exists',
      `there is a session ${draft.head.key.sessionId} already`,
    );
  makeIfAbsent(draft, settings, 'create', rules);
  draft.answer = { type: 'session' };
};

const changeSettings = (
  draft: Draft,
  settings: Settings,
  expectedVersion: number | undefined,
): void => {
  mustHaveVersion(draft.head, expectedVersion);
  const updatedAtMs = Math.max(draft.nowMs, draft.head.updatedAtMs);
  draft.patch({ ...withSettings(draft.head, settings), updatedAtMs });
  draft.answer = { type: 'session' };
};

const changeTags = (draft: Draft, tags: readonly string[]): void => {
  if (tags !== draft.head.tags && tags.join('\n') !== draft.head.tags.join('\n'))
    draft.patch({ tags });
  draft.answer = { type: 'session' };
};

const append = (
  draft: Draft,
  messages: readonly NewMessage[],
  expectedVersion: number | undefined,
  rules: Rules,
): void => {
  mustHaveVersion(draft.head, expectedVersion);
  makeIfAbsent(draft, {}, 'append', rules);
  mustBeAlive(draft.head);
  if (draft.head.openTurns.length > 0)
    throw new GreenroomError(
      'invalid_state',
      'a turn is open: messages cannot be put into the middle of it',
    );
  for (const message of messages) draft.message(message);
  if (draft.head.status === 'created') draft.patch({ status: 'idle' });
  draft.effect({ type: 'forgetContext' });
  draft.answer = { type: 'session' };
};

const addImported = (draft: Draft, delta: ImportDelta): void => {
  const { subpath, stream, lines } = delta;
  const isNew = draft.head.version === 0;
  const { contested, totalLines } = delta;
  draft.answer = { type: 'imported', lines: totalLines, added: lines.length, contested };
  if (delta.head === draft.head) return; // all of it is stored
  if (subpath === '' && draft.head.openTurns.length > 0)
    throw new GreenroomError('invalid_state', 'a turn is open: import again when it has finished');
  const isNewSide = delta.isNewStream && subpath !== '';
  if (isNewSide && draft.head.sideTranscripts >= MAX_SIDE_TRANSCRIPTS)
    throw new GreenroomError(
      'too_large',
      `a session has at most ${MAX_SIDE_TRANSCRIPTS} side transcripts`,
    );
  let seq = stream.seq - lines.length;
  for (const line of lines)
    draft.write({ type: 'entry', subpath, entry: { kind: 'imported', seq: ++seq, ...line } });
  draft.write({ type: 'stream', record: stream });
  for (const response of delta.responses) draft.write({ type: 'response', response });
  for (const claim of delta.claims) draft.write({ type: 'claim', claim });
  draft.replace({
    ...delta.head,
    ...(subpath === '' ? { seq: stream.seq } : {}),
    sideTranscripts: delta.head.sideTranscripts + (isNewSide ? 1 : 0),
  });
  if (isNew) draft.audit('imported', delta.by);
  if (subpath === '') draft.effect({ type: 'forgetContext' });
};

const giveUp = (draft: Draft, yielded: Yielded): void => {
  draft.answer = { type: 'none' };
  if (yielded.responses.length === 0) return;
  for (const response of yielded.responses) draft.write({ type: 'response', response });
  for (const claim of yielded.claims) draft.write({ type: 'claim', claim });
  const { updatedAtMs } = draft.head; // of what was said, which stays as it is
  draft.patch({ ...afterYield(draft.head, yielded), offers: yielded.offers, updatedAtMs });
};

const settle = (draft: Draft, { responses, claims, spent, offers }: Settled): void => {
  draft.answer = { type: 'none' };
  const { updatedAtMs } = draft.head;
  if (offers.length === (draft.head.offers?.length ?? 0)) return;
  for (const response of responses) draft.write({ type: 'response', response });
  for (const claim of claims) draft.write({ type: 'claim', claim });
  draft.patch({ ...spent, offers: offers.length === 0 ? undefined : offers, updatedAtMs });
};

const dropSide = (draft: Draft, drop: StreamDrop | undefined): void => {
  draft.answer = { type: 'dropped', wasThere: drop !== undefined };
  if (drop === undefined) return;
  draft.write({ type: 'drop', drop });
  draft.patch({ sideTranscripts: draft.head.sideTranscripts - 1 });
};

/** Out of its restart budget: open turns end as interrupted, so that what broke it is not run again. */
const park = (draft: Draft, error: TurnError): void => {
  for (const turn of draft.head.openTurns)
    closeTurn(draft, turn, { status: 'interrupted', stopReason: null, error, text: '' });
  draft.patch({ status: 'parked', lastError: error, errorCount: draft.head.errorCount + 1 });
  draft.audit('parked', 'supervisor', { reason: error.message });
  draft.effect({ type: 'stop' });
};

const remove = (draft: Draft, input: Extract<Input, { type: 'delete' }>): void => {
  mustHaveVersion(draft.head, input.expectedVersion);
  if (input.ifVersion !== undefined && input.ifVersion !== draft.head.version)
    throw new GreenroomError('invalid_state', 'the session changed since it was looked at');
  if (input.ifVersion !== undefined && draft.head.openTurns.length > 0)
    throw new GreenroomError('invalid_state', 'the session has an unfinished turn');
  const error = { code: 'session_deleted', message: 'the session was deleted', retryable: false };
  for (const turn of draft.head.openTurns)
    closeTurn(draft, turn, { status: 'cancelled', stopReason: null, error, text: '' });
  if (draft.head.version > 0)
    draft.audit(input.ifVersion === undefined ? 'deleted' : 'swept', input.by);
  draft.write({ type: 'delete', tombstoneUntilMs: draft.nowMs + input.tombstoneMs });
  draft.effect({ type: 'cancelStep' });
  draft.effect({ type: 'stop' });
  draft.answer = { type: 'deleted' };
};
