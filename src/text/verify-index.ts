/**
 * Looks the index over: whether it holds, of each session that it says it has, exactly the words that the journal has. It
 * reads beside whoever writes, and changes nothing.
 *
 * 1. All positions of all words are read once, in the order of the words, and summed up by row: so what is compared is a
 *    number for each row, and nothing is asked word by word.
 * 2. A session whose version is not the journal's is behind and is not judged: the index takes it in by itself.
 */
import { existsSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type Database from 'libsql';
import { type DerivedFault, type DerivedPart, MAX_NAMED } from '../model/derived.ts';
import type { SessionId, SessionKey, Tenant } from '../model/ids.ts';
import type { Journal } from '../session/ports/journal.ts';
import type { Scope } from './extract.ts';
import { isBroken } from './index-file.ts';
import { indexed } from './phrase.ts';
import { readSlice } from './reading.ts';
import { ROWS, rowsOf } from './rows.ts';
import type { SessionRow } from './statements.ts';
import type { SessionText } from './wire.ts';

export interface IndexPlace {
  readonly path: string;
  readonly storeId: string;
  readonly scope: Scope;
}

type StoredRow = SessionRow & { readonly tenant: string; readonly sessionId: string };

/** Words that are looked at in one go. */
const TERMS = 1_000;
/** Places of a word that come as one text: some megabytes. */
const MOST_AS_ONE = 200_000;
/** Of one session read in one go. */
const SLICE_BYTES = 4 * 1024 * 1024;

/** @param mostAsOne places of a word that are read as one text. */
export const verifyIndex = async (
  place: IndexPlace,
  journal: Pick<Journal, 'open'>,
  mostAsOne: number = MOST_AS_ONE,
): Promise<DerivedPart> => {
  if (!existsSync(place.path)) return { is: 'none', why: 'there is none yet' };
  const library = await import('libsql').catch(() => undefined);
  if (library === undefined) return { is: 'none', why: 'the package libsql is not installed' };
  try {
    const db = new library.default(place.path, { readonly: true });
    return await verified(db, place, journal, mostAsOne);
  } catch (error) {
    if (!isBroken(error)) throw error;
    return { is: 'useless', why: `its file is broken: ${(error as Error).message}` };
  }
};

const verified = async (
  db: Database.Database,
  place: IndexPlace,
  journal: Pick<Journal, 'open'>,
  mostAsOne: number,
): Promise<DerivedPart> => {
  try {
    db.exec('BEGIN');
    const meta = db.prepare('SELECT storeId, scope FROM meta').get() as
      | Partial<IndexPlace>
      | undefined;
    if (meta?.storeId !== place.storeId || meta.scope !== place.scope)
      return { is: 'useless', why: 'it is of another store, or of another setting' };
    const rows = db.prepare('SELECT * FROM session ORDER BY number').all() as StoredRow[];
    return await new Comparison(sumsOf(db, mostAsOne), journal, place.scope).run(rows);
  } finally {
    db.close();
  }
};

/** Of each row: a sum over its words and their places, in any order. */
const sumsOf = (db: Database.Database, mostAsOne: number): Map<number, number> => {
  db.exec(`CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'words', 'row')`);
  db.exec(`CREATE VIRTUAL TABLE temp.places USING fts5vocab('main', 'words', 'instance')`);
  const some = db.prepare(`SELECT term, cnt FROM temp.terms WHERE term > ? LIMIT ${TERMS}`);
  const sums = new Map<number, number>();
  const places = new Places(db, mostAsOne);
  for (let last: string | undefined = ''; last !== undefined; ) {
    const terms = some.all(last) as { readonly term: string; readonly cnt: number }[];
    for (const { term, cnt } of terms) {
      const hash = crc32(term);
      for (const [row, offset] of places.of(term, cnt))
        sums.set(row, plus(sums.get(row) ?? 0, hash, offset));
    }
    last = terms.at(-1)?.term;
  }
  return sums;
};

type Row = readonly [row: number, offset: number];

class Places {
  readonly #asOne: Database.Statement;
  readonly #each: Database.Statement;
  readonly #mostAsOne: number;

  constructor(db: Database.Database, mostAsOne: number) {
    this.#mostAsOne = mostAsOne;
    const of = 'FROM temp.places WHERE term = ?';
    this.#asOne = db.prepare(`SELECT group_concat(doc || ' ' || offset) AS places ${of}`);
    this.#each = db.prepare(`SELECT doc, offset ${of}`);
  }

  /** Where a word stands. As one text it comes many times faster, but a common word of a large store makes one that is too long. */
  *of(term: string, count: number): Generator<Row> {
    if (count > this.#mostAsOne) {
      for (const place of this.#each.iterate(term)) {
        const { doc, offset } = place as { readonly doc: number; readonly offset: number };
        yield [doc, offset];
      }
      return;
    }
    const { places } = this.#asOne.get(term) as { readonly places: string | null };
    for (const place of places?.split(',') ?? []) {
      const [row = '', offset = ''] = place.split(' ');
      yield [Number(row), Number(offset)];
    }
  }
}

const sumOf = (line: string): number => {
  let sum = 0;
  for (const [offset, token] of tokensIn(line).entries()) sum = plus(sum, crc32(token), offset);
  return sum;
};

/** A word at a place: another word, or the same one elsewhere, comes to another sum. */
const plus = (sum: number, hash: number, offset: number): number =>
  (sum + Math.imul(hash ^ 0x9e37_79b9, 2 * offset + 1)) >>> 0;

/** As the tokenizer `ascii` of FTS5 has them. */
const tokensIn = (line: string): readonly string[] =>
  (line.match(/[A-Za-z0-9\u0080-\uffff]+/g) ?? []).map((token) =>
    token.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  );

class Comparison {
  readonly #sums: Map<number, number>;
  readonly #journal: Pick<Journal, 'open'>;
  readonly #scope: Scope;
  readonly #named: DerivedFault[] = [];
  readonly #behind = new Set<number>();
  #wrong = 0;
  #rows = 0;

  constructor(sums: Map<number, number>, journal: Pick<Journal, 'open'>, scope: Scope) {
    this.#sums = sums;
    this.#journal = journal;
    this.#scope = scope;
  }

  async run(rows: readonly StoredRow[]): Promise<DerivedPart> {
    for (const row of rows) if (!(await this.#compare(row))) this.#behind.add(row.number);
    const byNumber = new Map(rows.map((row) => [row.number, row]));
    for (const id of this.#sums.keys()) {
      const number = Math.floor(id / ROWS);
      const whose = byNumber.get(number) ?? NO_SESSION;
      if (!this.#behind.has(number))
        this.#complain(whose, `there are words of ${nameOf(id % ROWS)}, which is not there`);
    }
    return {
      ...{ is: 'read', sessions: rows.length, rows: this.#rows },
      ...{ behind: this.#behind.size, wrong: this.#wrong, named: this.#named },
    };
  }

  /** False: the index is behind, and is not judged. */
  async #compare(row: StoredRow): Promise<boolean> {
    const lines = await this.#linesOf(row);
    if (lines === undefined) return false;
    const first = row.number * ROWS;
    for (const [seq, line] of lines) {
      const sum = this.#sums.get(first + seq);
      this.#sums.delete(first + seq);
      this.#rows += 1;
      if ((sum ?? 0) === sumOf(line)) continue;
      const fault = sum === undefined ? 'are missing' : 'are other ones';
      this.#complain(row, `the words of ${nameOf(seq)} ${fault}`);
    }
    return true;
  }

  /** What the journal has of it; undefined: the index is behind. */
  async #linesOf(row: StoredRow): Promise<ReadonlyMap<number, string> | undefined> {
    const key = keyOf(row);
    const lines = new Map<number, string>();
    let progress = { number: row.number, createdAtMs: row.createdAt, seq: 0 };
    for (;;) {
      const session = { key, sinceMs: 0, wasDeleted: false };
      const slice = await readSlice(this.#journal, [session], [progress], SLICE_BYTES);
      const [text] = slice.texts;
      if (text?.is !== 'text' || text.createdAtMs !== row.createdAt) return undefined;
      for (const { seq, line } of rowsOf(text, slice.bytes, this.#scope, 0)) lines.set(seq, line);
      if (slice.unfinished.length > 0) {
        progress = { ...progress, seq: text.seq };
        continue;
      }
      if (!isSame(text, row)) return undefined;
      lines.set(0, indexed(text.about));
      return lines;
    }
  }

  #complain({ tenant, sessionId }: Omit<DerivedFault, 'why'>, why: string): void {
    this.#wrong += 1;
    if (this.#named.length < MAX_NAMED) this.#named.push({ tenant, sessionId, why });
  }
}

const isSame = (
  { version, updatedAtMs, seq }: SessionText & { is: 'text' },
  row: StoredRow,
): boolean => version === row.version && updatedAtMs === row.updatedAt && seq === row.seq;

const NO_SESSION = { tenant: '', sessionId: '' };

const nameOf = (seq: number): string => (seq === 0 ? 'its title' : `entry ${seq}`);

const keyOf = ({ tenant, sessionId }: StoredRow): SessionKey => ({
  tenant: tenant as Tenant,
  sessionId: sessionId as SessionId,
});
