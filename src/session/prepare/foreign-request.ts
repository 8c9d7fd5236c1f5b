/**
 * Requests about foreign transcripts. What they do depends on what is stored, so the session computes
 * their input from the journal, right before the commit.
 */
import type { Head } from '../../model/head.ts';
import type { Input } from '../machine/machine.ts';
import { marksOf } from '../mirror/mirror-key.ts';
import type { Journal } from '../ports/journal.ts';
import {
  prepareSettle,
  prepareYield,
  type SettleRequest,
  type YieldRequest,
} from '../responses/response-owner.ts';
import { prepareRestore, type RestoreRequest } from '../transfer/restore.ts';
import { type ImportRequest, prepareImport } from './import.ts';
import { type MirrorRequest, mustBeOf, prepareMirror } from './prepare-mirror.ts';

export interface DropRequest {
  readonly type: 'dropSide';
  readonly externalKey: string;
  /** As stored; not the main transcript. */
  readonly subpath: string;
}

export type ForeignRequest =
  | ImportRequest
  | MirrorRequest
  | DropRequest
  | RestoreRequest
  | YieldRequest
  | SettleRequest;

export const isForeign = (request: Input | ForeignRequest): request is ForeignRequest =>
  Object.hasOwn(FOREIGN, request.type);

const FOREIGN: Readonly<Record<ForeignRequest['type'], true>> = {
  importChunk: true,
  mirror: true,
  dropSide: true,
  restoreChunk: true,
  yield: true,
  settle: true,
};

/** Throws what the request is refused with. */
export const prepareForeign = (
  head: Head,
  request: ForeignRequest,
  journal: Journal,
  nowMs: number,
): Input => {
  switch (request.type) {
    case 'importChunk':
      return { type: 'import', delta: prepareImport(head, request, journal, nowMs) };
    case 'mirror':
      return { type: 'import', delta: prepareMirror(head, request, journal, nowMs) };
    case 'restoreChunk':
      return { type: 'restore', restored: prepareRestore(head, request, journal, nowMs) };
    case 'yield':
      return { type: 'yield', yielded: prepareYield(head, request, journal) };
    case 'settle':
      return { type: 'settle', settled: prepareSettle(head, request, journal) };
    case 'dropSide': {
      const { subpath, externalKey } = request;
      mustBeOf(head, externalKey);
      const isThere = journal.stream(head.key, subpath) !== undefined;
      return { type: 'drop', drop: isThere ? { subpath, marks: marksOf(subpath) } : undefined };
    }
  }
};
