/** What is done to a session as a whole: it is made, set, tagged, appended to, parked, deleted. */

import type { ContextUse } from '../../model/compaction.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head, Settings } from '../../model/head.ts';
import { HOLD_TAG, isHeld } from '../../model/tag-key.ts';
import type { TurnError } from '../../model/turn.ts';
import { hasUnfinished, unfinishedTurns } from '../../model/unfinished.ts';
import { hasEnded } from '../../model/words.ts';
import { addTags, removeTags, replacingTags } from '../../tags/tags.ts';
import { lookAtOwnBudget, lookAtPayer } from './apply-money.ts';
import { disownCalls } from './apply-tools.ts';
import { type Draft, makeIfAbsent } from './draft.ts';
import type { InputOf, NewMessage } from './input.ts';
import { cancelRun, closeTurn } from './next-turn.ts';
import type { Rules } from './rules.ts';
import { withSettings } from './settings.ts';

export const create = (draft: Draft, settings: Settings, rules: Rules): void => {
  if (draft.head.version > 0)
    throw new GreenroomError(
      'session_exists',
      `there is a session ${draft.head.key.sessionId} already`,
    );
  makeIfAbsent(draft, settings, 'create', rules);
  draft.answer = { type: 'session' };
};

export const changeSettings = (draft: Draft, settings: Settings): void => {
  const updatedAtMs = Math.max(draft.nowMs, draft.head.updatedAtMs);
  const { tags, ...changed } = withSettings(draft.head, settings);
  const contextUse = useUnder(settings, draft.head);
  draft.patch({ ...changed, contextUse, tags: replacingTags(draft.head, tags), updatedAtMs });
  if (settings.budget !== undefined) lookAtOwnBudget(draft);
  lookAtPayer(draft);
  draft.answer = { type: 'session' };
};

/** What was learned of a window is of another model, or not what the caller says. */
const useUnder = ({ model, context }: Settings, { contextUse }: Head): ContextUse | undefined => {
  const isKept = model === undefined && context?.windowTokens === undefined;
  return isKept || contextUse === undefined
    ? contextUse
    : { ...contextUse, windowTokens: undefined };
};

export const changeTags = (draft: Draft, tags: readonly string[]): void => {
  if (tags !== draft.head.tags && tags.join('\n') !== draft.head.tags.join('\n'))
    draft.patch({ tags });
  lookAtPayer(draft);
  draft.answer = { type: 'session' };
};

/** Throws `invalid_settings` for the tag that holds the session. */
export const untag = (draft: Draft, { tags }: InputOf<'untag'>): void => {
  if (isHeld({ tags }))
    throw new GreenroomError(
      'invalid_settings',
      'the tag hold keeps the session from every cleanup: release takes it away',
      { details: { field: 'tags' } },
    );
  changeTags(draft, removeTags(draft.head.tags, tags));
};

/** The session stays where it is in the order of updates. */
export const changeTagsQuietly = (draft: Draft, tags: readonly string[]): void => {
  const { updatedAtMs } = draft.head;
  draft.answer = { type: 'session' };
  if (tags === draft.head.tags) return;
  draft.patch({ tags, updatedAtMs });
  lookAtPayer(draft);
};

/** Holding twice, or with the tag already there, tells the newer reason and changes nothing else. Nor does it make the session any newer. */
export const hold = (draft: Draft, { reason, by }: InputOf<'hold'>): void => {
  const { tags, updatedAtMs } = draft.head;
  draft.patch({ tags: addTags(tags, [HOLD_TAG]), updatedAtMs });
  draft.audit('held', by, reason === undefined ? undefined : { reason });
  draft.answer = { type: 'session' };
};

/** A session that is not held stays as it is. */
export const release = (draft: Draft, { by }: InputOf<'release'>): void => {
  const tags = removeTags(draft.head.tags, [HOLD_TAG]);
  if (tags.length < draft.head.tags.length) {
    draft.patch({ tags, updatedAtMs: draft.head.updatedAtMs });
    draft.audit('released', by);
  }
  draft.answer = { type: 'session' };
};

export const append = (draft: Draft, messages: readonly NewMessage[], rules: Rules): void => {
  makeIfAbsent(draft, {}, 'append', rules);
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

/** Out of its restart budget: open turns end as interrupted, so that what broke it is not run again. */
export const park = (draft: Draft, error: TurnError): void => {
  for (const turn of unfinishedTurns(draft.head)) {
    disownCalls(draft, turn);
    closeTurn(draft, turn, { status: 'interrupted', stopReason: null, error, text: '' });
  }
  draft.patch({ status: 'parked', lastError: error, errorCount: draft.head.errorCount + 1 });
  draft.audit('parked', 'supervisor', { reason: error.message });
  draft.effect({ type: 'stop' });
};

export const remove = (draft: Draft, input: InputOf<'delete'>): void => {
  if (input.ifVersion !== undefined && input.ifVersion !== draft.head.version)
    throw new GreenroomError('invalid_state', 'the session changed since it was looked at');
  if (input.ifVersion !== undefined && hasUnfinished(draft.head))
    throw new GreenroomError('invalid_state', 'the session has an unfinished turn');
  const error = { code: 'session_deleted', message: 'the session was deleted', retryable: false };
  for (const turn of unfinishedTurns(draft.head)) {
    closeTurn(draft, turn, { status: 'cancelled', stopReason: null, error, text: '' });
    cancelRun(draft, turn);
  }
  if (draft.head.version > 0)
    draft.audit(input.ifVersion === undefined ? 'deleted' : 'swept', input.by);
  draft.write({ type: 'delete', tombstoneUntilMs: draft.nowMs + input.tombstoneMs });
  if (draft.head.version > 0 && !hasEnded(draft.head) && draft.wantsHook('SessionEnd'))
    draft.effect({
      ...{ type: 'tellHooks', event: 'SessionEnd', turnId: undefined },
      ...{ subject: 'other', fields: { reason: 'other' } },
    });
  draft.effect({ type: 'stop' });
  draft.answer = { type: 'deleted' };
};
