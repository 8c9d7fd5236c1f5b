/**
 * Checks every record of tables that are open: its checksum, that it can be decoded, and that it fits
 * to the others. Reads in one go, so all of it is of one moment, also while somebody writes.
 */
import { duesOf } from '../../model/due.ts';
import { isChangesRecord } from '../records/changes.ts';
import { readAudit, readDefinition, readHead, readTally } from '../records/codec.ts';
import { payloadOf, readValue } from '../records/frame.ts';
import * as keys from '../records/keys.ts';
import { AUDIT, ROWS, SESSIONS, type Table, UPKEEP } from '../records/keys.ts';
import type { ReadTables } from '../records/store.ts';
import { type Complain, SessionCheck } from './verify-session.ts';

const PAGE = 200;
/** Problems that a report names. */
const MAX_NAMED = 100;

export interface Problem {
  /** The record's key, as JSON. */
  readonly key: string;
  readonly why: string;
  /** Whose it is, where that is known. */
  readonly session?: { readonly tenant: string; readonly sessionId: string };
}

export interface VerifyReport {
  readonly records: number;
  readonly sessions: number;
  /** Entries of transcripts among the records. */
  readonly entries: number;
  readonly broken: number;
  /** Of the broken ones, those that cannot be read, or are gone: the rest only do not fit to others. */
  readonly unreadable: number;
  /** Keys of broken records, 100 at most. */
  readonly brokenKeys: readonly string[];
  /** What is wrong, 100 at most. */
  readonly problems: readonly Problem[];
  /** What is wrong with the pages of the data file, or with the commit log, in words. */
  readonly fileFault?: string;
}

export const verifyTables = (tables: ReadTables): VerifyReport => new Verification(tables).run();

class Verification {
  readonly #tables: ReadTables;
  readonly #problems: Problem[] = [];
  readonly #broken = new Set<keys.Key>();
  #records = 0;
  #sessions = 0;
  #entries = 0;
  #unreadable = 0;
  #session: SessionCheck | undefined;

  constructor(tables: ReadTables) {
    this.#tables = tables;
  }

  run(): VerifyReport {
    this.#each(SESSIONS, (key, value) => this.#ofSession(key, value));
    this.#session?.end();
    this.#each(ROWS, (key) => this.#row(key));
    this.#each(AUDIT, (key, value) => void readAudit(key, value));
    this.#each(UPKEEP, (key, value) => this.#upkeep(key, value));
    return {
      records: this.#records,
      sessions: this.#sessions,
      entries: this.#entries,
      broken: this.#broken.size,
      unreadable: this.#unreadable,
      brokenKeys: [...this.#broken].slice(0, MAX_NAMED).map((key) => JSON.stringify(key)),
      problems: this.#problems,
    };
  }

  readonly #complain: Complain = (key, why) => {
    this.#broken.add(key);
    if (this.#problems.length >= MAX_NAMED) return;
    const session = keys.sessionIn(key);
    const whose = session === undefined ? {} : { session };
    this.#problems.push({ key: JSON.stringify(key), why, ...whose });
  };

  #each(table: Table, check: (key: keys.Key, value: Buffer) => void): void {
    for (const { key, value } of allOf(this.#tables, table)) {
      this.#records += 1;
      try {
        payloadOf(key, value);
        check(key, value);
      } catch (error) {
        this.#cannotRead(table, key, error as Error);
      }
    }
  }

  #cannotRead(table: Table, key: keys.Key, error: Error): void {
    this.#unreadable += 1;
    this.#complain(key, error.message.slice(0, 200));
    if (table !== SESSIONS || keys.definitionIn(key) !== undefined) return;
    this.#checkOf(key).seeBroken(key);
  }

  #checkOf(key: keys.Key): SessionCheck {
    const prefix = keys.prefixOf(key);
    if (this.#session?.prefix === prefix) return this.#session;
    this.#session?.end();
    this.#session = new SessionCheck(prefix, this.#tables, this.#complain);
    return this.#session;
  }

  #ofSession(key: keys.Key, value: Buffer): void {
    if (keys.definitionIn(key) !== undefined) return this.#definition(key, value);
    const check = this.#checkOf(key);
    const { kind } = keys.kindOf(check.prefix, key);
    if (kind === 'entry' || kind === 'side') this.#entries += 1;
    check.see(key, value);
  }

  #definition(key: keys.Key, value: Buffer): void {
    const { dueMs, key: whose } = readDefinition(key, value);
    if (dueMs === undefined) return;
    const due = keys.dueKey(keys.dueKindOfDefinition(whose), keys.ofHeadKey(key), dueMs);
    if (this.#tables.get(UPKEEP, due) === undefined)
      this.#complain(due, `is missing: the ${whose.kind} would never be looked at`);
  }

  #row(key: keys.Key): void {
    this.#sessions += 1;
    const head = keys.headKey(key);
    if (this.#tables.get(SESSIONS, head) !== undefined) return;
    this.#unreadable += 1;
    this.#complain(head, 'is missing, and its row is there');
  }

  #upkeep(key: keys.Key, value: Buffer): void {
    const what = keys.upkeepOf(key);
    if (what === 'reference') return this.#reference(key);
    if (what === 'due') return this.#due(key);
    if (what === 'tally') return void readTally(key, value);
    if (what === 'changes') {
      if (!isChangesRecord(readValue(key, value))) this.#complain(key, 'is no list of changes');
      return;
    }
    const record = readValue(key, value) as { readonly untilMs: number };
    if (what !== 'tombstone') return;
    const expiry = keys.dueKey('tombstone', key.slice(1), record.untilMs);
    if (this.#tables.get(UPKEEP, expiry) === undefined)
      this.#complain(key, 'is a tombstone that would never end');
  }

  /** Whose it is must have a head that waits for it: else a session would be woken for nothing, again and again. */
  #due(key: keys.Key): void {
    const kind = keys.dueKindOf(key);
    if (kind === 'tombstone') return; // one that was renewed leaves its earlier end behind, which does no harm
    if (kind === undefined)
      return this.#complain(key, 'is due in a way that this version does not know');
    const { atMs, prefix } = keys.ofDueKey(kind, key);
    const headKey = keys.headKey(prefix);
    const head = this.#tables.get(SESSIONS, headKey);
    if (kind === 'schedule' || kind === 'archive' || kind === 'backup') {
      const isDue = head !== undefined && readDefinition(headKey, head).dueMs === atMs;
      return isDue ? undefined : this.#complain(key, `is due for no ${kind}`);
    }
    const dues = head === undefined ? [] : duesOf(readHead(headKey, head));
    if (!dues.some((due) => due.kind === kind && due.atMs === atMs))
      this.#complain(key, 'is due for nobody');
  }

  /** Whoever holds it must have a head that says so: else nobody would ever let go of it. */
  #reference(key: keys.Key): void {
    const { prefix, throughSeq, holder } = keys.ofReferenceKey(key);
    const headKey = keys.headKey(holder);
    const head = this.#tables.get(SESSIONS, headKey);
    const { sessionId } = keys.ofRowKey(prefix);
    const segments = head === undefined ? [] : (readHead(headKey, head).segments ?? []);
    if (!segments.some((each) => each.sessionId === sessionId && each.throughSeq === throughSeq))
      this.#complain(key, 'is held by nobody');
  }
}

function* allOf(
  tables: ReadTables,
  table: Table,
): Generator<{ readonly key: keys.Key; readonly value: Buffer }> {
  let start = '\0';
  for (;;) {
    const page = tables.range(table, { start, end: '\xff', limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    start = `${last.key}\0`;
  }
}
