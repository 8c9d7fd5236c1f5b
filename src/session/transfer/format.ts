/**
 * The export format: one session as lines of JSON. `docs/reference/export-format.md` is its description.
 *
 * 1. The same session gives the same bytes: fields stand in the order of their names, a message as the
 *    bytes that are stored; nothing of the time or the place of the export is in it.
 * 2. The last line has a digest over all others, so a file that was cut off or changed is recognised.
 */
import { isUtf8 } from 'node:buffer';
import { isWellFormed, wellFormed } from '../../model/bounds.ts';
import type { Entry } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import { isDeeperThan } from '../../model/json-depth.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import { statusFrom, unfinishedTurns } from '../../model/unfinished.ts';
import type { AuditRecord, StoredResponse, StreamRecord } from '../ports/journal.ts';

export const EXPORT_FORMAT = 1;

/** Who an audit record says imported the session: that is of this store, and not exported. */
export const IMPORTED_BY = 'export';

/**
 * What belongs to a store and not to the session: left out of an export, made anew by an import. A session's own servers
 * have passwords in their headers, and are what its daemon allows; its series begins anew; its archive is of this store; where its code ran
 * is of this account of the API.
 */
const OF_THE_STORE = [
  ...(['key', 'version', 'importedAtMs', 'segments', 'transfer', 'offers'] as const),
  ...(['container', 'mcpServers', 'snapshots', 'snapshotAtMs', 'delayed', 'archiveId'] as const),
] as const;
type OfTheStore = (typeof OF_THE_STORE)[number];
export type ExportedHead = Omit<Head, OfTheStore>;

/** Also of what is read: whose segments an import named, it would see the entries of. */
export const ofNoStore = (head: ExportedHead): ExportedHead => {
  const session: ExportedHead & { [K in OfTheStore]?: unknown } = { ...head };
  for (const field of OF_THE_STORE) delete session[field];
  return session;
};

export type Line =
  | {
      readonly type: 'session';
      readonly format: number;
      readonly sessionId: string;
      readonly session: ExportedHead;
    }
  | { readonly type: 'entry'; readonly subpath: string; readonly entry: Entry }
  | { readonly type: 'stream'; readonly stream: StreamRecord }
  | { readonly type: 'response'; readonly response: StoredResponse }
  | { readonly type: 'turn'; readonly turn: ClosedTurn }
  | { readonly type: 'audit'; readonly audit: AuditRecord }
  | { readonly type: 'end'; readonly lines: number; readonly digest: string };

// ── writing ──────────────────────────────────────────────────────────────────────────────────────

export const headLine = (head: Head): string => {
  const { sessionId } = head.key;
  const session = ofNoStore(head);
  if (head.delayed === undefined)
    return json({ type: 'session', format: EXPORT_FORMAT, sessionId, session });
  // Turns that are yet to begin go along as if they were next: what is imported closes both.
  const openTurns = unfinishedTurns(head);
  const all = { ...session, openTurns, status: statusFrom({ openTurns }) };
  return json({ type: 'session', format: EXPORT_FORMAT, sessionId, session: all });
};

/** A message's body goes last and as it is stored; what is not one line of UTF-8, as base64. */
export const entryLine = (subpath: string, entry: Entry): string => {
  const stream = subpath === '' ? {} : { subpath };
  if (entry.kind === 'view') return json({ type: 'entry', ...stream, ...entry });
  const { body, ...facts } = entry;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const fields = { type: 'entry', ...stream, ...facts };
  if (!isUtf8(bytes)) return json({ ...fields, base64: bytes.toString('base64') });
  const text = bytes.toString();
  if (entry.kind === 'imported') return json({ ...fields, line: text });
  return isOneLineOfJson(text)
    ? `${json(fields).slice(0, -1)}${BODY}${text}}`
    : json({ ...fields, base64: bytes.toString('base64') });
};

const BODY = ',"message":';

const isOneLineOfJson = (text: string): boolean => {
  if (/[\r\n]/.test(text) || text !== text.trim()) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

export const streamLine = (stream: StreamRecord): string => json({ type: 'stream', stream });
export const responseLine = (response: StoredResponse): string =>
  json({ type: 'response', response });
export const turnLine = (turn: ClosedTurn): string => json({ type: 'turn', turn });
export const auditLine = (audit: AuditRecord): string => json({ type: 'audit', audit });
export const endLine = (lines: number, digest: string): string =>
  json({ type: 'end', lines, digest });

/** JSON with the fields of every object in the order of their names; `type` goes first. */
const json = ({ type, ...fields }: { readonly type: string } & Record<string, unknown>): string => {
  const rest = JSON.stringify(sorted(fields));
  const first = `{"type":${JSON.stringify(type)}`;
  return rest === '{}' ? `${first}}` : `${first},${rest.slice(1)}`;
};

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value === 'string') return wellFormed(value); // as the store gives it back
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]));
};

// ── reading ──────────────────────────────────────────────────────────────────────────────────────

/** Objects and lists inside each other, beside a message: no record of a store has as many. */
const MAX_FACTS_DEPTH = 100;

/** Throws `invalid_request` for what is no line of an export. */
export const readExportLine = (text: string, number: number): Line => {
  const line = parsed(text, number);
  const { message: _message, ...around } = line;
  if (isDeeperThan(MAX_FACTS_DEPTH, around)) throw wrong(number, 'is nested too deeply');
  if (line['type'] !== 'entry') return line as unknown as Line;
  const { type: _, subpath = '', line: imported, base64, message, ...facts } = line;
  if (facts['kind'] === 'view') return entryOf(subpath, facts);
  if (typeof imported === 'string' && !isWellFormed(imported))
    throw wrong(number, 'is wrong: entry.line: holds half of a surrogate pair', 'entry.line');
  const body = bodyOf(text, { imported, base64, message });
  if (body === undefined) throw wrong(number, 'has no content');
  return entryOf(subpath, { ...facts, body });
};

const entryOf = (subpath: unknown, entry: object): Line => ({
  type: 'entry',
  subpath: subpath as string,
  entry: entry as Entry,
});

const bodyOf = (
  text: string,
  { imported, base64, message }: Readonly<Record<'imported' | 'base64' | 'message', unknown>>,
): Uint8Array | undefined => {
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64');
  if (typeof imported === 'string') return Buffer.from(imported);
  const at = message === undefined ? -1 : topLevel(text, BODY);
  return at === -1 ? undefined : Buffer.from(text.slice(at + BODY.length, -1));
};

/** Where a field of the object itself begins; one of the same name may stand deeper before it. */
const topLevel = (text: string, field: string): number => {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (depth === 1 && character === ',' && text.startsWith(field, at)) return at;
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
  }
  return -1;
};

const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
};

const parsed = (text: string, number: number): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong(number, 'is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(number, 'is no object');
  return value as Record<string, unknown>;
};

/** @param number of the line, from 0. @param field the one that is wrong, for programs. */
export const wrong = (number: number, why: string, field?: string): GreenroomError =>
  new GreenroomError('invalid_request', `line ${number + 1} of the export ${why}`, {
    details: { line: number + 1, ...(field === undefined ? {} : { field }) },
  });

/** Whether a file that begins with this line is an export. */
export const isExport = (firstLine: string): boolean =>
  firstLine.startsWith('{"type":"session","format":');
