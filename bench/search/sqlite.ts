/**
 * SQLite with what a careful hand would give it: a tag index that has the columns that are filtered and sorted by,
 * covering indexes for the orders, statements prepared once. Each answer has all fields of a row.
 */
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { requirePeer } from '../harness/peers.ts';

interface Statement {
  all(...values: readonly unknown[]): readonly Answer[];
  get(...values: readonly unknown[]): { readonly n: number };
  run(...values: readonly unknown[]): unknown;
}

interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export interface Answer {
  readonly id: string;
}

const SCHEMA = `
pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -600000;
create table session (
  n integer primary key, id text not null, version int, created int not null, updated int not null, status text,
  mode text, title text, tags text, messages int, turns int, cost int not null, model text, directory text
);
create table tagged (
  tag text, updated int, n int, created int, cost int, primary key (tag, updated, n)
) without rowid;`;

const INDEXES = `
create index by_updated on session (updated, cost, n);
create index by_cost on session (cost, n);
create index by_directory on session (directory, updated, n);
create index tags_of on tagged (n, tag);
create index tag_count on tagged (tag);
analyze;`;

const ROW =
  's.id, s.version, s.created, s.updated, s.status, s.mode, s.title, s.tags, s.messages, s.turns, s.cost, s.model, s.directory';
const newest = (from: string, where: string, limit: number): string =>
  `select ${ROW} from ${from} where ${where} order by updated desc, n desc limit ${limit}`;
const tagged = (where: string): string =>
  `select ${ROW} from (select n, updated from tagged where ${where} order by updated desc, n desc limit 50) t join session s on s.n = t.n order by t.updated desc, t.n desc`;

export class Sqlite {
  readonly #db: Database;
  #statements: Record<keyof typeof STATEMENTS, Statement> | undefined;

  constructor() {
    const Open = requirePeer('libsql') as new (path: string) => Database;
    this.#db = new Open(':memory:');
    this.#db.exec(SCHEMA);
  }

  fill(rows: Iterable<CatalogRow>): void {
    const session = this.#db.prepare(
      'insert into session values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    const tag = this.#db.prepare('insert into tagged values (?, ?, ?, ?, ?)');
    this.#db.exec('begin');
    let n = 0;
    for (const row of rows) {
      n += 1;
      const { createdAtMs, updatedAtMs, costNanoUsd } = row;
      session.run(
        ...[n, row.key.sessionId, row.version, createdAtMs, updatedAtMs, row.status, row.mode],
        ...[row.title, JSON.stringify(row.tags), row.messageCount, row.numTurns, costNanoUsd],
        ...[row.model, row.workingDirectory],
      );
      for (const name of row.tags) tag.run(name, updatedAtMs, n, createdAtMs, costNanoUsd);
    }
    this.#db.exec('commit');
    this.#db.exec(INDEXES);
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, this.#db.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, Statement>;
  }

  ids(name: keyof typeof STATEMENTS, ...values: readonly unknown[]): readonly string[] {
    return (this.#statements?.[name].all(...values) ?? []).map(({ id }) => id);
  }

  count(name: keyof typeof STATEMENTS, ...values: readonly unknown[]): number {
    return this.#statements?.[name].get(...values).n ?? 0;
  }

  close(): void {
    this.#db.close();
  }
}

const STATEMENTS = {
  tag: tagged('tag = ?'),
  tagDaysCost: tagged('tag = ? and updated between ? and ? and cost >= ?'),
  /** The plan is given: the rarer tag's list, newest first, and a look-up for the other. */
  twoTags: `select ${ROW} from (select n, updated from tagged a where a.tag = ? and exists
    (select 1 from tagged b indexed by tags_of where b.n = a.n and b.tag = ?)
    order by updated desc, n desc limit 50) t join session s on s.n = t.n order by t.updated desc, t.n desc`,
  directory: newest('session s', 'directory = ?', 100),
  countTag: 'select count(*) n from tagged where tag = ?',
  daysCost: newest('session s', 'updated between ? and ? and cost >= ?', 50),
  dearest: `select ${ROW} from session s order by cost desc, n desc limit 50`,
  newest: newest('session s', 'true', 50),
} as const;
