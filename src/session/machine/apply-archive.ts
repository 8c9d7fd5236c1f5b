/** What a session notes of its archive. It stays where it is in the order of updates: nothing of it has changed. */
import { GreenroomError } from '../../model/errors.ts';
import { hasEnded } from '../../model/words.ts';
import type { Draft } from './draft.ts';
import type { InputOf } from './input.ts';

/** Said twice, it is noted once. Throws `invalid_state` where the session is another one than was archived. */
export const noteArchive = (draft: Draft, input: InputOf<'archive'>): void => {
  draft.answer = { type: 'session' };
  const { archiveId, status } = draft.head;
  const isKnown = archiveId === input.archiveId;
  switch (input.now) {
    case 'archived':
      if (isKnown && status === 'archived') return;
      mustBeAsItWas(draft, input);
      return note(draft, input, { status: 'archived', archiveId: input.archiveId });
    case 'restored':
      return note(draft, input, { archiveId: input.archiveId });
    case 'unarchived':
      if (!isKnown) return;
      return note(draft, input, {
        archiveId: undefined,
        status: status === 'archived' ? 'completed' : status,
      });
  }
};

const mustBeAsItWas = ({ head }: Draft, { ifVersion }: InputOf<'archive'>): void => {
  if (!hasEnded(head) || head.status === 'archived')
    throw new GreenroomError('invalid_state', `the session is ${head.status}`);
  if (ifVersion !== undefined && ifVersion !== head.version)
    throw new GreenroomError('version_conflict', 'the session changed while it was archived');
};

const note = (
  draft: Draft,
  { now, archiveId, by, details }: InputOf<'archive'>,
  fields: Parameters<Draft['patch']>[0],
): void => {
  const { updatedAtMs } = draft.head;
  draft.patch({ ...fields, updatedAtMs });
  draft.audit(now, by, { archiveId, ...details });
};
