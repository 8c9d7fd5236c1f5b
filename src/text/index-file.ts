/**
 * The index on disk: one FTS5 table of tokens, a row for each message, and a table of the sessions that are in it. It
 * owns the file, which holds nothing that could not be made again from the journal.
 *
 * 1. What is known of a session changes in the transaction that changes its words: after a crash it says what is there.
 * 2. A file that is broken, of another schema, of another store, or made for another scope is deleted, and a new one is
 *    begun: what should be in there comes again.
 * 3. A row's id is the session's number and the message's `seq`; row 0 of a session is its title and what describes it.
 * 4. `secure_delete` is on before anything is written, so pages that are let go of are overwritten.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'libsql';
import { makeFolderSync } from '../platform/make-folder.ts';
import type { Scope } from './extract.ts';
import { indexed } from './phrase.ts';
import { ROWS, rowsOf } from './rows.ts';
import { EntryStatements, openDatabase, SessionStatements } from './statements.ts';
import type { Known, Place, Progress, SessionText, Standing } from './wire.ts';

/** Another number for each change of the tables or of what a token is. */
const SCHEMA = 2;
/** Text whose changes may wait for one commit, in bytes. */
const COMMIT_BYTES = 8 * 1024 * 1024;
/** Pages of one step of an erasure. */
const ERASE_PAGES = 64;

/** Rows of one answer: of more, only the sessions are asked for. */
const MAX_ROWS = 500_000;
/** Of more rows none is ranked: each would be looked at. */
export const MAX_RANKED = 2_000;
/** Answers that are kept. */
const MAX_FOUND = 16;

export interface IndexOptions {
  readonly path: string;
  readonly storeId: string;
  readonly scope: Scope;
}

type Library = typeof Database;

/** What SQLite says of one. */
interface Checkpoint {
  readonly busy: number;
}

export class IndexFile {
  readonly #options: IndexOptions;
  readonly #db: Database.Database;
  readonly #sessions: SessionStatements;
  readonly #entries: EntryStatements;
  #uncommittedBytes = 0;
  /** A closed one is not even asked whether a transaction is open: the library would end the process. */
  #isOpen = true;
  /** Rows that were found last, by what was asked for, until something changes. */
  readonly #found = new Map<string, Float64Array>();
  #hasBegunErasure = false;

  private constructor(db: Database.Database, options: IndexOptions) {
    this.#db = db;
    this.#options = options;
    this.#sessions = new SessionStatements(db);
    this.#entries = new EntryStatements(db);
  }

  /** The second is why the file was begun anew; undefined: it was there, or is the first. */
  static open(library: Library, options: IndexOptions): readonly [IndexFile, string | undefined] {
    makeFolderSync(dirname(options.path));
    let why: string | undefined;
    try {
      const db = openDatabase(library, options.path);
      try {
        why = strangeness(db, options);
        if (why === undefined) return [new IndexFile(db, options), undefined];
      } catch (error) {
        db.close();
        throw error;
      }
      db.close();
    } catch (error) {
      if (!isBroken(error)) throw error;
      why = `its file is broken: ${(error as Error).message}`;
    }
    removeIndex(options.path);
    const db = openDatabase(library, options.path);
    makeTables(db, options);
    return [new IndexFile(db, options), why === NEW ? undefined : why];
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  close(): void {
    this.flush();
    this.#isOpen = false;
    this.#db.close();
  }

  /** Lets go of a file that is broken. */
  abandon(): void {
    this.#isOpen = false;
    try {
      this.#db.close();
    } catch {
      // what is broken may not even close
    }
  }

  /** Which sessions are in it under which numbers, 0 for one that is not, and which are behind. */
  known({ tenant, sessions }: Known): Standing {
    const numbers = new Uint32Array(sessions.length);
    const behind: number[] = [];
    for (const [at, { sessionId, version, updatedAtMs }] of sessions.entries()) {
      const row = this.#sessions.find(tenant, sessionId);
      numbers[at] = row?.number ?? 0;
      if (row?.version !== version || row.updatedAt !== updatedAtMs) behind.push(at);
    }
    return { numbers, behind };
  }

  /** Sessions behind a number, in the order of their numbers. */
  listed(after: number, limit: number): readonly (Place & { readonly number: number })[] {
    return this.#sessions.list(after, limit);
  }

  /** How far it has come with each of these. */
  progress(places: readonly Place[]): readonly Progress[] {
    return places.map(({ tenant, sessionId }) => {
      const row = this.#sessions.find(tenant, sessionId);
      return { number: row?.number ?? 0, createdAtMs: row?.createdAt ?? 0, seq: row?.seq ?? 0 };
    });
  }

  /** Takes text in, behind what is there. @returns the number of each session, 0 for one that has gone. */
  apply(texts: readonly SessionText[], bytes: Uint8Array): Uint32Array {
    this.#begin();
    this.#found.clear();
    const numbers = texts.map((text) => this.#applyOne(text, bytes));
    this.#uncommittedBytes += bytes.byteLength;
    if (this.#uncommittedBytes >= COMMIT_BYTES) this.flush();
    return Uint32Array.from(numbers);
  }

  flush(): void {
    if (!this.#isOpen || !this.#db.inTransaction) return;
    this.#db.exec('COMMIT');
    this.#uncommittedBytes = 0;
  }

  /** A step of overwriting what was deleted; true when nothing of it is left in any file. */
  erase(): boolean {
    if (!this.#sessions.mustErase) return true;
    this.flush();
    const isDone = this.#entries.merge(ERASE_PAGES, !this.#hasBegunErasure);
    this.#hasBegunErasure = true;
    if (!isDone || !this.#emptyLog()) return false;
    this.#hasBegunErasure = false;
    this.#sessions.mustErase = false;
    this.#emptyLog();
    return true;
  }

  /** Also the log beside the file has the words. False: somebody else reads in it. */
  #emptyLog(): boolean {
    const [{ busy } = { busy: 0 }] = this.#db.pragma('wal_checkpoint(TRUNCATE)') as Checkpoint[];
    return busy === 0;
  }

  /** Numbers of the sessions in which some row matches. */
  find(match: string): Uint32Array {
    const rows = this.#rowsOf(match);
    if (rows === undefined) return Uint32Array.from(this.#entries.sessions(match));
    const numbers = new Uint32Array(rows.length);
    let count = 0;
    for (const row of rows) {
      const number = Math.floor(row / ROWS);
      if (count > 0 && numbers[count - 1] === number) continue;
      numbers[count] = number;
      count += 1;
    }
    return numbers.slice(0, count);
  }

  /** Numbers of the sessions in which some row matches, the best row first; undefined: there are too many rows. */
  rank(matches: readonly string[]): Uint32Array | undefined {
    const any = matches.map((match) => `(${match})`).join(' OR ');
    const rows = this.#rowsOf(any);
    if (rows === undefined || rows.length > MAX_RANKED) return undefined;
    const ranked = this.#entries.ranked(any);
    return Uint32Array.from(new Set(Array.from(ranked, (row) => Math.floor(row / ROWS))));
  }

  /** The `seq` of rows of a session that match, some of the newest, in any order; 0: what describes it. */
  newest(number: number, match: string, limit: number): readonly number[] {
    const first = number * ROWS;
    const rows = this.#rowsOf(match);
    if (rows === undefined)
      return Array.from(
        this.#entries.newest(match, first, first + ROWS - 1, limit),
        (row) => row - first,
      );
    const end = rankOf(rows, first + ROWS);
    const start = Math.max(rankOf(rows, first), end - limit);
    return Array.from(rows.subarray(start, end), (row) => row - first);
  }

  /** All rows that match, kept for the question behind this one; undefined: there are too many. */
  #rowsOf(match: string): Float64Array | undefined {
    const before = this.#found.get(match);
    if (before !== undefined) return before.length > MAX_ROWS ? undefined : before;
    const rows = this.#entries.rows(match, MAX_ROWS + 1);
    for (const [oldest] of this.#found)
      if (this.#found.size >= MAX_FOUND) this.#found.delete(oldest);
    this.#found.set(match, rows);
    return rows.length > MAX_ROWS ? undefined : rows;
  }

  #begin(): void {
    if (!this.#isOpen) throw new Error('the index is closed');
    if (!this.#db.inTransaction) this.#db.exec('BEGIN');
  }

  #applyOne(text: SessionText, bytes: Uint8Array): number {
    const { tenant, sessionId } = text;
    let row = this.#sessions.find(tenant, sessionId);
    if (row !== undefined && (text.is === 'gone' || row.createdAt !== text.createdAtMs)) {
      this.#remove(row.number);
      row = undefined;
    }
    if (text.is === 'gone') return 0;
    const number = row?.number ?? this.#sessions.add(tenant, sessionId, text.createdAtMs);
    const { firstSeq, seq, version, updatedAtMs } = text;
    const digest = this.#describe(number, text.about, row?.digest ?? '');
    if (firstSeq > (row?.firstSeq ?? 1)) this.#delete(number, row?.firstSeq ?? 1, firstSeq - 1);
    this.#addEntries(number, text, bytes, row?.seq ?? 0);
    this.#sessions.update({ number, version, updatedAt: updatedAtMs, seq, firstSeq, digest });
    return number;
  }

  /** Title, description and summary, if they are others than before. */
  #describe(number: number, about: readonly string[], before: string): string {
    const line = indexed(about);
    const digest = createHash('sha256').update(line).digest('base64url').slice(0, 22);
    if (digest === before) return digest;
    if (before !== '') this.#delete(number, 0, 0);
    this.#entries.add(number * ROWS, line);
    return digest;
  }

  #addEntries(number: number, text: SessionText & { is: 'text' }, bytes: Uint8Array, seq: number) {
    for (const row of rowsOf(text, bytes, this.#options.scope, seq))
      this.#entries.add(number * ROWS + row.seq, row.line);
  }

  #remove(number: number): void {
    this.#delete(number, 0, ROWS - 1);
    this.#sessions.remove(number);
  }

  #delete(number: number, from: number, to: number): void {
    this.#entries.delete(number * ROWS + from, number * ROWS + to);
    this.#sessions.mustErase = true;
  }
}

/** The first place of a list in order whose number is so large. */
const rankOf = (numbers: Float64Array, wanted: number): number => {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
};

const NEW = 'it is new';

/** Why this is no index that we can go on with. Throws what SQLite throws for a broken file. */
const strangeness = (db: Database.Database, options: IndexOptions): string | undefined => {
  const { user_version: schema } = db.prepare('PRAGMA user_version').get() as {
    readonly user_version: number;
  };
  if (schema === 0) return NEW;
  if (schema !== SCHEMA) return `it is of schema ${schema}`;
  const meta = db.prepare('SELECT storeId, scope FROM meta').get() as Partial<IndexOptions>;
  if (meta.storeId !== options.storeId) return 'it is of another store';
  return meta.scope === options.scope ? undefined : `it is of the scope ${meta.scope}`;
};

const makeTables = (db: Database.Database, { storeId, scope }: IndexOptions): void => {
  db.exec('BEGIN');
  db.exec(
    `CREATE TABLE meta (storeId TEXT NOT NULL, scope TEXT NOT NULL, mustErase INTEGER NOT NULL)`,
  );
  db.exec(
    `CREATE TABLE session (
      number INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, sessionId TEXT NOT NULL,
      createdAt REAL NOT NULL, version INTEGER NOT NULL, updatedAt REAL NOT NULL,
      seq INTEGER NOT NULL, firstSeq INTEGER NOT NULL, digest TEXT NOT NULL,
      UNIQUE (tenant, sessionId))`,
  );
  db.exec(
    `CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1, tokenize='ascii')`,
  );
  db.exec(`INSERT INTO words(words, rank) VALUES('hashsize', ${COMMIT_BYTES})`);
  db.prepare('INSERT INTO meta VALUES(?, ?, 0)').run(storeId, scope);
  db.exec(`PRAGMA user_version = ${SCHEMA}`);
  db.exec('COMMIT');
};

/** With what SQLite puts beside it. */
export const removeIndex = (path: string): void => {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(path + end, { force: true });
};

/** The file is no database, or its pages contradict each other. */
export const isBroken = (error: unknown): boolean =>
  /^SQLITE_(CORRUPT|NOTADB|FORMAT)/.test(String((error as { code?: unknown } | null)?.code)) ||
  /malformed|not a database|no such table|no such column/.test(String((error as Error).message));
