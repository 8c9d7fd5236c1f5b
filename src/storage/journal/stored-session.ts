/**
 * One session's records, of the committed state, decoded and checked. It holds no transaction open: each read is of
 * the moment in which it is asked for, and does all its work in the call. Records of a deleted session that still wait
 * for their purge are not seen.
 */

import type { Entry } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { SessionId, SessionKey, TurnId } from '../../model/ids.ts';
import type { MetricsPoint } from '../../model/metrics.ts';
import { type Segment, writerOf } from '../../model/segments.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import { type Bodies, BodyRun } from '../../session/memory/bodies.ts';
import type {
  AuditPage,
  AuditRecord,
  EntryRange,
  Fence,
  Page,
  SessionReader,
  StoredResponse,
  StreamRecord,
  Tombstone,
} from '../../session/ports/journal.ts';
import {
  readAudit,
  readEntry,
  readHead,
  readMetrics,
  readPrompt,
  readStream,
  readTurn,
} from '../records/codec.ts';
import { checksumOf, corruptRecord, readValue, versionOf } from '../records/frame.ts';
import * as keys from '../records/keys.ts';
import { AUDIT, SESSIONS, UPKEEP } from '../records/keys.ts';
import { fromCursor, type RecordReads, toCursor } from './record-reads.ts';

const DEFAULT_ENTRIES = 100;
/** What bodies are put into that nobody else has a place for: about what they need, and no more than this at a time. */
const USUAL_BODY_BYTES = 2 * 1024;
const PAGE_BYTES = 64 * 1024;

/** How far a transcript goes, and who else wrote the beginning of it. */
interface Extent {
  readonly subpath: string;
  readonly seq: number;
  readonly segments?: readonly Segment[] | undefined;
}

export class StoredSession implements SessionReader {
  readonly key: SessionKey;
  readonly fence: Fence;
  readonly head: Head | undefined;
  readonly #records: RecordReads;
  readonly #prefix: keys.Key;
  /** Of the head's record when the session was opened. */
  readonly #checksum: number;

  /** Throws `corrupt_record` when the head is. */
  constructor(records: RecordReads, key: SessionKey, fence: Fence, known?: Head) {
    this.#records = records;
    this.key = key;
    this.fence = fence;
    this.#prefix = keys.sessionPrefix(key);
    records.begin();
    const bytes = records.head(this.#prefix);
    const isKnown = bytes !== undefined && versionOf(bytes) === known?.version;
    this.head = isKnown ? known : bytes && readHead(keys.headKey(this.#prefix), bytes);
    this.#checksum = bytes === undefined ? 0 : checksumOf(bytes);
  }

  async entries(range: EntryRange = {}, bodies?: Bodies): Promise<readonly Entry[]> {
    if (!this.#begin()) return [];
    const { subpath = '', from = 1, limit = DEFAULT_ENTRIES, reverse = false } = range;
    const { maxBytes = Number.POSITIVE_INFINITY } = range;
    const extent = this.#extent(subpath);
    const last = Math.min(range.to ?? Number.MAX_SAFE_INTEGER, extent.seq);
    const first = Math.max(1, from);
    const count = Math.min(limit, last - first + 1);
    const page = new BodyRun(Math.min(PAGE_BYTES, count * USUAL_BODY_BYTES));
    const entries: Entry[] = [];
    for (let at = 0, bytes = 0; at < count && bytes < maxBytes; at += 1) {
      const entry = this.#entry(extent, reverse ? last - at : first + at, bodies ?? page);
      entries.push(entry);
      if (entry.kind !== 'view') bytes += entry.body.byteLength;
    }
    this.#records.entriesRead += entries.length;
    this.#records.readBuffers += page.made;
    return entries;
  }

  async stream(subpath: string): Promise<StreamRecord | undefined> {
    if (!this.#begin()) return undefined;
    this.#now();
    return this.#stream(subpath);
  }

  async streams(): Promise<readonly StreamRecord[]> {
    if (!this.#begin()) return [];
    this.#now();
    const start = keys.streamsPrefix(this.#prefix);
    const range = { start, end: keys.after(start), limit: Number.MAX_SAFE_INTEGER };
    const records = this.#records.tables
      .range(SESSIONS, range)
      .map(({ key, value }) => readStream(key, value));
    return records.sort((a, b) => (a.subpath < b.subpath ? -1 : 1));
  }

  async turn(turnId: TurnId): Promise<ClosedTurn | undefined> {
    if (!this.#begin()) return undefined;
    this.#now();
    const key = keys.turnKey(this.#prefix, turnId);
    const bytes = this.#records.tables.get(SESSIONS, key);
    return bytes && readTurn(key, bytes);
  }

  async turns({ limit, cursor }: Page): Promise<readonly ClosedTurn[]> {
    if (!this.#begin()) return [];
    this.#now();
    const all = keys.turnsPrefix(this.#prefix);
    const start = cursor === undefined ? all : `${keys.turnKey(this.#prefix, cursor)}\0`;
    const range = { start, end: keys.after(all), limit };
    return this.#records.page(SESSIONS, range, ({ key, value }) => readTurn(key, value));
  }

  async prompt(turnId: TurnId): Promise<Uint8Array | undefined> {
    if (!this.#begin()) return undefined;
    this.#now();
    const key = keys.promptKey(this.#prefix, turnId);
    const bytes = this.#records.tables.get(SESSIONS, key);
    return bytes && readPrompt(key, bytes);
  }

  async response(responseKey: string): Promise<unknown> {
    if (!this.#begin()) return undefined;
    this.#now();
    const key = keys.responseKey(this.#prefix, responseKey);
    const bytes = this.#records.tables.get(SESSIONS, key);
    return bytes && readValue(key, bytes);
  }

  async responses({
    limit,
    cursor,
  }: Page): Promise<readonly (StoredResponse & { cursor: string })[]> {
    if (!this.#begin()) return [];
    this.#now();
    const all = keys.responsesPrefix(this.#prefix, '');
    const start = cursor === undefined ? all : `${all}${fromCursor(cursor)}\0`;
    const range = { start, end: keys.after(all), limit };
    return this.#records.page(SESSIONS, range, ({ key, value }) => ({
      ...keys.ofResponseKey(this.#prefix, key),
      record: readValue(key, value),
      cursor: toCursor(key.slice(all.length)),
    }));
  }

  async tombstone(): Promise<Tombstone | undefined> {
    this.#records.begin();
    const key = keys.tombstoneKey(this.#prefix);
    const bytes = this.#records.tables.get(UPKEEP, key);
    if (bytes === undefined) return undefined;
    const tombstone = readValue(key, bytes) as Tombstone;
    return tombstone.untilMs > this.#records.clock.now() ? tombstone : undefined;
  }

  async metrics(limit: number): Promise<readonly MetricsPoint[]> {
    if (!this.#begin()) return [];
    this.#now();
    const start = keys.metricsPrefix(this.#prefix);
    const range = { start, end: keys.after(start), limit, reverse: true };
    return this.#records.page(SESSIONS, range, ({ key, value }) => readMetrics(key, value));
  }

  async audit({
    limit,
    cursor,
    ...span
  }: AuditPage): Promise<readonly (AuditRecord & { cursor: string })[]> {
    this.#records.begin();
    const all = keys.auditedPrefix(this.#prefix);
    const { start, end } = keys.auditSpan(all, span);
    const place = cursor === undefined ? start : `${all}${fromCursor(cursor)}\0`;
    const range = { start: keys.laterOf(place, start), end, limit };
    if (end <= range.start) return [];
    return this.#records.page(SESSIONS, range, ({ key }) => ({
      ...this.#audited(keys.ofAuditedKey(this.#prefix, key)),
      cursor: toCursor(key.slice(all.length)),
    }));
  }

  #audited(key: keys.Key): AuditRecord {
    const bytes = this.#records.tables.get(AUDIT, key);
    if (bytes === undefined) throw missing(key);
    const { sessionId: _, ...record } = readAudit(key, bytes);
    return record;
  }

  /** Whether there is anything to read. */
  #begin(): boolean {
    this.#records.begin();
    return this.head !== undefined;
  }

  /** The head's record as it is now; undefined: as it was. Throws `session_deleted`. */
  #now(): Buffer | undefined {
    const opened = this.head?.version ?? 0;
    const bytes = this.#records.head(this.#prefix);
    const version = bytes === undefined ? 0 : versionOf(bytes);
    if (bytes !== undefined && version > opened) return bytes;
    // A version is written once: with another content it is of another session, and so is a lower one.
    if (bytes !== undefined && version === opened && checksumOf(bytes) === this.#checksum)
      return undefined;
    const { sessionId } = this.key;
    throw new GreenroomError('session_deleted', `session ${sessionId} was deleted meanwhile`);
  }

  #extent(subpath: string): Extent {
    const bytes = this.#now();
    if (subpath !== '') return { subpath, seq: this.#stream(subpath)?.seq ?? 0 };
    const head = bytes === undefined ? this.head : readHead(keys.headKey(this.#prefix), bytes);
    return { subpath, seq: head?.seq ?? 0, segments: head?.segments };
  }

  #stream(subpath: string): StreamRecord | undefined {
    const key = keys.streamKey(this.#prefix, subpath);
    const bytes = this.#records.tables.get(SESSIONS, key);
    return bytes && readStream(key, bytes);
  }

  /** Where its writer keeps it. */
  #entry({ subpath, segments }: Extent, seq: number, bodies: Bodies): Entry {
    const writer = writerOf(segments, seq);
    const prefix =
      writer === undefined
        ? this.#prefix
        : keys.sessionPrefix({ ...this.key, sessionId: writer as SessionId });
    const key = keys.entryKey(prefix, subpath, seq);
    const entry = this.#records.tables.visit(SESSIONS, key, (value, keyBytes) =>
      readEntry(key, value, bodies, keyBytes),
    );
    if (entry === undefined) throw missing(key);
    return entry;
  }
}

const missing = (key: keys.Key): GreenroomError => corruptRecord(key, 'is missing');
