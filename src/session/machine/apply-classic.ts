/** What classic programs do to a session, as inputs of the state machine. */

import { headFields, metadataOf, mustBeDescription } from '../../classic/classic-head.ts';
import type { SaveOptions } from '../../classic/classic-store.ts';
import { entryOf, type NewEntry } from '../../classic/entries.ts';
import type { SessionMetadata, StoredMessage } from '../../classic/models.ts';
import { type SavedSession, savedSession } from '../../classic/saved-session.ts';
import { alreadyExists } from '../../classic/session-store.ts';
import { GreenroomError } from '../../model/errors.ts';
import { replacingTags } from '../../tags/tags.ts';
import { fork } from './apply-views.ts';
import type { ClassicChange } from './classic-change.ts';
import type { Draft } from './draft.ts';
import type { NewFork } from './new-fork.ts';

export const applyClassic = (draft: Draft, change: ClassicChange): void => {
  switch (change.kind) {
    case 'create':
      mustBeNew(draft);
      make(draft, change.metadata);
      break;
    case 'append':
      mustTakeMessages(draft);
      add(draft, [change.entry]);
      if (draft.head.summary === undefined && change.text !== null)
        draft.patch({ summary: change.text });
      break;
    case 'metadata':
      draft.patch(headFields(draft.head, change.metadata));
      break;
    case 'compaction':
      draft.patch({ classic: { ...draft.head.classic, compactionState: change.state } });
      break;
    case 'save':
      save(draft, change.messages, change.options);
      break;
    case 'fork':
      mustBeNew(draft);
      forkWhole(draft, change.fork);
  }
  draft.answer = { type: 'session' };
};

const mustBeNew = ({ head }: Draft): void => {
  if (head.version > 0) throw alreadyExists(head.key.sessionId);
};

/** As `makeIfAbsent`: inputs that share the commit must see that it exists. */
const make = (draft: Draft, metadata: SessionMetadata): void => {
  draft.patch({ ...headFields(draft.head, metadata), version: 1 });
  draft.audit('created', 'classic');
};

const mustTakeMessages = ({ head }: Draft): void => {
  if (head.openTurns.length > 0)
    throw new GreenroomError(
      'invalid_state',
      'a turn is open: messages cannot be put into the middle of it',
    );
};

/** As classic programs see it, a fork is a copy: what its parent cost and did is told of it too. */
const forkWhole = (draft: Draft, forked: NewFork): void => {
  fork(draft, forked);
  const { parent } = forked;
  draft.patch({
    ...headFields({ ...draft.head, classic: parent.classic ?? {} }, metadataOf(parent)),
    version: 1,
  });
};

const add = (draft: Draft, entries: readonly NewEntry[]): void => {
  for (const entry of entries) {
    if (entry.kind === 'message') {
      const { kind: _, role, body, atMs, id, ...facts } = entry;
      draft.message({ role, body, atMs, ...(id === undefined ? {} : { id }) }, facts);
      continue;
    }
    const seq = draft.head.seq + 1;
    draft.write({ type: 'entry', subpath: '', entry: { ...entry, seq } });
    draft.patch({ seq, messageCount: draft.head.messageCount + 1 });
  }
  if (draft.head.status === 'created' && entries.length > 0) draft.patch({ status: 'idle' });
  draft.effect({ type: 'forgetContext' });
};

/** What was there stays stored, and is seen by nobody any more. */
const save = (draft: Draft, messages: readonly StoredMessage[], options: SaveOptions): void => {
  const isNew = draft.head.version === 0;
  mustTakeMessages(draft);
  const saved = savedSession(messages, options, isNew ? undefined : metadataOf(draft.head));
  if (isNew) make(draft, saved.metadata);
  else draft.patch(headFields(draft.head, saved.metadata));
  if (draft.head.seq > 0) replaceAll(draft);
  put(draft, saved);
};

const replaceAll = (draft: Draft): void => {
  const { compaction: _, ...head } = draft.head;
  const classic = { ...head.classic, replacedThrough: head.seq };
  draft.head = { ...head, messageCount: 0, classic };
};

const put = (draft: Draft, { messages, tags, description, summary }: SavedSession): void => {
  mustBeDescription(description);
  const { summary: _, description: __, ...rest } = draft.head;
  draft.head = {
    ...rest,
    tags: replacingTags(rest, tags),
    ...(summary === null ? {} : { summary }),
    ...(description === null ? {} : { description }),
  };
  draft.patch({});
  add(
    draft,
    messages.map((message) => entryOf(message, draft.nowMs)),
  );
};
