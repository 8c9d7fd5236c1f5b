/**
 * An export, page by page: each page is computed from a cursor alone, so nobody holds anything between
 * two of them, and memory is one page.
 *
 * It is of one moment though it takes many: entries never change, so those up to the head's `seq` at the
 * beginning are taken; of turns and audit, what was there then. Where other programs write (imports,
 * mirrors), it must not change meanwhile: else `version_conflict`, and whoever exports begins again. So the head is
 * looked at before a page is read, and once more behind it.
 */

import { nextDigest } from '../../claude-code/digest.ts';
import { wellCut } from '../../model/bounds.ts';
import { ConcurrencyError, GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import type { AuditRecord, SessionReader } from '../ports/journal.ts';
import { readPage } from '../ports/pages.ts';
import { begin, type Cursor, cursorIn, type Place } from './export-cursor.ts';
import {
  auditLine,
  endLine,
  entryLine,
  headLine,
  IMPORTED_BY,
  responseLine,
  streamLine,
  turnLine,
} from './format.ts';

/** Records read at once. */
const STEP = 100;
const STEP_BYTES = 1024 * 1024;

export interface ExportPage {
  /** Whole lines with their newlines; a line that is too long for a page comes in pieces. */
  readonly text: string;
  /** Absent: that was all. */
  readonly cursor?: string;
}

/** What is exported. */
interface Exported {
  readonly session: SessionReader;
  readonly head: Head;
  /** Reads the head once more. */
  readonly headNow: () => Promise<Head | undefined>;
}

/** @param maxBytes of the page's text as JSON. */
export const exportPage = async (
  { session, head, headNow }: Exported,
  cursorText: string | undefined,
  maxBytes: number,
  nowMs: number,
): Promise<ExportPage> => {
  const first =
    cursorText === undefined ? begin(head, await session.streams(), nowMs) : cursorIn(cursorText);
  const sections = new Set<Cursor['section']>();
  const seen: Seen = (cursor) => {
    mustBeTheSame(head, cursor);
    sections.add(cursor.section);
  };
  const page = await pageFrom(session, head, first, maxBytes, seen);
  sections.delete('head'); // it is of the head that was looked at
  const now = await headNow();
  if (now === undefined)
    throw new GreenroomError('session_deleted', 'the session was deleted while it was exported');
  for (const section of sections) mustBeTheSame(now, { ...first, section });
  return page;
};

/** Told of each place before it is read from. */
type Seen = (cursor: Cursor) => void;

const pageFrom = async (
  session: SessionReader,
  head: Head,
  first: Cursor,
  maxBytes: number,
  seen: Seen,
): Promise<ExportPage> => {
  let cursor = first;
  const page = new Page(maxBytes);
  while (true) {
    seen(cursor);
    const step = await read(session, head, cursor);
    for (const line of step.lines.slice(cursor.skip)) {
      const added = page.add(line, cursor.offset);
      if (added !== 'whole')
        return { text: page.text, cursor: JSON.stringify({ ...cursor, offset: added }) };
      const digest = nextDigest(cursor.digest, Buffer.from(line));
      const { lines, skip } = cursor;
      cursor = { ...cursor, lines: lines + 1, skip: skip + 1, offset: 0, digest };
    }
    if (step.next === undefined) return { text: page.text };
    const { at: _, side: __, ...rest } = cursor;
    cursor = { ...rest, ...step.next, skip: 0, offset: 0 };
  }
};

class Page {
  readonly #maxBytes: number;
  readonly #parts: string[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get text(): string {
    return this.#parts.join('');
  }

  /** `whole`, or how many characters of the line are out. */
  add(line: string, offset: number): 'whole' | number {
    const text = `${line}\n`.slice(offset);
    const bytes = Buffer.byteLength(JSON.stringify(text));
    if (this.#bytes + bytes <= this.#maxBytes) {
      this.#parts.push(text);
      this.#bytes += bytes;
      return 'whole';
    }
    if (this.#bytes > 0) return offset;
    const piece = wellCut(text, Math.max(2, Math.floor(this.#maxBytes / MOST_BYTES)));
    this.#parts.push(piece);
    return offset + piece.length;
  }
}

/** Of one UTF-16 unit in JSON: `\u0000`. */
const MOST_BYTES = 6;

const mustBeTheSame = (head: Head, cursor: Cursor): void => {
  const { section, version, streams } = cursor;
  const isMoving = section === 'head' || (streams.length > 0 && section !== 'main');
  if (head.seq < cursor.seq || (isMoving && head.version !== version))
    throw new ConcurrencyError('the session was written to while it was exported: export it again');
};

interface Step {
  readonly lines: readonly string[];
  readonly next: Place | undefined;
}

const read = async (session: SessionReader, head: Head, cursor: Cursor): Promise<Step> => {
  switch (cursor.section) {
    case 'head':
      return { lines: [headLine(head)], next: { section: 'responses' } };
    case 'responses':
      return responses(session, cursor);
    case 'main':
      return mainEntries(session, cursor);
    case 'sides':
      return sideEntries(session, cursor);
    case 'turns':
      return turns(session, cursor);
    case 'audit':
      return audit(session, cursor);
    case 'end':
      return { lines: [endLine(cursor.lines, cursor.digest)], next: undefined };
  }
};

const responses = async (session: SessionReader, { at }: Cursor): Promise<Step> => {
  const page = await session.responses({ limit: STEP, ...from(at) });
  const last = page.at(-1);
  return {
    lines: page.map(({ cursor: _, ...response }) => responseLine(response)),
    next:
      last === undefined || page.length < STEP
        ? { section: 'main', at: 1 }
        : { section: 'responses', at: last.cursor },
  };
};

const from = (at: string | number | undefined): { readonly cursor?: string } =>
  at === undefined ? {} : { cursor: `${at}` };

const mainEntries = async (
  session: SessionReader,
  { at = 1, seq, streams }: Cursor,
): Promise<Step> => {
  const range = { subpath: '', from: Number(at), to: seq, limit: STEP };
  const page = Number(at) > seq ? [] : await readPage(session, range, STEP_BYTES);
  const end = page.at(-1)?.seq ?? seq;
  const lines = page.map((entry) => entryLine('', entry));
  if (end < seq) return { lines, next: { section: 'main', at: end + 1 } };
  const hasRecord = streams.some(([subpath]) => subpath === '');
  return {
    lines: [...lines, ...(hasRecord ? [await streamOf(session, '')] : [])],
    next: { section: 'sides', side: 0, at: 1 },
  };
};

const sideEntries = async (
  session: SessionReader,
  { at = 1, side = 0, streams }: Cursor,
): Promise<Step> => {
  const [subpath, seq] = streams.filter(([name]) => name !== '')[side] ?? [];
  if (subpath === undefined || seq === undefined) return { lines: [], next: { section: 'turns' } };
  const range = { subpath, from: Number(at), to: seq, limit: STEP };
  const page = Number(at) > seq ? [] : await readPage(session, range, STEP_BYTES);
  const end = page.at(-1)?.seq ?? seq;
  const lines = page.map((entry) => entryLine(subpath, entry));
  if (end < seq) return { lines, next: { section: 'sides', side, at: end + 1 } };
  return {
    lines: [...lines, await streamOf(session, subpath)],
    next: { section: 'sides', side: side + 1, at: 1 },
  };
};

const streamOf = async (session: SessionReader, subpath: string): Promise<string> => {
  const stream = await session.stream(subpath);
  if (stream !== undefined) return streamLine(stream);
  throw new ConcurrencyError('a side transcript was deleted while it was exported');
};

/** Newest first, as they stand in the ledger. What began or closed since is not of this moment. */
const turns = async (session: SessionReader, cursor: Cursor): Promise<Step> => {
  const page = await session.turns({ limit: STEP, ...from(cursor.at) });
  const last = page.at(-1);
  return {
    lines: page.filter((turn) => isOf(turn, cursor)).map(turnLine),
    next:
      last === undefined || page.length < STEP
        ? { section: 'audit' }
        : { section: 'turns', at: last.turnId },
  };
};

const isOf = (turn: ClosedTurn, { seq, nowMs, openTurns }: Cursor): boolean =>
  turn.seq <= seq && turn.finishedAtMs <= nowMs && !openTurns.includes(turn.turnId);

const audit = async (session: SessionReader, cursor: Cursor): Promise<Step> => {
  const page = await session.audit({ limit: STEP, ...from(cursor.at) });
  const last = page.at(-1);
  const records = page.map(({ cursor: _, ...record }) => record);
  return {
    lines: records.filter((record) => isOfTheSession(record, cursor)).map(auditLine),
    next:
      last === undefined || page.length < STEP
        ? { section: 'end' }
        : { section: 'audit', at: last.cursor },
  };
};

const isOfTheSession = ({ action, by, atMs }: AuditRecord, { nowMs }: Cursor): boolean =>
  atMs <= nowMs && !(action === 'imported' && by === IMPORTED_BY);
