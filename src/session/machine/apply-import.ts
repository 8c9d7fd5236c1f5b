/** Foreign lines: imported, given up to another session, settled, dropped. Each was computed from what is stored. */

import { GreenroomError } from '../../model/errors.ts';
import { MAX_SIDE_TRANSCRIPTS } from '../../model/head.ts';
import type { StreamDrop } from '../ports/journal.ts';
import { afterYield, type Settled, type Yielded } from '../transfer/response-owner.ts';
import { noteDivision } from './apply-branches.ts';
import type { Draft } from './draft.ts';
import type { ImportDelta } from './input.ts';

export const addImported = (draft: Draft, delta: ImportDelta): void => {
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
  noteDivision(draft, delta.head, delta.by);
  draft.replace({
    ...delta.head,
    ...(subpath === '' ? { seq: stream.seq } : {}),
    sideTranscripts: delta.head.sideTranscripts + (isNewSide ? 1 : 0),
  });
  if (isNew) draft.audit('imported', delta.by);
  if (subpath === '') draft.effect({ type: 'forgetContext' });
};

export const giveUp = (draft: Draft, yielded: Yielded): void => {
  draft.answer = { type: 'none' };
  if (yielded.responses.length === 0) return;
  for (const response of yielded.responses) draft.write({ type: 'response', response });
  for (const claim of yielded.claims) draft.write({ type: 'claim', claim });
  const { updatedAtMs } = draft.head; // of what was said, which stays as it is
  draft.patch({ ...afterYield(draft.head, yielded), offers: yielded.offers, updatedAtMs });
};

export const settleOffers = (draft: Draft, { responses, claims, spent, offers }: Settled): void => {
  draft.answer = { type: 'none' };
  const { updatedAtMs } = draft.head;
  if (offers.length === (draft.head.offers?.length ?? 0)) return;
  for (const response of responses) draft.write({ type: 'response', response });
  for (const claim of claims) draft.write({ type: 'claim', claim });
  draft.patch({ ...spent, offers: offers.length === 0 ? undefined : offers, updatedAtMs });
};

export const dropSide = (draft: Draft, drop: StreamDrop | undefined): void => {
  draft.answer = { type: 'dropped', wasThere: drop !== undefined };
  if (drop === undefined) return;
  draft.write({ type: 'drop', drop });
  draft.patch({ sideTranscripts: draft.head.sideTranscripts - 1 });
};
