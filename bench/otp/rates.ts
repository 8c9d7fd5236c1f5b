/** Rates and restarts: rivals take turns within each round, and a ratio is made within a round. */
import type { Settings } from '../harness/bench.ts';
import { median, number, spread, times } from '../harness/figures.ts';
import { Quiet } from '../harness/quiet.ts';
import { Rounds } from '../harness/rounds.ts';
import type { Sheet } from '../harness/sheet.ts';
import { type Plan, type RateRow, RESTART_GOAL_US, RESTART_OF, ratesOf } from './plan.ts';
import { type Entrant, Rival, type RivalName } from './rival.ts';

const RESTART = 'crash to restarted';
const FIRST_COUNT = 10_000;

export const compareRates = async (
  sheet: Sheet,
  settings: Settings,
  plan: Plan,
  present: readonly Entrant[],
): Promise<void> => {
  const rivals = present.map((entrant) => new Rival(entrant));
  const quiet = new Quiet(plan.patienceMs, () => [process.pid, ...rivals.map(({ pid }) => pid)]);
  const rounds = new Rounds<number>();
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

/** The first asking only warms up and finds how many fill a round. */
const takeRates = async (
  row: RateRow,
  rivals: readonly Rival[],
  plan: Plan,
  quiet: Quiet,
  rounds: Rounds<number>,
): Promise<void> => {
  const counts = new Map<Rival, number>();
  for (const rival of rivals) counts.set(rival, await countFor(row, rival, plan));
  for (let round = 0; round < plan.rounds; round++) {
    await quiet.round(async () => {
      for (const [rival, count] of counts) {
        const ns = await rival.ask(row.question, count);
        rounds.add(keyOf(row.what, rival.entrant.name), (count / ns) * 1e9);
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
  const warmNs = await rival.ask(question, first);
  return count ?? Math.max(1_000, Math.round((first * partMs * 1e4) / warmNs) * 100);
};

const takeRestarts = async (
  rivals: readonly Rival[],
  plan: Plan,
  quiet: Quiet,
  rounds: Rounds<number>,
): Promise<void> => {
  for (const rival of rivals) await rival.ask('restart', plan.crashes);
  for (let round = 0; round < plan.rounds; round++) {
    await quiet.round(async () => {
      for (const rival of rivals) {
        const ns = await rival.ask('restart', plan.crashes);
        rounds.add(keyOf(RESTART, rival.entrant.name), ns / 1_000);
      }
    });
  }
};

const keyOf = (what: string, rival: string): string => `${what}: ${rival}`;
const same = (value: number): number => value;

const reportRates = (
  sheet: Sheet,
  plan: Plan,
  present: readonly Entrant[],
  rounds: Rounds<number>,
): void => {
  const rows = ratesOf(plan);
  const isIn = ({ of }: RateRow, rival: RivalName) =>
    of.includes(rival) && present.some(({ name }) => name === rival);
  const each = ({ what }: RateRow, name: RivalName) => rounds.each(keyOf(what, name), same);
  const ratios = ({ what }: RateRow, other: RivalName) =>
    rounds.ratios(keyOf(what, 'ours'), keyOf(what, other), same);
  const table = (title: string, figure: (values: readonly number[]) => number) =>
    sheet.table(
      title,
      ['', ...present.map(({ title }) => title)],
      rows.map((row) => [
        row.what,
        ...present.map(({ name }) =>
          isIn(row, name) ? number(Math.round(figure(each(row, name)))) : '',
        ),
      ]),
    );
  table('Per second (medians over rounds)', median);
  table('Per second (best rounds)', (values) => Math.max(...values));
  sheet.table(
    'Our rate by that of others (medians of the ratios within rounds)',
    ['', ...present.slice(1).map(({ title }) => title)],
    rows.map((row) => [
      row.what,
      ...present
        .slice(1)
        .map(({ name }) => (isIn(row, name) ? times(median(ratios(row, name))) : '')),
    ]),
  );
  for (const row of rows) {
    if (row.goal === undefined || !isIn(row, 'elixir')) continue;
    const found = ratios(row, 'elixir');
    const measured = `${times(median(found))} (${spread(found)})`;
    const isMet = median(found) >= row.goal;
    sheet.goal(`${row.what}, by Elixir's rate`, `>= ${times(row.goal)}`, measured, isMet);
  }
};

const reportRestarts = (
  sheet: Sheet,
  present: readonly Entrant[],
  rounds: Rounds<number>,
): void => {
  const p50 = (name: RivalName) => rounds.each(keyOf(RESTART, name), same);
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
