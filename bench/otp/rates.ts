/** Rates and restarts: rivals take turns within each round, and a ratio is made within a round. */
import type { Settings } from '../harness/bench.ts';
import { median, number, spread, times } from '../harness/figures.ts';
import { Quiet } from '../harness/quiet.ts';
import { Rounds } from '../harness/rounds.ts';
import type { Sheet } from '../harness/sheet.ts';
import type { Question } from './contestant.ts';
import { type Plan, type RateRow, RESTART_GOAL_US, RESTART_OF, ratesOf } from './plan.ts';
import { type Entrant, Rival, type RivalName } from './rival.ts';

const RESTART = 'crash to restarted';
const FIRST_COUNT = 10_000;

/** What a contestant has done in its part of a round. */
interface Taken {
  readonly count: number;
  readonly ns: number;
  /** With all its threads. */
  readonly cpuMs: number;
}

const take = async (rival: Rival, question: Question, count: number): Promise<Taken> => {
  const before = rival.cpuMs;
  const ns = await rival.ask(question, count);
  return { count, ns, cpuMs: rival.cpuMs - before };
};

const perSecond = ({ count, ns }: Taken): number => (count / ns) * 1e9;
const microseconds = ({ ns }: Taken): number => ns / 1_000;

/** Over all rounds: the kernel counts in hundredths of a second. */
const cpuNs = (taken: readonly Taken[]): number =>
  (taken.reduce((sum, { cpuMs }) => sum + cpuMs, 0) * 1e6) /
  taken.reduce((sum, { count }) => sum + count, 0);

export const compareRates = async (
  sheet: Sheet,
  settings: Settings,
  plan: Plan,
  present: readonly Entrant[],
): Promise<void> => {
  const rivals = present.map((entrant) => new Rival(entrant));
  const quiet = new Quiet(plan.patienceMs, () => [process.pid, ...rivals.map(({ pid }) => pid)]);
  const rounds = new Rounds<Taken>();
  const taking = (names: readonly RivalName[]) =>
    rivals.filter(({ entrant }) => names.includes(entrant.name));
  try {
    for (const row of ratesOf(plan)) {
      settings.say(`  ${row.what}`);
      await takeRates(row, taking(row.of), plan, quiet, rounds);
    }
    settings.say(`  ${RESTART}`);
    await takeRestarts(taking(RESTART_OF), plan, quiet, rounds);
  } finally {
    await Promise.all(rivals.map((rival) => rival.end()));
  }
  sheet.configure('rounds', `${plan.rounds}, of about ${plan.partMs} ms for each contestant`);
  quiet.describe(sheet);
  reportRates(sheet, plan, present, rounds);
  reportRestarts(sheet, present, rounds);
};

/** The first askings only warm up and find how many fill a round. */
const takeRates = async (
  row: RateRow,
  rivals: readonly Rival[],
  plan: Plan,
  quiet: Quiet,
  rounds: Rounds<Taken>,
): Promise<void> => {
  const counts = new Map<Rival, number>();
  for (const rival of rivals) counts.set(rival, await countFor(row, rival, plan));
  for (let round = 0; round < plan.rounds; round++) {
    await quiet.round(async () => {
      for (const [rival, count] of counts) {
        rounds.add(keyOf(row.what, rival.entrant.name), await take(rival, row.question, count));
      }
    });
  }
};

/** A multiple of the callers. */
const countFor = async (
  { question, count }: RateRow,
  rival: Rival,
  { partMs }: Plan,
): Promise<number> => {
  const first = count ?? FIRST_COUNT;
  await rival.ask(question, first);
  const found = count ?? filling(partMs, first, await rival.ask(question, first));
  await rival.ask(question, found);
  return count ?? filling(partMs, found, await rival.ask(question, found));
};

const filling = (partMs: number, count: number, ns: number): number =>
  Math.max(1_000, Math.round((count * partMs * 1e4) / ns) * 100);

const takeRestarts = async (
  rivals: readonly Rival[],
  plan: Plan,
  quiet: Quiet,
  rounds: Rounds<Taken>,
): Promise<void> => {
  for (const rival of rivals) await rival.ask('restart', plan.crashes);
  for (let round = 0; round < plan.rounds; round++) {
    await quiet.round(async () => {
      for (const rival of rivals) {
        rounds.add(keyOf(RESTART, rival.entrant.name), await take(rival, 'restart', plan.crashes));
      }
    });
  }
};

const keyOf = (what: string, rival: string): string => `${what}: ${rival}`;

const reportRates = (
  sheet: Sheet,
  plan: Plan,
  present: readonly Entrant[],
  rounds: Rounds<Taken>,
): void => {
  const rows = ratesOf(plan);
  const isIn = ({ of }: RateRow, rival: RivalName) =>
    of.includes(rival) && present.some(({ name }) => name === rival);
  const all = ({ what }: RateRow, name: RivalName) => rounds.all(keyOf(what, name));
  const ratios = ({ what }: RateRow, other: RivalName) =>
    rounds.ratios(keyOf(what, 'ours'), keyOf(what, other), perSecond);
  const table = (
    title: string,
    rivals: readonly Entrant[],
    cell: (row: RateRow, name: RivalName) => string,
  ) =>
    sheet.table(
      title,
      ['', ...rivals.map((rival) => rival.title)],
      rows.map((row) => [
        row.what,
        ...rivals.map(({ name }) => (isIn(row, name) ? cell(row, name) : '')),
      ]),
    );
  const [, ...others] = present;
  const whole = (value: number) => number(Math.round(value));
  table('Per second (medians over rounds)', present, (row, name) =>
    whole(median(all(row, name).map(perSecond))),
  );
  table('Per second (best rounds)', present, (row, name) =>
    whole(Math.max(...all(row, name).map(perSecond))),
  );
  table('CPU ns for each, with all threads (over all rounds)', present, (row, name) =>
    whole(cpuNs(all(row, name))),
  );
  table('Our rate by that of others (medians of the ratios within rounds)', others, (row, name) =>
    times(median(ratios(row, name))),
  );
  for (const row of rows) {
    if (row.goal === undefined || !isIn(row, 'elixir')) continue;
    const found = ratios(row, 'elixir');
    const byCpu = cpuNs(all(row, 'elixir')) / cpuNs(all(row, 'ours'));
    const measured = `${times(median(found))} (${spread(found)}), by CPU time ${times(byCpu)}`;
    const isMet = median(found) >= row.goal && byCpu >= row.goal;
    sheet.goal(`${row.what}, by Elixir's rate`, `>= ${times(row.goal)}`, measured, isMet);
  }
};

const reportRestarts = (sheet: Sheet, present: readonly Entrant[], rounds: Rounds<Taken>): void => {
  const p50 = (name: RivalName) => rounds.each(keyOf(RESTART, name), microseconds);
  sheet.table(
    "From a crash to the end of the successor's init (µs: the median of each round's crashes)",
    ['', 'median over rounds', 'best round'],
    present
      .filter(({ name }) => RESTART_OF.includes(name))
      .map(({ title, name }) => [title, number(median(p50(name))), number(Math.min(...p50(name)))]),
  );
  const ours = median(p50('ours'));
  const isMet = ours <= RESTART_GOAL_US;
  sheet.goal(`${RESTART}, p50`, `<= ${RESTART_GOAL_US} µs`, `${number(ours)} µs`, isMet);
};
