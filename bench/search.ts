/**
 * How fast are searches among many sessions? SQLite answers the same questions about the same sessions beside us, in
 * one process; both give rows with all fields, and every pair of answers is compared.
 */
import { MemoryCatalog } from '../src/search/catalog/catalog.ts';
import { Dice } from '../src/testing/dice.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { bytes, ms, number, quantile, times } from './harness/figures.ts';
import { describeComputer } from './harness/machine.ts';
import { installPeers, versionOfPeer } from './harness/peers.ts';
import { Sheet } from './harness/sheet.ts';
import { type BusPlan, overTheBus } from './search/bus.ts';
import { QUESTIONS, type Question } from './search/questions.ts';
import { DAY_MS, rows } from './search/rows.ts';
import { Sqlite } from './search/sqlite.ts';

const SEED = 7;
const BYTES_GOAL = 400;
const UPDATES_GOAL = 10_000;

interface Plan {
  readonly sessions: number;
  /** Of each question. */
  readonly asks: number;
  readonly bus: BusPlan;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { sessions: 20_000, asks: 20, bus: { rounds: 1, maxMs: 200, patienceMs: 0 } },
    normal: { sessions: 200_000, asks: 200, bus: { rounds: 7, maxMs: 400, patienceMs: 20_000 } },
    full: {
      sessions: 1_000_000,
      asks: 400,
      bus: { rounds: 15, maxMs: 1_000, patienceMs: 60_000 },
    },
  });

/** Where SQLite's slow answers are fast, a pause of the engine decides: then ours have a millisecond. */
const SLOW_MS = 1;
const SLOW_SHARE = 0.5;

export const search: Bench = {
  name: 'search',
  question: 'How fast are searches among a million sessions, and what do they take?',
  run: async (settings) => {
    const sheet = new Sheet();
    const plan = planOf(settings);
    describeComputer(sheet);
    sheet.configure(
      'sessions',
      `${number(plan.sessions)}; 0-5 of 1,000 tags and one of 500 directories, both by Zipf; a year of dates; titles`,
    );
    sheet.configure('asked', `${plan.asks} times each, after as many that do not count`);
    const catalog = filled(sheet, plan);
    const missing = installPeers('libsql');
    if (missing === undefined) await compare(sheet, catalog, plan, settings);
    else sheet.remark(`SQLite is left out: ${missing}.`);
    update(sheet, catalog, plan);
    await overTheBus(sheet, plan.bus, settings);
    return sheet;
  },
};

const heapBytes = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  return heapUsed + Math.max(arrayBuffers, external);
};

const filled = (sheet: Sheet, { sessions }: Plan): MemoryCatalog => {
  const before = heapBytes();
  const catalog = new MemoryCatalog(undefined, { isLoading: true });
  let spentMs = 0;
  for (const row of rows(sessions, SEED)) {
    const startMs = performance.now();
    catalog.put(row);
    spentMs += performance.now() - startMs;
  }
  const startMs = performance.now();
  catalog.settle();
  const settledMs = performance.now() - startMs;
  const each = catalog.stats().bytes / sessions;
  sheet.table(
    'Filling',
    ['rows taken in', 'sorted', 'bytes a session, as `status` says', 'of the process'],
    [[ms(spentMs), ms(settledMs), bytes(each), bytes((heapBytes() - before) / sessions)]],
  );
  sheet.goal(
    'bytes a session, with its title',
    `<= ${BYTES_GOAL}`,
    bytes(each),
    each <= BYTES_GOAL,
  );
  return catalog;
};

const compare = async (
  sheet: Sheet,
  catalog: MemoryCatalog,
  plan: Plan,
  settings: Settings,
): Promise<void> => {
  sheet.configure(
    'SQLite',
    `libsql ${versionOfPeer('libsql')}, in memory, its plan for two tags given`,
  );
  settings.say('  filling SQLite');
  const sqlite = new Sqlite();
  sqlite.fill(rows(plan.sessions, SEED));
  const wrong: string[] = [];
  const measured: Awaited<ReturnType<typeof measure>>[] = [];
  for (const question of QUESTIONS) {
    settings.say(`  ${question.what}`);
    measured.push(await measure(question, catalog, sqlite, plan, wrong));
  }
  sqlite.close();
  sheet.table(
    'Milliseconds, p50 / p99',
    ['question', 'SQLite', 'ours', 'ratio p50', 'ratio p99'],
    measured.map(({ what, theirs, ours, p50, p99 }) => [
      what,
      theirs,
      ours,
      times(p50),
      times(p99),
    ]),
  );
  for (const { what, goal, p50 } of measured)
    sheet.goal(`${what}: p50, of SQLite's`, `<= ${goal}`, times(p50), p50 <= goal);
  for (const { what, slowMs, theirSlowMs } of measured) {
    const most = Math.max(SLOW_MS, SLOW_SHARE * theirSlowMs);
    sheet.goal(`${what}: p99`, `<= ${ms(most)}`, ms(slowMs), slowMs <= most);
  }
  sheet.check(
    'both give the same answers',
    wrong.length === 0,
    wrong.slice(0, 3).join('; ') || 'all',
  );
};

const measure = async (
  { what, goal, ask }: Question,
  catalog: MemoryCatalog,
  sqlite: Sqlite,
  { asks }: Plan,
  wrong: string[],
) => {
  const dice = new Dice(SEED + 1);
  const taken = { ours: [] as number[], theirs: [] as number[] };
  for (let n = 0; n < 2 * asks; n++) {
    const asked = ask(dice);
    const isCounted = n >= asks;
    const timed = async <T>(list: number[], work: () => T | Promise<T>): Promise<T> => {
      const startMs = performance.now();
      const answer = await work(); // of both: it costs each the same
      if (isCounted) list.push(performance.now() - startMs);
      return answer;
    };
    const theirs = await timed(taken.theirs, () => asked.theirs(sqlite));
    const ours = await timed(taken.ours, () => asked.ours(catalog));
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) wrong.push(`${what}, ask ${n}`);
  }
  const ours = Float64Array.from(taken.ours).sort();
  const theirs = Float64Array.from(taken.theirs).sort();
  const both = (values: Float64Array) =>
    `${number(quantile(values, 0.5))} / ${number(quantile(values, 0.99))}`;
  const ratio = (q: number) => quantile(ours, q) / quantile(theirs, q);
  const slow = { slowMs: quantile(ours, 0.99), theirSlowMs: quantile(theirs, 0.99) };
  return {
    ...{ what, goal, ours: both(ours), theirs: both(theirs), p50: ratio(0.5), p99: ratio(0.99) },
    ...slow,
  };
};

/** What a turn does to a session: it becomes the newest, and costs more. */
const update = (sheet: Sheet, catalog: MemoryCatalog, { sessions }: Plan): void => {
  const dice = new Dice(SEED + 2);
  const updates = Math.min(100_000, sessions);
  const all = [...rows(updates, SEED)];
  const startMs = performance.now();
  for (let n = 0; n < updates; n++) {
    const row = all[dice.int(0, all.length - 1)];
    if (row === undefined) continue;
    const updatedAtMs = row.updatedAtMs + 400 * DAY_MS + n;
    catalog.put({
      ...row,
      updatedAtMs,
      costNanoUsd: row.costNanoUsd + n,
      numTurns: row.numTurns + 1,
    });
  }
  const rate = (updates / (performance.now() - startMs)) * 1_000;
  sheet.table('Updates of one session', ['a second'], [[number(rate)]]);
  sheet.goal('updates a second', `>= ${number(UPDATES_GOAL)}`, number(rate), rate >= UPDATES_GOAL);
};
