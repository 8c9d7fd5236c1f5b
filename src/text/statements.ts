/** The statements of the index, each prepared once. All SQL on sessions and words is here. */
import type Database from 'libsql';
import type { Place } from './wire.ts';

const PAGE_BYTES = 8_192;
const CACHE_KIB = 16_384;

/** As all openings have it. The order matters: nothing is written before `secure_delete` is on. */
export const openDatabase = (library: typeof Database, path: string): Database.Database => {
  const db = new library(path);
  for (const pragma of [
    `page_size = ${PAGE_BYTES}`,
    'secure_delete = ON',
    'journal_mode = WAL',
    'synchronous = NORMAL', // a power cut may take the newest: they come again
    `cache_size = -${CACHE_KIB}`,
  ])
    db.pragma(pragma);
  return db;
};

export interface SessionRow {
  readonly number: number;
  readonly createdAt: number;
  readonly version: number;
  readonly updatedAt: number;
  readonly seq: number;
  readonly firstSeq: number;
  readonly digest: string;
}

export class SessionStatements {
  readonly #find: Database.Statement;
  readonly #add: Database.Statement;
  readonly #update: Database.Statement;
  readonly #remove: Database.Statement;
  readonly #list: Database.Statement;
  readonly #setErase: Database.Statement;
  #mustErase: boolean;

  constructor(db: Database.Database) {
    this.#find = db.prepare('SELECT * FROM session WHERE tenant = ? AND sessionId = ?');
    // Nothing that is more than one write to SQLite, such as RETURNING: it would have FTS5 write a segment each time.
    this.#add = db.prepare(
      `INSERT INTO session (tenant, sessionId, createdAt, version, updatedAt, seq, firstSeq, digest)
        VALUES (?, ?, ?, 0, 0, 0, 1, '')`,
    );
    this.#update = db.prepare(
      `UPDATE session SET version = ?, updatedAt = ?, seq = ?, firstSeq = ?, digest = ? WHERE number = ?`,
    );
    this.#remove = db.prepare('DELETE FROM session WHERE number = ?');
    this.#list = db.prepare(
      'SELECT number, tenant, sessionId FROM session WHERE number > ? ORDER BY number LIMIT ?',
    );
    this.#setErase = db.prepare('UPDATE meta SET mustErase = ?');
    const meta = db.prepare('SELECT mustErase FROM meta').get() as { readonly mustErase: number };
    this.#mustErase = meta.mustErase === 1;
  }

  /** Something was deleted whose words may still be read in the file. */
  get mustErase(): boolean {
    return this.#mustErase;
  }

  set mustErase(must: boolean) {
    if (must !== this.#mustErase) this.#setErase.run(must ? 1 : 0);
    this.#mustErase = must;
  }

  find(tenant: string, sessionId: string): SessionRow | undefined {
    return this.#find.get(tenant, sessionId) as SessionRow | undefined;
  }

  add(tenant: string, sessionId: string, createdAt: number): number {
    return Number(this.#add.run(tenant, sessionId, createdAt).lastInsertRowid);
  }

  update(row: Omit<SessionRow, 'createdAt'>): void {
    const { number, version, updatedAt, seq, firstSeq, digest } = row;
    this.#update.run(version, updatedAt, seq, firstSeq, digest, number);
  }

  remove(number: number): void {
    this.#remove.run(number);
  }

  list(after: number, limit: number): readonly (Place & { readonly number: number })[] {
    const rows = this.#list.all(after, limit) as (Place & { readonly number: number })[];
    return rows.map(({ number, tenant, sessionId }) => ({ number, tenant, sessionId }));
  }
}

/** The row's id, shifted by what `seq` takes of it. */
const SESSION_OF_ROW = 'rowid >> 24';

export class EntryStatements {
  readonly #add: Database.Statement;
  readonly #delete: Database.Statement;
  readonly #merge: Database.Statement;
  readonly #changes: Database.Statement;
  readonly #rows: Database.Statement;
  readonly #ranked: Database.Statement;
  readonly #sessions: Database.Statement;
  readonly #newest: Database.Statement;

  constructor(db: Database.Database) {
    this.#add = db.prepare('INSERT INTO words(rowid, text) VALUES(?, ?)');
    this.#delete = db.prepare('DELETE FROM words WHERE rowid BETWEEN ? AND ?');
    this.#merge = db.prepare(`INSERT INTO words(words, rank) VALUES('merge', ?)`);
    this.#changes = db.prepare('SELECT total_changes() AS count');
    // A row costs far more on its way out than within, so all come as one text.
    this.#rows = db.prepare(
      `SELECT group_concat(row) AS numbers
        FROM (SELECT rowid AS row FROM words WHERE words MATCH ? LIMIT ?)`,
    );
    this.#ranked = db.prepare(
      `SELECT group_concat(row) AS numbers
        FROM (SELECT rowid AS row FROM words WHERE words MATCH ? ORDER BY rank, rowid DESC)`,
    );
    this.#sessions = db.prepare(
      `SELECT group_concat(number) AS numbers
        FROM (SELECT DISTINCT ${SESSION_OF_ROW} AS number FROM words WHERE words MATCH ?)`,
    );
    this.#newest = db.prepare(
      `SELECT group_concat(row) AS numbers
        FROM (SELECT rowid AS row FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ?
          ORDER BY rowid DESC LIMIT ?)`,
    );
  }

  add(row: number, text: string): void {
    this.#add.run(row, text);
  }

  delete(from: number, to: number): void {
    this.#delete.run(from, to);
  }

  /** A step towards one segment without anything that was deleted; true when nothing is left to do. */
  merge(pages: number, isFirst: boolean): boolean {
    const before = this.#count();
    this.#merge.run(isFirst ? -pages : pages);
    return this.#count() - before < 2;
  }

  /** Rows that match, in their order, at most so many. */
  rows(match: string, limit: number): Float64Array {
    return numbersIn(this.#rows.get(match, limit));
  }

  /** All of them, the best first. */
  ranked(match: string): Float64Array {
    return numbersIn(this.#ranked.get(match));
  }

  /** Numbers of the sessions that have such rows. */
  sessions(match: string): Float64Array {
    return numbersIn(this.#sessions.get(match));
  }

  /** Rows of a range, the newest first. */
  newest(match: string, from: number, to: number, limit: number): Float64Array {
    return numbersIn(this.#newest.get(match, from, to, limit));
  }

  #count(): number {
    return (this.#changes.get() as { readonly count: number }).count;
  }
}

const COMMA = 0x2c;
const ZERO = 0x30;

/** Of a list with commas; read by hand, for there may be a hundred thousand. */
const numbersIn = (row: unknown): Float64Array => {
  const { numbers: list } = row as { readonly numbers: string | null };
  if (list === null) return new Float64Array();
  const numbers = new Float64Array((list.length >> 1) + 1);
  let count = 0;
  let number = 0;
  for (let at = 0; at < list.length; at += 1) {
    const code = list.charCodeAt(at);
    if (code !== COMMA) number = number * 10 + code - ZERO;
    else {
      numbers[count] = number;
      count += 1;
      number = 0;
    }
  }
  numbers[count] = number;
  return numbers.slice(0, count + 1);
};
