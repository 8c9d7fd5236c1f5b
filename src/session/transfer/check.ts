/** The lines of an export, checked: refused with the number of the line and the name of the field. */
import type { z } from 'zod';
import { isWellFormed } from '../../model/bounds.ts';
import type { Entry } from '../../model/entry.ts';
import { isTooDeep } from '../../model/json-depth.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import { normaliseTags } from '../../tags/tags.ts';
import { decodeMessage } from '../context/model-message.ts';
import { isMark } from '../mirror/mirror-key.ts';
import type { AuditRecord, StoredResponse, StreamRecord } from '../ports/journal.ts';
import { type ExportedHead, ofNoStore, wrong } from './format.ts';
import { Audit, EntryFacts, Response, Session, Stream, Subpath, Turn } from './schemas.ts';

const check = <T>(schema: z.ZodType, value: T, number: number, what: string): T => {
  const { success, error: found } = schema.safeParse(value);
  if (!success) {
    const [issue] = found.issues;
    const field = [what, ...(issue?.path ?? [])].map(String).join('.');
    throw wrong(number, `is wrong: ${field}: ${issue?.message ?? ''}`, field);
  }
  const field = halfIn(value, what);
  if (field === undefined) return value;
  throw wrong(number, `is wrong: ${field}: holds half of a surrogate pair`, field);
};

/**
 * Where half of a surrogate pair stands, in known fields and in others. A store gives it back as another character:
 * two names that differ would become one.
 */
const halfIn = (value: unknown, at: string): string | undefined => {
  if (typeof value === 'string') return isWellFormed(value) ? undefined : at;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  for (const [name, part] of Object.entries(value)) {
    if (!isWellFormed(name)) return at;
    const found = halfIn(part, `${at}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
};

export const mustBeSession = (session: ExportedHead): ExportedHead =>
  inTheMiddle(ofNoStore(check(Session, session, 0, 'session')));

export const mustBeTurn = (turn: ClosedTurn, number: number): ClosedTurn =>
  check(Turn, turn, number, 'turn');
export const mustBeAudit = (audit: AuditRecord, number: number): AuditRecord =>
  check(Audit, audit, number, 'audit');
export const mustBeStream = (stream: StreamRecord, number: number): StreamRecord =>
  check(Stream, stream, number, 'stream');

export const mustBeResponse = (response: StoredResponse, number: number): StoredResponse => {
  check(Response, response, number, 'response');
  const { hashed, responseKey, record } = response;
  if (hashed !== true && isMark(responseKey) !== (record === true))
    throw wrong(number, 'is wrong: response.record: a mark, and nothing else, is true', 'record');
  return response;
};

/** Of an entry; '' is the main transcript. */
export const mustBeSubpath = (subpath: string, number: number): string =>
  check(Subpath, subpath, number, 'entry.subpath');

/** What a session says of itself must fit together; with its lines it is compared when they are in. */
const inTheMiddle = (session: ExportedHead): ExportedHead => {
  const { status, openTurns, seq, compaction, classic, tags } = session;
  if (normaliseTags(tags).join('\n') !== tags.join('\n'))
    throw wrong(0, 'is wrong: session.tags: a tag stands twice, or not as it is stored', 'tags');
  const running = openTurns.map((turn) => turn.status as string);
  const isOpen = ['queued', 'running', 'waiting'].includes(status);
  if (isOpen && running[0] !== status)
    throw wrong(0, `is wrong: session.status: ${status} without such a turn`, 'session.status');
  if (new Set(openTurns.map(({ turnId }) => turnId)).size < openTurns.length)
    throw wrong(0, 'is wrong: session.openTurns: a turn stands twice', 'session.openTurns');
  for (const [at, turn] of openTurns.entries()) mustLieIn(turn, seq, 0, `session.openTurns.${at}`);
  if (compaction !== undefined) mustPointBack(compaction, compaction.seq, 0, 'session.compaction');
  if ((compaction?.seq ?? 0) > seq)
    throw wrong(0, `is wrong: session.compaction.seq: there are ${seq} entries`, 'compaction.seq');
  if ((classic?.replacedThrough ?? 0) > seq)
    throw wrong(0, `is wrong: session.classic.replacedThrough: there are ${seq}`, 'classic');
  return session;
};

/** A turn is of entries that are there. */
export const mustLieIn = (
  turn: { readonly seq: number; readonly lastSeq: number },
  seq: number,
  number: number,
  what = 'turn',
): void => {
  if (turn.seq <= turn.lastSeq && turn.lastSeq <= seq) return;
  const field = turn.lastSeq > seq ? `${what}.lastSeq` : `${what}.seq`;
  throw wrong(number, `is wrong: ${field}: of ${turn.seq} to ${turn.lastSeq}, of ${seq}`, field);
};

/** A view is of what stands before it: a walk along them must have an end. */
const mustPointBack = (
  view: { readonly throughSeq: number; readonly fromSeq?: number; readonly previousSeq?: number },
  seq: number,
  number: number,
  what: string,
): void => {
  const { throughSeq, fromSeq = 1, previousSeq = 0 } = view;
  const late = [
    ...(throughSeq < seq ? [] : ['throughSeq']),
    ...(fromSeq <= throughSeq + 1 ? [] : ['fromSeq']),
    ...(previousSeq < seq ? [] : ['previousSeq']),
  ];
  if (late.length === 0) return;
  const field = `${what}.${late[0]}`;
  throw wrong(number, `is wrong: ${field}: it is not before ${seq}`, field);
};

/** A message must be one for the model too: it is sent as it is. */
export const mustBeEntry = (entry: Entry, number: number): Entry => {
  check(EntryFacts, entry, number, 'entry');
  if (entry.kind === 'view') mustBeView(entry, number);
  if (entry.kind !== 'message') return entry;
  if (isTooDeep(entry.body)) throw wrong(number, 'is nested too deeply', 'message');
  try {
    const { role, content } = decodeMessage(entry.body);
    const isPlain = content.every((block) => typeof block.type === 'string');
    if (role === entry.role && isPlain && hasNothingElse(entry.body)) return entry;
  } catch {
    // said below
  }
  throw wrong(number, 'holds no message', 'message');
};

const hasNothingElse = (body: Uint8Array): boolean =>
  Object.keys(JSON.parse(Buffer.from(body).toString()) as object).length === 2;

const mustBeView = ({ view, seq }: Extract<Entry, { kind: 'view' }>, number: number): void => {
  if (view.type === 'compaction') return mustPointBack(view, seq, number, 'entry.view');
  const last = view.type === 'repair' ? view.afterSeq : view.throughSeq;
  const isInOrder = view.type !== 'rollback' || view.fromSeq <= view.throughSeq;
  if (last < seq && isInOrder) return;
  const field = view.type === 'repair' ? 'entry.view.afterSeq' : 'entry.view.throughSeq';
  throw wrong(number, `is wrong: ${field}: it is not before ${seq}`, field);
};
