/** What the caller of a commit is told when the writer left its change out. */
import { ConcurrencyError, GreenroomError } from '../../model/errors.ts';
import {
  type DefinitionChange,
  ResponseClaimedError,
  type SessionChange,
  TurnKnownError,
} from '../../session/ports/journal.ts';
import type { Refusal } from './apply-batch.ts';
import { corruptRecord } from './frame.ts';

export const refusalError = (change: SessionChange | DefinitionChange, refusal: Refusal): Error => {
  const { key } = change;
  const sessionId = 'sessionId' in key ? key.sessionId : `the ${key.kind} ${key.name}`;
  switch (refusal.because) {
    case 'version':
      return new ConcurrencyError(
        `${sessionId} is at version ${refusal.version}, the change builds on ${change.expectedVersion}`,
        { details: { version: refusal.version, expectedVersion: change.expectedVersion } },
      );
    case 'epoch':
      return new ConcurrencyError(`another writer owns the store since epoch ${refusal.epoch}`, {
        details: { epoch: refusal.epoch },
      });
    case 'deleted':
      return new GreenroomError('session_deleted', `${sessionId} was deleted`);
    case 'parent': {
      const parentId = change.kind === 'write' ? change.fork?.parent.sessionId : undefined;
      return new GreenroomError(
        'session_deleted',
        `session ${parentId} was deleted before it could be forked`,
      );
    }
    case 'claimed':
      return new ResponseClaimedError(sessionId);
    case 'corrupt':
      return corruptRecord(refusal.key, 'is broken, and the change depends on it');
    case 'turns': {
      const ids = change.kind === 'write' ? change.newTurnIds : [];
      return new TurnKnownError(ids.filter((_, position) => refusal.positions.includes(position)));
    }
  }
};
