/** The state machine's part of importing an export: see `restore.ts`. */

import type { AuditRecord } from '../ports/journal.ts';
import { IMPORTED_BY } from '../transfer/format.ts';
import type { Restored } from '../transfer/restore.ts';
import type { Draft } from './draft.ts';

export const restore = (draft: Draft, restored: Restored): void => {
  const { head, entries, streams, responses, claims, turns, audit, added } = restored;
  const { lines = 0, digest = '', isDone = false } = head.transfer ?? {};
  draft.answer = { type: 'restored', lines, digest, isDone, added };
  if (added === 0) return;
  for (const { subpath, entry } of entries) draft.write({ type: 'entry', subpath, entry });
  for (const record of streams) draft.write({ type: 'stream', record });
  for (const response of responses) draft.write({ type: 'response', response });
  for (const claim of claims) draft.write({ type: 'claim', claim });
  for (const record of turns) draft.write({ type: 'turn', record });
  for (const record of audit) draft.write({ type: isNews(record) ? 'audit' : 'pastAudit', record });
  draft.head = head;
  draft.effect({ type: 'forgetContext' });
};

const isNews = ({ action, by }: AuditRecord): boolean =>
  action === 'imported' && by === IMPORTED_BY;
