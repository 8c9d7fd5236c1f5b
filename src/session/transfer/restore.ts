/**
 * What a chunk of an export adds to the session that is made of it. While it comes in, the session is
 * there and takes nothing else; the chunk with the last line makes it what it was.
 *
 * 1. Lines that are stored already are skipped, so a chunk may come twice, and an import that broke off
 *    goes on where it was.
 * 2. Nothing of a chunk is stored if one of its lines is wrong.
 */
import { EMPTY_DIGEST, nextDigest } from '../../claude-code/digest.ts';
import { isObject } from '../../claude-code/raw-line.ts';
import type { ResponseRecord } from '../../claude-code/response-record.ts';
import type { Entry } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import { type Head, MAX_SIDE_TRANSCRIPTS, newHead } from '../../model/head.ts';
import type { Tally, Transfer } from '../../model/transfer.ts';
import type { ClosedTurn, OpenTurn } from '../../model/turn.ts';
import { statusFrom } from '../../model/unfinished.ts';
import { emptyUsage } from '../../model/usage.ts';
import { foreignIdIn } from '../mirror/mirror-key.ts';
import type {
  AuditRecord,
  ResponseClaim,
  SessionReader,
  Stored,
  StoredResponse,
  StreamRecord,
} from '../ports/journal.ts';
import {
  mustBeAudit,
  mustBeEntry,
  mustBeResponse,
  mustBeSession,
  mustBeStream,
  mustBeSubpath,
  mustBeTurn,
  mustLieIn,
} from './check.ts';
import {
  EXPORT_FORMAT,
  type ExportedHead,
  IMPORTED_BY,
  type Line,
  readExportLine,
  wrong,
} from './format.ts';
import { afterYield, Claims, recount } from './response-owner.ts';
import { counted, emptyTally, mustBeOfItsLines, withEntry } from './tally.ts';

export interface RestoreRequest {
  readonly type: 'restoreChunk';
  /** 0-based number of the first line; no lines: only the state is asked for. */
  readonly fromLine: number;
  readonly lines: readonly Uint8Array[];
  /** The export's first line, again, with the chunk that has the last one. */
  readonly session: Uint8Array | undefined;
}

/** A chunk, computed: what to write, and the head then. */
export interface Restored {
  readonly head: Head;
  readonly entries: readonly { readonly subpath: string; readonly entry: Entry }[];
  readonly streams: readonly StreamRecord[];
  readonly responses: readonly StoredResponse[];
  readonly claims: readonly ResponseClaim[];
  readonly turns: readonly ClosedTurn[];
  readonly audit: readonly AuditRecord[];
  readonly added: number;
}

export const prepareRestore = async (
  head: Head,
  request: RestoreRequest,
  from: Stored,
  nowMs: number,
): Promise<Restored> => {
  const { transfer } = head;
  if (request.lines.length === 0 || transfer?.isDone === true) return nothingNew(head);
  if (head.version > 0 && transfer === undefined)
    throw new GreenroomError('session_exists', `there is a session ${head.key.sessionId} already`);
  const stored = transfer?.lines ?? 0;
  if (request.fromLine > stored)
    throw new GreenroomError(
      'invalid_request',
      `line ${stored} comes next, not ${request.fromLine}`,
    );
  const lines = request.lines.slice(stored - request.fromLine);
  return lines.length === 0 ? nothingNew(head) : new Chunk(head, request, from, nowMs).take(lines);
};

const nothingNew = (head: Head): Restored => ({
  ...{ head, entries: [], streams: [], responses: [], claims: [], turns: [], audit: [], added: 0 },
});

const NO_TRANSFER: Transfer = {
  ...{ lines: 0, digest: EMPTY_DIGEST, firstDigest: EMPTY_DIGEST },
  tally: emptyTally,
};

class Chunk {
  readonly #request: RestoreRequest;
  readonly #stored: SessionReader;
  readonly #nowMs: number;
  readonly #entries: { subpath: string; entry: Entry }[] = [];
  readonly #streams = new Map<string, StreamRecord>();
  readonly #responses: StoredResponse[] = [];
  readonly #turns: ClosedTurn[] = [];
  readonly #audit: AuditRecord[] = [];
  readonly #claims: Claims;
  #head: Head;
  #transfer: Transfer;

  constructor(head: Head, request: RestoreRequest, { session, journal }: Stored, nowMs: number) {
    this.#request = request;
    this.#stored = session;
    this.#nowMs = nowMs;
    this.#transfer = head.transfer ?? NO_TRANSFER;
    this.#head = head.version === 0 ? newHead(head.key, nowMs) : head;
    this.#claims = new Claims(head, journal);
  }

  async take(lines: readonly Uint8Array[]): Promise<Restored> {
    for (const bytes of lines) await this.#line(bytes);
    const transfer = this.#transfer;
    return {
      head: { ...this.#head, importedAtMs: this.#nowMs, transfer },
      entries: this.#entries,
      streams: [...this.#streams.values()],
      responses: this.#responses,
      claims: this.#claims.made,
      turns: this.#turns,
      audit: this.#audit,
      added: lines.length,
    };
  }

  async #line(bytes: Uint8Array): Promise<void> {
    const { lines, digest } = this.#transfer;
    if (this.#transfer.isDone === true) throw wrong(lines, 'comes after the last one');
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
    const line = readExportLine(text, lines);
    if ((line.type === 'session') !== (lines === 0))
      throw wrong(lines, lines === 0 ? 'does not begin one' : 'begins another session');
    await this.#take(line, lines, bytes);
    this.#transfer = {
      ...this.#transfer,
      ...{ lines: lines + 1, digest: nextDigest(digest, bytes) },
    };
  }

  #take(line: Line, number: number, bytes: Uint8Array): void | Promise<void> {
    switch (line.type) {
      case 'session':
        return this.#begin(line.session, line.format, bytes);
      case 'entry':
        return this.#entry(
          mustBeSubpath(line.subpath, number),
          mustBeEntry(line.entry, number),
          number,
        );
      case 'stream':
        return this.#stream(mustBeStream(line.stream, number), number);
      case 'response':
        return this.#response(mustBeResponse(line.response, number));
      case 'turn':
        return this.#turn(mustBeTurn(line.turn, number), number);
      case 'audit':
        return void this.#audit.push(mustBeAudit(line.audit, number));
      case 'end':
        return this.#end(line, number);
      default:
        throw wrong(number, 'is of no type that this version knows');
    }
  }

  /** So that the half session can be recognised, and found by its age. */
  #begin(session: ExportedHead, format: number, bytes: Uint8Array): void {
    if (format !== EXPORT_FORMAT)
      throw new GreenroomError(
        'invalid_request',
        `the export has format ${format}, this version reads ${EXPORT_FORMAT}`,
      );
    const { createdAtMs, updatedAtMs, title } = mustBeSession(session);
    const named = title === undefined ? {} : { title };
    this.#head = { ...this.#head, createdAtMs, updatedAtMs, ...named };
    this.#transfer = { ...this.#transfer, firstDigest: nextDigest(EMPTY_DIGEST, bytes) };
  }

  async #entry(subpath: string, entry: Entry, number: number): Promise<void> {
    const last = subpath === '' ? this.#head.seq : await this.#seqOf(subpath);
    if (entry.seq !== last + 1) throw wrong(number, `has seq ${entry.seq}, ${last + 1} comes next`);
    this.#entries.push({ subpath, entry });
    this.#count((tally) => withEntry(tally, subpath, entry));
    if (subpath !== '') return this.#keepStream({ subpath, seq: entry.seq });
    const isMessage = entry.kind === 'message' && entry.isPartial !== true;
    this.#head = {
      ...this.#head,
      seq: entry.seq,
      messageCount: this.#head.messageCount + (isMessage ? 1 : 0),
    };
  }

  #count(change: (tally: Tally) => Tally): void {
    const { tally } = this.#transfer;
    if (tally !== undefined) this.#transfer = { ...this.#transfer, tally: change(tally) };
  }

  /** One that another session here counts is inherited, whatever the export says. */
  async #response(response: StoredResponse): Promise<void> {
    const { responseKey, record, hashed } = response;
    if (!isCounted(record)) return void this.#responses.push(response);
    await this.#claims.read([response]);
    const claimed = this.#claims.claim(responseKey, record, hashed);
    this.#responses.push({ ...response, record: claimed });
    if (claimed.isInherited !== true) return;
    const { elsewhere = NOTHING_SPENT } = this.#transfer;
    const { usage, costNanoUsd, unpricedAnswers } = recount(
      { ...elsewhere, inheritedCostNanoUsd: 0 },
      undefined,
      record,
    );
    this.#transfer = { ...this.#transfer, elsewhere: { usage, costNanoUsd, unpricedAnswers } };
  }

  async #stream(stream: StreamRecord, number: number): Promise<void> {
    const { subpath, seq } = stream;
    const last = subpath === '' ? this.#head.seq : await this.#seqOf(subpath);
    if (subpath === '' ? seq > last : seq !== last)
      throw wrong(number, `ends at ${seq}, its entries at ${last}`, 'stream.seq');
    const { tally } = this.#transfer;
    if (tally !== undefined) mustBeOfItsLines(stream, tally, number);
    await this.#keepStream(stream);
  }

  #turn(turn: ClosedTurn, number: number): void {
    mustLieIn(turn, this.#head.seq, number);
    this.#turns.push(turn);
  }

  async #keepStream(stream: StreamRecord): Promise<void> {
    const { subpath } = stream;
    const isNew = subpath !== '' && (await this.#known(subpath)) === undefined;
    this.#streams.set(subpath, stream);
    if (isNew && this.#head.sideTranscripts >= MAX_SIDE_TRANSCRIPTS)
      throw new GreenroomError(
        'too_large',
        `a session has at most ${MAX_SIDE_TRANSCRIPTS} side transcripts`,
      );
    if (!isNew) return;
    this.#count((tally) => ({ ...tally, sideTranscripts: tally.sideTranscripts + 1 }));
    this.#head = { ...this.#head, sideTranscripts: this.#head.sideTranscripts + 1 };
  }

  /** A stream as it is with this chunk so far. */
  async #known(subpath: string): Promise<StreamRecord | undefined> {
    return this.#streams.get(subpath) ?? (await this.#stored.stream(subpath));
  }

  async #seqOf(subpath: string): Promise<number> {
    return (await this.#known(subpath))?.seq ?? 0;
  }

  async #end({ lines, digest }: Extract<Line, { type: 'end' }>, number: number): Promise<void> {
    const sofar = this.#transfer;
    if (lines !== sofar.lines || digest !== sofar.digest)
      throw wrong(number, 'has another digest than the lines before it: the file was changed');
    const { sessionId, session } = this.#session(number);
    if (session.seq !== this.#head.seq)
      throw wrong(number, `comes after ${this.#head.seq} of ${session.seq} entries`);
    await this.#mustHaveCompaction(session);
    const { openTurns, status } = session;
    for (const turn of openTurns) await this.#interrupt(turn);
    const { key, version } = this.#head;
    const { tally, ...done } = sofar;
    this.#head = {
      ...(sessionId === key.sessionId ? session : ownNames(session)),
      ...(tally === undefined ? {} : counted(session, tally)),
      ...{ key, version, openTurns: [], toolMemory: undefined },
      status: openTurns.length === 0 ? status : statusFrom({ openTurns: [] }),
    };
    const { elsewhere, ...rest } = done;
    if (elsewhere !== undefined)
      this.#head = { ...this.#head, ...afterYield(this.#head, { spent: elsewhere }) };
    this.#transfer = { ...rest, isDone: true };
    this.#audit.push({
      ...{ kind: 'lifecycle', action: 'imported', atMs: this.#nowMs, by: IMPORTED_BY },
      details: { digest },
    });
  }

  /** A wake reads from there on: it must be what the head says. */
  async #mustHaveCompaction({ compaction }: ExportedHead): Promise<void> {
    if (compaction === undefined) return;
    const { seq, throughSeq, fromSeq } = compaction;
    const isIt = (entry: Entry | undefined) =>
      entry?.kind === 'view' &&
      entry.view.type === 'compaction' &&
      entry.view.throughSeq === throughSeq &&
      (entry.view.fromSeq ?? fromSeq) === fromSeq;
    const came = this.#entries.find(({ subpath, entry }) => subpath === '' && entry.seq === seq);
    const stored = async () => (await this.#stored.entries({ from: seq, to: seq, limit: 1 })).at(0);
    if (isIt(came?.entry ?? (await stored()))) return;
    const field = 'session.compaction';
    throw wrong(0, `is wrong: ${field}: entry ${seq} is not this compaction`, field);
  }

  /** Nobody here ran it. Its id is no other turn's. */
  async #interrupt(turn: OpenTurn): Promise<void> {
    const { turnId } = turn;
    const isClosed =
      this.#turns.some((closed) => closed.turnId === turnId) ||
      (await this.#stored.turn(turnId)) !== undefined;
    if (isClosed)
      throw wrong(0, `is wrong: session.openTurns: ${turnId} is closed too`, 'session.openTurns');
    this.#turns.push(interrupted(turn, this.#nowMs));
  }

  /** The first line, which came with this chunk, in it or beside it. */
  #session(number: number): Extract<Line, { type: 'session' }> {
    const { lines, session, fromLine } = this.#request;
    const bytes = session ?? (fromLine === 0 ? lines[0] : undefined);
    if (bytes === undefined || nextDigest(EMPTY_DIGEST, bytes) !== this.#transfer.firstDigest)
      throw wrong(number, 'came without the first one');
    const line = readExportLine(Buffer.from(bytes).toString(), 0);
    if (line.type !== 'session') throw wrong(0, 'does not begin a session');
    return { ...line, session: mustBeSession(line.session) };
  }
}

const NOTHING_SPENT = { usage: emptyUsage, costNanoUsd: 0, unpricedAnswers: 0 };

/** A response that the exported session counted; not a mark, and not one that it had inherited. */
const isCounted = (record: unknown): record is ResponseRecord => {
  const { usage, isInherited } = isObject(record) ? (record as Partial<ResponseRecord>) : {};
  return isObject(usage) && isInherited !== true;
};

/**
 * Under another id it is a copy. What the Agent SDK means by its names is the original: with two of them, a deletion
 * would bring the other one to light.
 */
const ownNames = (session: ExportedHead): ExportedHead => {
  const { externalKey, projectKey: _, ...copy } = session;
  return foreignIdIn(externalKey) === undefined ? session : copy;
};

/** Nobody here ran it: it does not go on in a copy. */
const interrupted = (
  { options: _, status: __, runs: ___, phase: ____, ...turn }: OpenTurn,
  nowMs: number,
): ClosedTurn => ({
  ...turn,
  ...{ status: 'interrupted', finishedAtMs: nowMs, stopReason: null },
  error: {
    code: 'interrupted',
    message: 'the session was exported while this turn was open',
    retryable: false,
  },
});
