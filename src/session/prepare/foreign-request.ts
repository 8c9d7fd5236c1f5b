/**
 * Requests about foreign transcripts. What they do depends on what is stored, so the session computes
 * their input from the journal, right before the commit. It is read in several steps: whether it was of one moment, the
 * commit decides, by the version of the session and by the owners of the responses.
 */
import { codeOf } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { Input } from '../machine/input.ts';
import { marksOf } from '../mirror/mirror-key.ts';
import type { Stored } from '../ports/journal.ts';
import {
  prepareSettle,
  prepareYield,
  type SettleRequest,
  type YieldRequest,
} from '../transfer/response-owner.ts';
import { prepareRestore, type RestoreRequest } from '../transfer/restore.ts';
import { type ImportRequest, prepareImport } from './import.ts';
import { type MirrorRequest, mustBeOf, prepareMirror } from './prepare-mirror.ts';

export interface DropRequest {
  readonly type: 'dropSide';
  readonly externalKey: string;
  /** As stored; not the main transcript. */
  readonly subpath: string;
}

/** Turns may be due that were set for a time. */
export interface DeliverRequest {
  readonly type: 'deliverDue';
}

export type ForeignRequest =
  | ImportRequest
  | MirrorRequest
  | DropRequest
  | RestoreRequest
  | YieldRequest
  | SettleRequest
  | DeliverRequest;

export const isForeign = (request: Input | ForeignRequest): request is ForeignRequest =>
  Object.hasOwn(FOREIGN, request.type);

const FOREIGN: Readonly<Record<ForeignRequest['type'], true>> = {
  importChunk: true,
  mirror: true,
  dropSide: true,
  restoreChunk: true,
  yield: true,
  settle: true,
  deliverDue: true,
};

/** Rejects with what the request is refused with. */
export const prepareForeign = async (
  head: Head,
  request: ForeignRequest,
  from: Stored,
  nowMs: number,
): Promise<Input> => {
  switch (request.type) {
    case 'importChunk':
      return { type: 'import', delta: await prepareImport(head, request, from, nowMs) };
    case 'mirror':
      return { type: 'import', delta: await prepareMirror(head, request, from, nowMs) };
    case 'restoreChunk':
      return { type: 'restore', restored: await prepareRestore(head, request, from, nowMs) };
    case 'yield':
      return { type: 'yield', yielded: await prepareYield(head, request, from) };
    case 'settle':
      return { type: 'settle', settled: await prepareSettle(head, request, from) };
    case 'deliverDue':
      return { type: 'deliver', prompts: await promptsDue(head, from, nowMs) };
    case 'dropSide': {
      const { subpath, externalKey } = request;
      mustBeOf(head, externalKey);
      const isThere = (await from.session.stream(subpath)) !== undefined;
      return { type: 'drop', drop: isThere ? { subpath, marks: marksOf(subpath) } : undefined };
    }
  }
};

/** One that cannot be read is left out: its turn fails. */
const promptsDue = async (
  { delayed = [] }: Head,
  { session }: Stored,
  nowMs: number,
): Promise<ReadonlyMap<TurnId, Uint8Array>> => {
  const prompts = new Map<TurnId, Uint8Array>();
  for (const { turnId, dueMs } of delayed) {
    if (dueMs > nowMs) continue;
    const body = await session.prompt(turnId).catch(unreadable);
    if (body !== undefined) prompts.set(turnId, body);
  }
  return prompts;
};

const unreadable = (error: unknown): undefined => {
  if (codeOf(error) !== 'corrupt_record') throw error;
};
