/**
 * The reading half of the journal: records of the committed state, decoded and checked. Records of a
 * deleted session that still wait for their purge are not seen: without a head there is nothing.
 */

import { type CatalogRow, catalogRowOf } from '../../model/catalog-row.ts';
import type { DueKind } from '../../model/due.ts';
import type { Entry } from '../../model/entry.ts';
import type { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { SessionKey, Tenant, TurnId } from '../../model/ids.ts';
import { type Segment, writerOf } from '../../model/segments.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import type { Clock } from '../../otp/clock.ts';
import { type Bodies, BodyRun } from '../../session/memory/bodies.ts';
import type {
  AuditRecord,
  DueEntry,
  EntryRange,
  ResponseOwner,
  StoredResponse,
  StreamRecord,
  Tombstone,
} from '../../session/ports/journal.ts';
import { readAudit, readEntry, readHead, readRow, readStream, readTurn } from '../records/codec.ts';
import { corruptRecord, readOwner, readValue } from '../records/frame.ts';
import * as keys from '../records/keys.ts';
import { AUDIT, ROWS, SESSIONS, type Table, UPKEEP } from '../records/keys.ts';
import { ROW_PAGE } from '../records/limits.ts';
import type { Range, ReadTables, StoredRecord } from '../records/store.ts';

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

export abstract class JournalReads {
  readonly #tables: ReadTables;
  readonly #clock: Clock;
  protected reads = 0;
  protected entriesRead = 0;
  protected readBuffers = 0;
  protected duesRead = 0;

  constructor(tables: ReadTables, clock: Clock) {
    this.#tables = tables;
    this.#clock = clock;
  }

  /** Throws when the store must not be touched any more. */
  protected abstract mustBeOpen(): void;

  /** Told of a broken record that was passed over. */
  protected abstract onCorrupt(error: Error): void;

  head(session: SessionKey): Head | undefined {
    this.#begin();
    const prefix = keys.sessionPrefix(session);
    const bytes = this.#head(prefix);
    return bytes === undefined ? undefined : readHead(keys.headKey(prefix), bytes);
  }

  entries(session: SessionKey, range: EntryRange = {}, bodies?: Bodies): readonly Entry[] {
    this.#begin();
    const prefix = keys.sessionPrefix(session);
    const { subpath = '', from = 1, limit = DEFAULT_ENTRIES, reverse = false } = range;
    const extent = this.#extent(prefix, subpath);
    const last = Math.min(range.to ?? Number.MAX_SAFE_INTEGER, extent.seq);
    const first = Math.max(1, from);
    const count = Math.min(limit, last - first + 1);
    const page = new BodyRun(Math.min(PAGE_BYTES, count * USUAL_BODY_BYTES));
    const entries: Entry[] = [];
    for (let at = 0; at < count; at += 1)
      entries.push(this.#entry(session, extent, reverse ? last - at : first + at, bodies ?? page));
    this.entriesRead += entries.length;
    this.readBuffers += page.made;
    return entries;
  }

  stream(session: SessionKey, subpath: string): StreamRecord | undefined {
    this.#begin();
    const prefix = keys.sessionPrefix(session);
    return this.#stream(prefix, subpath);
  }

  streams(session: SessionKey): readonly StreamRecord[] {
    this.#begin();
    const prefix = keys.sessionPrefix(session);
    if (!this.#exists(prefix)) return [];
    const start = keys.streamsPrefix(prefix);
    const end = keys.after(start);
    const range = { start, end, limit: Number.MAX_SAFE_INTEGER };
    const records = this.#tables
      .range(SESSIONS, range)
      .map(({ key, value }) => readStream(key, value));
    return records.sort((a, b) => (a.subpath < b.subpath ? -1 : 1));
  }

  turn(session: SessionKey, turnId: TurnId): ClosedTurn | undefined {
    this.#begin();
    const prefix = keys.sessionPrefix(session);
    const key = keys.turnKey(prefix, turnId);
    const bytes = this.#tables.get(SESSIONS, key);
    return bytes === undefined || !this.#exists(prefix) ? undefined : readTurn(key, bytes);
  }

  turns(
    session: SessionKey,
    { limit, cursor }: { limit: number; cursor?: string },
  ): readonly ClosedTurn[] {
    this.#begin();
    const prefix = keys.sessionPrefix(session);
    if (!this.#exists(prefix)) return [];
    const all = keys.turnsPrefix(prefix);
    const start = cursor === undefined ? all : `${keys.turnKey(prefix, cursor)}\0`;
    const range = { start, end: keys.after(all), limit };
    return this.#page(SESSIONS, range, ({ key, value }) => readTurn(key, value));
  }

  response(session: SessionKey, response: string): unknown {
    this.#begin();
    const prefix = keys.sessionPrefix(session);
    return this.#value(prefix, keys.responseKey(prefix, response));
  }

  responseOwner(tenant: Tenant, response: string, hashed = false): ResponseOwner | undefined {
    this.#begin();
    const key = (hashed ? keys.hashedOwnerKey : keys.ownerKey)(tenant, response);
    const bytes = this.#tables.get(UPKEEP, key);
    return bytes === undefined ? undefined : readOwner(key, bytes);
  }

  responses(
    session: SessionKey,
    { limit, cursor }: { limit: number; cursor?: string },
  ): readonly (StoredResponse & { cursor: string })[] {
    this.#begin();
    const prefix = keys.sessionPrefix(session);
    if (!this.#exists(prefix)) return [];
    const all = keys.responsesPrefix(prefix, '');
    const start = cursor === undefined ? all : `${all}${fromCursor(cursor)}\0`;
    const range = { start, end: keys.after(all), limit };
    return this.#page(SESSIONS, range, ({ key, value }) => ({
      ...keys.ofResponseKey(prefix, key),
      record: readValue(key, value),
      cursor: toCursor(key.slice(all.length)),
    }));
  }

  /** Undefined when there is none, or its time is over. */
  tombstone(session: SessionKey): Tombstone | undefined {
    this.#begin();
    const key = keys.tombstoneKey(keys.sessionPrefix(session));
    const bytes = this.#tables.get(UPKEEP, key);
    if (bytes === undefined) return undefined;
    const tombstone = readValue(key, bytes) as Tombstone;
    return tombstone.untilMs > this.#clock.now() ? tombstone : undefined;
  }

  /** Not counted among the reads: somebody looks every second, also when nothing else happens. */
  due(
    kind: DueKind,
    { limit, after }: { limit: number; after?: DueEntry | undefined },
  ): readonly DueEntry[] {
    this.mustBeOpen();
    const all = keys.duesPrefix(kind);
    const start =
      after === undefined
        ? all
        : `${keys.dueKey(kind, keys.sessionPrefix(after.key), after.atMs)}\0`;
    const found = this.#tables.range(UPKEEP, { start, end: keys.after(all), limit });
    this.duesRead += found.length;
    return found.map((record) => {
      const { atMs, prefix } = keys.ofDueKey(kind, record.key);
      return { atMs, key: keys.ofRowKey(prefix) };
    });
  }

  /** Newest first, from before `cursor`. */
  audit(
    tenant: Tenant,
    { limit, cursor }: { limit: number; cursor?: string },
  ): readonly (AuditRecord & { sessionId: string; cursor: string })[] {
    this.#begin();
    const start = keys.auditPrefix(tenant);
    const end = cursor === undefined ? keys.after(start) : start + fromCursor(cursor);
    return this.#page(AUDIT, { start, end, limit, reverse: true }, ({ key, value }) => ({
      ...readAudit(key, value),
      cursor: toCursor(key.slice(start.length)),
    }));
  }

  /** Oldest first, from behind `cursor`. */
  auditOf(
    session: SessionKey,
    { limit, cursor }: { limit: number; cursor?: string },
  ): readonly (AuditRecord & { cursor: string })[] {
    this.#begin();
    const prefix = keys.sessionPrefix(session);
    const all = keys.auditedPrefix(prefix);
    const start = cursor === undefined ? all : `${all}${fromCursor(cursor)}\0`;
    return this.#page(SESSIONS, { start, end: keys.after(all), limit }, ({ key }) => ({
      ...this.#audited(keys.ofAuditedKey(prefix, key)),
      cursor: toCursor(key.slice(all.length)),
    }));
  }

  #audited(key: keys.Key): AuditRecord {
    const bytes = this.#tables.get(AUDIT, key);
    if (bytes === undefined) throw missing(key);
    const { sessionId: _, ...record } = readAudit(key, bytes);
    return record;
  }

  /**
   * One broken row must not keep all the others away: it is reported, and made anew from its session's
   * head; a session whose head is broken too is reported and left out.
   */
  async scanRows(visit: (row: CatalogRow) => void): Promise<void> {
    let start = '\0';
    for (;;) {
      this.mustBeOpen();
      const page = this.#tables.range(ROWS, { start, end: '\xff', limit: ROW_PAGE });
      for (const record of page) {
        const row = this.#row(record);
        if (row !== undefined) visit(row);
      }
      const last = page.at(-1);
      if (last === undefined || page.length < ROW_PAGE) return;
      start = `${last.key}\0`;
      await new Promise<void>((resolve) => this.#clock.defer(resolve));
    }
  }

  #row({ key, value }: StoredRecord): CatalogRow | undefined {
    try {
      return readRow(key, value, keys.ofRowKey(key));
    } catch (error) {
      this.onCorrupt(error as Error);
      return this.#rowFromHead(key);
    }
  }

  /** A row's key is its session's prefix. */
  #rowFromHead(prefix: keys.Key): CatalogRow | undefined {
    const key = keys.headKey(prefix);
    try {
      const bytes = this.#tables.get(SESSIONS, key);
      if (bytes === undefined) throw missing(key);
      return catalogRowOf(readHead(key, bytes));
    } catch (error) {
      this.onCorrupt(error as Error);
      return undefined;
    }
  }

  #begin(): void {
    this.mustBeOpen();
    this.reads += 1;
  }

  /** A head that is gone while its row stands was lost by the disk, not deleted by us. */
  #head(prefix: keys.Key): Buffer | undefined {
    const key = keys.headKey(prefix);
    const bytes = this.#tables.get(SESSIONS, key);
    if (bytes === undefined && this.#tables.get(ROWS, keys.rowKey(prefix)) !== undefined)
      throw missing(key);
    return bytes;
  }

  #exists(prefix: keys.Key): boolean {
    return this.#head(prefix) !== undefined;
  }

  #value(prefix: keys.Key, key: keys.Key): unknown {
    const bytes = this.#tables.get(SESSIONS, key);
    return bytes === undefined || !this.#exists(prefix) ? undefined : readValue(key, bytes);
  }

  #extent(prefix: keys.Key, subpath: string): Extent {
    const key = keys.headKey(prefix);
    const head = this.#head(prefix);
    if (head === undefined) return { subpath, seq: 0, segments: undefined };
    if (subpath === '') return { subpath, ...readHead(key, head) };
    const stream = this.#stream(prefix, subpath);
    return { subpath, seq: stream?.seq ?? 0, segments: undefined };
  }

  #stream(prefix: keys.Key, subpath: string): StreamRecord | undefined {
    const key = keys.streamKey(prefix, subpath);
    const bytes = this.#tables.get(SESSIONS, key);
    return bytes === undefined || !this.#exists(prefix) ? undefined : readStream(key, bytes);
  }

  /**
   * So many records of a list, as far as they can be read: one that cannot costs itself, is told of, and the list
   * goes on behind it. Fewer than `limit` means that there are no more.
   */
  #page<T>(
    table: Table,
    { limit, reverse = false, ...range }: Range,
    read: (record: StoredRecord) => T,
  ): T[] {
    const page: T[] = [];
    let { start, end } = range;
    for (;;) {
      const wanted = limit - page.length;
      const records = this.#tables.range(table, { start, end, limit: wanted, reverse });
      for (const record of records) page.push(...this.#readable(record, read));
      const last = records.at(-1);
      if (last === undefined || records.length < wanted || page.length === limit) return page;
      if (reverse) end = last.key;
      else start = `${last.key}\0`;
    }
  }

  #readable<T>(record: StoredRecord, read: (record: StoredRecord) => T): readonly T[] {
    try {
      return [read(record)];
    } catch (error) {
      this.onCorrupt(error as Error);
      return [];
    }
  }

  /** Where its writer keeps it. */
  #entry(session: SessionKey, { subpath, segments }: Extent, seq: number, bodies: Bodies): Entry {
    const sessionId = writerOf(segments, seq) ?? session.sessionId;
    const prefix = keys.sessionPrefix({ ...session, sessionId } as SessionKey);
    const key = keys.entryKey(prefix, subpath, seq);
    const entry = this.#tables.visit(SESSIONS, key, (value, keyBytes) =>
      readEntry(key, value, bodies, keyBytes),
    );
    if (entry === undefined) throw missing(key);
    return entry;
  }
}

const missing = (key: keys.Key): GreenroomError => corruptRecord(key, 'is missing');

const toCursor = (key: keys.Key): string => Buffer.from(key, 'latin1').toString('base64url');
const fromCursor = (cursor: string): keys.Key =>
  Buffer.from(cursor, 'base64url').toString('latin1');
