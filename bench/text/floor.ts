/** The floor: the same texts into FTS5 with nothing of ours around it, and the same words asked for. */
import { createRequire } from 'node:module';
import type Database from 'libsql';

const PER_COMMIT = 1_000;

export class BareFts {
  readonly #db: Database.Database;

  constructor(path: string) {
    const library = createRequire(import.meta.url)('libsql') as typeof Database;
    this.#db = new library(path);
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = NORMAL');
    this.#db.exec(`CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1)`);
  }

  /** Milliseconds that it took. */
  fill(texts: readonly string[]): number {
    const add = this.#db.prepare('INSERT INTO words(rowid, text) VALUES(?, ?)');
    const startMs = performance.now();
    for (let at = 0; at < texts.length; at += PER_COMMIT) {
      this.#db.exec('BEGIN');
      for (const [n, text] of texts.slice(at, at + PER_COMMIT).entries()) add.run(at + n + 1, text);
      this.#db.exec('COMMIT');
    }
    return performance.now() - startMs;
  }

  /** Milliseconds for the newest 50 rows that have the word. */
  ask(word: string): number {
    const startMs = performance.now();
    this.#db
      .prepare('SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT 50')
      .all(`"${word}"`);
    return performance.now() - startMs;
  }

  close(): void {
    this.#db.close();
  }
}
