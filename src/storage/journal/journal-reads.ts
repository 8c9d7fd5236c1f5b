/**
 * The reading half of the journal: records of the committed state, decoded and checked. What is read of one session is
 * in `stored-session.ts`.
 */

import { longPast, NO_TALLY, type Tally, type TallyName } from '../../model/budget.ts';
import { type CatalogRow, catalogRowOf } from '../../model/catalog-row.ts';
import type { Definition, DefinitionKey, DefinitionKind } from '../../model/definition.ts';
import type { DueKind } from '../../model/due.ts';
import type { Head } from '../../model/head.ts';
import type { SessionKey, Tenant } from '../../model/ids.ts';
import type { Clock } from '../../otp/clock.ts';
import type {
  AuditPage,
  AuditRecord,
  ChangeMark,
  DueEntry,
  Fence,
  Page,
  ResponseOwner,
  SessionReader,
} from '../../session/ports/journal.ts';
import { changedSince, markOf } from '../records/changes.ts';
import { readAudit, readDefinition, readHead, readRow, readTally } from '../records/codec.ts';
import { corruptRecord, readOwner } from '../records/frame.ts';
import * as keys from '../records/keys.ts';
import { AUDIT, ROWS, SESSIONS, UPKEEP } from '../records/keys.ts';
import { ROW_PAGE } from '../records/limits.ts';
import { beginMeasure, type Measured, measureSome } from '../records/measure.ts';
import type { ReadTables, StoredRecord } from '../records/store.ts';
import { fromCursor, RecordReads, toCursor } from './record-reads.ts';
import { StoredSession } from './stored-session.ts';

/** Tallies of past periods that go with one commit. */
const MAX_PAST = 100;

export abstract class JournalReads {
  protected readonly records: RecordReads;

  constructor(tables: ReadTables, clock: Clock) {
    this.records = new RecordReads(tables, clock, {
      mustBeOpen: () => this.mustBeOpen(),
      onCorrupt: (error) => this.onCorrupt(error),
    });
  }

  abstract owner(): Fence;

  /** Throws when the store must not be touched any more. */
  protected abstract mustBeOpen(): void;

  /** Told of a broken record that was passed over. */
  protected abstract onCorrupt(error: Error): void;

  async open(key: SessionKey, known?: Head): Promise<SessionReader> {
    return new StoredSession(this.records, key, this.owner(), known);
  }

  async definition(key: DefinitionKey): Promise<Definition | undefined> {
    this.records.begin();
    const at = keys.headKey(keys.definitionPrefix(key));
    const bytes = this.records.tables.get(SESSIONS, at);
    return bytes && readDefinition(at, bytes);
  }

  async definitions(
    tenant: Tenant,
    kind: DefinitionKind,
    { limit, cursor, reverse = false }: Page & { readonly reverse?: boolean },
  ): Promise<readonly Definition[]> {
    this.records.begin();
    const all = keys.definitionsPrefix(tenant, kind);
    const place = cursor && keys.definitionPrefix({ tenant, kind, name: cursor });
    const span = reverse
      ? { start: all, end: place || keys.after(all), reverse }
      : { start: place ? keys.after(place) : all, end: keys.after(all) };
    return this.records.page(SESSIONS, { ...span, limit }, ({ key, value }) =>
      readDefinition(key, value),
    );
  }

  async responseOwner(
    tenant: Tenant,
    response: string,
    hashed = false,
  ): Promise<ResponseOwner | undefined> {
    this.records.begin();
    const key = (hashed ? keys.hashedOwnerKey : keys.ownerKey)(tenant, response);
    const bytes = this.records.tables.get(UPKEEP, key);
    return bytes && readOwner(key, bytes);
  }

  /** Not counted among the reads: it is a record of a hundred bytes, and read in the call. */
  tally(tenant: Tenant, name: TallyName): Tally {
    this.mustBeOpen();
    const key = keys.tallyKey(tenant, name);
    return this.records.tables.visit(UPKEEP, key, (bytes) => readTally(key, bytes)) ?? NO_TALLY;
  }

  /** Of the same budget, long past when that one begins: some of them, the others when the next one does. */
  protected tallyKeysBefore(tenant: Tenant, name: TallyName): readonly keys.Key[] {
    const names = longPast(name);
    const range = names && keys.talliesBetween(tenant, ...names);
    if (range === undefined) return [];
    return this.records.tables.range(UPKEEP, { ...range, limit: MAX_PAST }).map(({ key }) => key);
  }

  /** Not counted among the reads: somebody looks every second, also when nothing else happens. */
  async due(
    kind: DueKind,
    { limit, after }: { limit: number; after?: DueEntry | undefined },
  ): Promise<readonly DueEntry[]> {
    this.mustBeOpen();
    const all = keys.duesPrefix(kind);
    const start =
      after === undefined
        ? all
        : `${keys.dueKey(kind, keys.sessionPrefix(after.key), after.atMs)}\0`;
    const found = this.records.tables.range(UPKEEP, { start, end: keys.after(all), limit });
    this.records.duesRead += found.length;
    return found.map((record) => {
      const { atMs, prefix } = keys.ofDueKey(kind, record.key);
      return { atMs, key: keys.ofRowKey(prefix) };
    });
  }

  async audit(
    tenant: Tenant,
    { limit, cursor, ...span }: AuditPage,
  ): Promise<readonly (AuditRecord & { sessionId: string; cursor: string })[]> {
    this.records.begin();
    const all = keys.auditPrefix(tenant);
    const { start, end } = keys.auditSpan(all, span);
    const place = cursor === undefined ? end : all + fromCursor(cursor);
    const range = { start, end: keys.earlierOf(place, end), limit, reverse: true };
    if (range.end <= start) return [];
    return this.records.page(AUDIT, range, ({ key, value }) => ({
      ...readAudit(key, value),
      cursor: toCursor(key.slice(all.length)),
    }));
  }

  /**
   * One broken row must not keep all the others away: it is reported, and made anew from its session's
   * head; a session whose head is broken too is reported and left out. A row without a head may be that of
   * another session, with a damaged key: then all heads are looked at for the one that has no row.
   */
  async scanRows(visit: (row: CatalogRow) => void): Promise<void> {
    const { tables } = this.records;
    let strays = 0;
    const end = '\xff';
    await this.#walk((start) => {
      const page = tables.range(ROWS, { start, end, limit: ROW_PAGE });
      for (const record of page) {
        const row = this.#row(record);
        if (row !== undefined) visit(row);
        else if (tables.get(SESSIONS, keys.headKey(record.key)) === undefined) strays += 1;
      }
      const last = page.at(-1);
      return last && page.length === ROW_PAGE ? `${last.key}\0` : undefined;
    });
    if (strays > 0) await this.#walk((start) => this.#scanHeads(start, visit));
  }

  /** Step by step from where the last one ended, with room for others between them. */
  async #walk(step: (start: keys.Key) => keys.Key | undefined): Promise<void> {
    let start: keys.Key | undefined = '\0';
    while (start !== undefined) {
      this.mustBeOpen();
      start = step(start);
      if (start !== undefined)
        await new Promise<void>((resolve) => this.records.clock.defer(resolve));
    }
  }

  /** Not counted among the reads, as the purge is not: it is housekeeping's, and long. */
  async bytesOf(session: SessionKey): Promise<number> {
    const prefix = keys.sessionPrefix(session);
    const { tables, clock } = this.records;
    let measured: Measured | undefined;
    do {
      await new Promise<void>((resolve) => clock.defer(resolve));
      this.mustBeOpen();
      measured = measureSome(tables, prefix, measured ?? beginMeasure(tables, prefix));
    } while (measured.next !== undefined);
    return measured.bytes;
  }

  /** Visits the sessions of a page that have a head and no row, from one session's first record to that of the next. */
  #scanHeads(from: keys.Key, visit: (row: CatalogRow) => void): keys.Key | undefined {
    const { tables } = this.records;
    let start = from;
    for (let seen = 0; seen < ROW_PAGE; seen += 1) {
      const [first] = tables.range(SESSIONS, { start, end: '\xff', limit: 1 });
      if (first === undefined) return undefined;
      if (keys.sessionIn(first.key) === undefined) {
        start = `${first.key}\0`;
        continue;
      }
      const prefix = keys.prefixOf(first.key);
      start = keys.after(prefix);
      if (tables.get(ROWS, keys.rowKey(prefix)) !== undefined) continue;
      if (tables.get(SESSIONS, keys.headKey(prefix)) === undefined) continue;
      const row = this.#rowFromHead(prefix);
      if (row !== undefined) visit(row);
    }
    return start;
  }

  /** How the journal stood may be older than the list says, never newer: what is not in LMDB yet is named besides. */
  async changedSince(mark: ChangeMark): Promise<readonly SessionKey[] | undefined> {
    this.mustBeOpen();
    const { tables } = this.records;
    const waiting = [...tables.notNoted()];
    const noted = changedSince(tables, mark, this.owner().epoch);
    if (noted === undefined) return undefined;
    const sessions = [...new Set([...noted, ...waiting])].filter((prefix) =>
      keys.sessionIn(prefix),
    );
    return sessions.map(keys.ofRowKey);
  }

  hasChangedSince(mark: ChangeMark, besides: DefinitionKey): boolean {
    this.mustBeOpen();
    const { tables } = this.records;
    const waiting = [...tables.notNoted()];
    const noted = changedSince(tables, mark, this.owner().epoch);
    const its = keys.definitionPrefix(besides);
    return noted === undefined || [...noted, ...waiting].some((prefix) => prefix !== its);
  }

  changeMark(): ChangeMark | undefined {
    this.mustBeOpen();
    return markOf(this.records.tables);
  }

  row(session: SessionKey): CatalogRow | undefined {
    this.mustBeOpen();
    const key = keys.rowKey(keys.sessionPrefix(session));
    const value = this.records.tables.get(ROWS, key);
    return value && this.#row({ key, value });
  }

  #row({ key, value }: StoredRecord): CatalogRow | undefined {
    try {
      return readRow(key, value, keys.ofRowKey(key)) ?? this.#rowFromHead(key);
    } catch (error) {
      this.onCorrupt(error as Error);
      return this.#rowFromHead(key);
    }
  }

  /** A row's key is its session's prefix. */
  #rowFromHead(prefix: keys.Key): CatalogRow | undefined {
    const key = keys.headKey(prefix);
    try {
      const bytes = this.records.tables.get(SESSIONS, key);
      if (bytes === undefined) throw corruptRecord(key, 'is missing');
      return catalogRowOf(readHead(key, bytes));
    } catch (error) {
      this.onCorrupt(error as Error);
      return undefined;
    }
  }
}
