/**
 * Searches under fire: a store and its catalog, in a process of their own, are changed and searched at random and killed again and
 * again. Outside is a plain list of what was acknowledged; after each change of life, and between them, every search gives what a
 * filter and a sort over that list give.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import type { Criteria } from '../../src/model/criteria.ts';
import { runChild } from '../../src/storage/files/child.ts';
import { Dice } from '../../src/testing/dice.ts';
import { naiveSearch, naiveSums } from '../search/naive-catalog.ts';
import { nestedSearches, rowOf, searches, shown, summaryRows } from '../search/summary-row.ts';
import { mutant } from '../support/mutant.ts';
import { isFull } from './size.ts';

const LIVES = isFull() ? 51 : 4;
const STEPS = isFull() ? 200 : 60;
const IN_FLIGHT = 4;
/** Far more than all sessions make. */
const MAX_PAGES = 200;
const PROGRAM = fileURLToPath(new URL('./search-child.mjs', import.meta.url));
const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

/** One life of the process. */
class Life {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #last = 0;

  private constructor(dist: string, dir: string) {
    const args = [dist, join(dir, 'store'), join(dir, 'catalog.snapshot')];
    this.#child = fork(PROGRAM, args, { serialization: 'advanced', execArgv: [] });
  }

  static async begin(dist: string, dir: string): Promise<readonly [Life, string]> {
    const life = new Life(dist, dir);
    const [{ ready }] = (await once(life.#child, 'message')) as [{ readonly ready: string }];
    life.#child.on('message', ({ n, value, failed }: { n: number } & Record<string, unknown>) => {
      if (failed !== undefined) throw new Error(String(failed));
      life.#waiting.get(n)?.(value);
      life.#waiting.delete(n);
    });
    return [life, ready];
  }

  /** Never resolves when the process is killed before. */
  call<T>(call: string, request: unknown): Promise<T> {
    const n = ++this.#last;
    this.#child.send({ n, call, request }, () => undefined);
    return new Promise((resolve) => this.#waiting.set(n, resolve as (value: unknown) => void));
  }

  async kill(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

type Change = { readonly put: CatalogRow } | { readonly delete: string };

/** What was acknowledged, and what is not known yet. */
class Outside {
  readonly rows = new Map<string, CatalogRow>();
  readonly open = new Map<string, Change>();

  begin(life: Life, change: Change): Promise<void> {
    const id = 'put' in change ? change.put.key.sessionId : change.delete;
    this.open.set(id, change);
    const done =
      'put' in change ? life.call<number>('put', change.put) : life.call<void>('delete', id);
    return done.then((version) => {
      this.open.delete(id);
      if ('put' in change) this.rows.set(id, { ...change.put, version: Number(version) });
      else this.rows.delete(id);
    });
  }

  /** What was under way when it was killed is there whole, or not at all. */
  async settle(life: Life): Promise<void> {
    for (const [id, change] of this.open) {
      const before = this.rows.get(id);
      const found = await life.call<CatalogRow | undefined>('find', id);
      const version = (before?.version ?? 0) + 1;
      const after = 'put' in change ? { ...change.put, version } : undefined;
      const [now, one, other] = [found, before, after].map((row) => row && plain(row));
      expect([one, other]).toContainEqual(now);
      if (found === undefined) this.rows.delete(id);
      else this.rows.set(id, found);
    }
    this.open.clear();
  }
}

const plain = ({ toolsUsed = [], ...row }: CatalogRow) =>
  JSON.stringify(
    { ...shown(row), toolsUsed: toolsUsed.toSorted() },
    Object.keys(rowOf('s')).sort(),
  );

interface Page {
  readonly rows: readonly CatalogRow[];
  readonly nextCursor?: string;
}

const walk = async (
  life: Life,
  criteria: Criteria,
  between: () => Promise<void> = async () => {},
): Promise<CatalogRow[]> => {
  const seen: CatalogRow[] = [];
  for (let cursor: string | undefined, page = 0; page === 0 || cursor !== undefined; page += 1) {
    const asked = { ...criteria, ...(cursor && { cursor }) };
    const { rows, nextCursor } = await life.call<Page>('search', asked);
    seen.push(...rows);
    if (page > MAX_PAGES) throw new Error('the pages do not end');
    cursor = nextCursor;
    await between();
  }
  return seen;
};

const idsOf = (rows: Iterable<CatalogRow>) => [...rows].map(({ key }) => key.sessionId);

/** Rows of sessions without turns and parents: those are records of their own. */
const changeOf = (row: CatalogRow, isDelete: boolean): Change => {
  const { parentId: _, childOf: __, version: ___, hasApproval, ...fields } = row;
  if (isDelete) return { delete: row.key.sessionId };
  const asks = hasApproval === undefined ? {} : { hasApproval: false };
  return { put: { ...fields, ...asks, openTurns: 0, version: 0 } as CatalogRow };
};

const sample = <T>(values: fc.Arbitrary<T>, seed: number, numRuns: number): T[] =>
  fc.sample(values, { seed, numRuns });

const writeSnapshot = async (dist: string, dir: string): Promise<void> => {
  const args = [join(dir, 'store'), join(dir, 'catalog.snapshot')];
  const { failure } = await runChild(`${dist}/src/app/snapshot-child.js`, args, 60_000);
  expect(failure).toBeNull();
};

const play = async (dist: string, seed: number, lives: number) => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const dice = new Dice(seed);
  const outside = new Outside();
  const seen = { changes: 0, searches: 0, kills: 0, fromSnapshot: 0, inDoubt: 0 };
  for (let number = 0; number < lives; number += 1) {
    const [life, from] = await Life.begin(dist, dir);
    try {
      if (from === 'snapshot') seen.fromSnapshot += 1;
      seen.inDoubt += outside.open.size;
      await outside.settle(life);
      const rows = sample(summaryRows, seed * 1_000 + number, STEPS);
      const asked = sample(fc.oneof(searches, nestedSearches), seed * 2_000 + number, STEPS);
      for (const [step, row] of rows.entries()) {
        const criteria = asked[step];
        if (criteria === undefined) break;
        seen.changes += await change(life, outside, rows, step, dice);
        const expected = naiveSearch(outside.rows.values(), criteria);
        expect(idsOf(await walk(life, criteria))).toEqual(idsOf(expected));
        expect(await life.call('count', criteria)).toEqual(naiveSums(expected));
        seen.searches += 2;
        if (step % 10 === 5) await underChange(life, outside, row, criteria);
      }
      if (number % 2 === 0) await writeSnapshot(dist, dir);
      for (const [at, row] of sample(summaryRows, dice.int(1, 1e6), 12).entries()) {
        if (outside.open.has(row.key.sessionId)) continue;
        void outside.begin(life, changeOf(row, at % 5 === 4));
      }
      await new Promise((resolve) => setTimeout(resolve, dice.int(0, 8)));
    } finally {
      await life.kill();
      seen.kills += 1;
    }
  }
  return seen;
};

/** Several at a time, each of another session. @returns how many. */
const change = async (
  life: Life,
  outside: Outside,
  rows: readonly CatalogRow[],
  step: number,
  dice: Dice,
): Promise<number> => {
  const begun: Promise<void>[] = [];
  for (let n = 0; n < IN_FLIGHT; n += 1) {
    const row = rows[(step + n * 7) % rows.length];
    if (row === undefined || outside.open.has(row.key.sessionId)) continue;
    begun.push(outside.begin(life, changeOf(row, dice.once(5))));
  }
  await Promise.all(begun);
  return begun.length;
};

/** What does not change meanwhile is found once, in its order, whatever changes between two pages. */
const underChange = async (
  life: Life,
  outside: Outside,
  row: CatalogRow,
  criteria: Criteria,
): Promise<void> => {
  const moving = row.key.sessionId;
  const still = [...outside.rows.values()].filter(({ key }) => key.sessionId !== moving);
  const found = await walk(life, { ...criteria, limit: 2 }, () =>
    outside.begin(life, changeOf(row, outside.rows.has(moving))),
  );
  const ids = idsOf(found).filter((id) => id !== moving);
  expect(ids).toEqual(idsOf(naiveSearch(still, criteria)));
};

test(`${LIVES - 1} kills among random changes and searches leave what a plain list has`, async () => {
  const seed = Number(process.env['GREENROOM_SEED'] ?? 7);
  const seen = await play(DIST, seed, LIVES);
  console.log(
    `${seen.changes} changes and ${seen.searches} searches over ${seen.kills} lives (GREENROOM_SEED=${seed}), ${seen.fromSnapshot} of them from a snapshot, ${seen.inDoubt} changes in doubt`,
  );
  expect(seen.fromSnapshot).toBeGreaterThan(0);
  expect(seen.inDoubt).toBeGreaterThan(0);
}, 3_600_000);

test.each([
  [
    'a start that does not look at what has changed since the snapshot',
    'search/catalog/fill-catalog.js',
    /feed\.gone\(key\);\s+else\s+feed\.scanned\(row\);/,
    'void 0;',
  ],
  [
    'a search that goes on beside the place of its cursor',
    'search/cursor.js',
    /return \{ value, sessionId \};/,
    'return { value: value + 1, sessionId };',
  ],
])(
  '%s is found',
  async (_, file, from, to) => {
    const dist = mutant(`src/${file}`, from, to, ['src', 'supervisors']);
    await expect(play(dist, 3, 3)).rejects.toThrow();
  },
  600_000,
);
