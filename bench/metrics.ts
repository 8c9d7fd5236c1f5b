/**
 * What does the series of each session cost? Durable turns over NATS with it and without it: two daemons that differ in
 * nothing else and take turns in the same rounds.
 */
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { median, number, spread, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { Quiet } from './harness/quiet.ts';
import { Rounds } from './harness/rounds.ts';
import { type Client, type Daemon, Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import { askDaemon, total, type Window } from './harness/window.ts';
import type { AskLoad } from './programs/client.ts';

interface Plan {
  readonly rounds: number;
  readonly maxMs: number;
  readonly sessions: number;
  readonly patienceMs: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { rounds: 1, maxMs: 400, sessions: 50, patienceMs: 0 },
    normal: { rounds: 21, maxMs: 600, sessions: 200, patienceMs: 60_000 },
    full: { rounds: 61, maxMs: 1_000, sessions: 200, patienceMs: 300_000 },
  });

const RIVALS = ['off', 'on'] as const;
const IN_FLIGHT = 100;
/** So many turns of each session come before the rounds: each new snapshot makes room for itself with an old one. */
const TURNS_BEFORE = 80;
const GOAL = 0.98;

export const metrics: Bench = {
  name: 'metrics',
  question: 'What does the series of counters cost a turn?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const plan = planOf(settings);
  const sheet = new Sheet();
  describeMachine(sheet, settings.scratch);
  sheet.configure('load', `${IN_FLIGHT} turns in flight over ${number(plan.sessions)} sessions`);
  sheet.configure('rounds', `${plan.rounds} of ${plan.maxMs} ms`);
  const client = await scene.client();
  const daemons = new Map<string, Daemon>();
  for (const series of RIVALS) daemons.set(series, await started(scene, client, series, plan));
  const quiet = new Quiet(plan.patienceMs, () => scene.pids);
  const rounds = new Rounds<Window>();
  for (let round = 0; round < plan.rounds; round += 1) {
    settings.say(`  round ${round + 1} of ${plan.rounds}`);
    const order = round % 2 === 0 ? RIVALS : RIVALS.toReversed();
    const windows = await quiet.round(async () => {
      const found: (readonly [string, Window])[] = [];
      for (const series of order) {
        const daemon = daemons.get(series) as Daemon;
        found.push([
          series,
          await askDaemon(client, daemon, loadOf(series, plan), settings.scratch),
        ]);
      }
      return found;
    });
    for (const [series, window] of windows) rounds.add(series, window);
  }
  describe(sheet, rounds);
  quiet.describe(sheet);
  for (const daemon of daemons.values()) await daemon.call('close', null);
  return sheet;
};

const started = async (
  scene: Scene,
  client: Client,
  series: (typeof RIVALS)[number],
  plan: Plan,
): Promise<Daemon> => {
  const prefix = `series-${series}`;
  const daemon = await scene.daemon({
    ...{ prefix, modelUrl: 'http://127.0.0.1:9', workerFile: 'instant-worker', workers: 2 },
    sessionMetrics: series,
  });
  const maxCount = TURNS_BEFORE * plan.sessions;
  await client.call('ask', { ...loadOf(series, plan), maxCount, maxMs: 120_000 });
  return daemon;
};

const loadOf = (series: string, { maxMs, sessions }: Plan): AskLoad => ({
  ...{ prefix: `series-${series}`, prompt: 'Say something short, please.', maxMs },
  ...{ sessions: { name: 'session', count: sessions }, inFlight: IN_FLIGHT, maxCount: 200_000 },
});

const describe = (sheet: Sheet, rounds: Rounds<Window>): void => {
  const each = (series: string, counter: (window: Window) => number): number => {
    const windows = rounds.all(series);
    return (total(windows, counter) ?? NaN) / (total(windows, (it) => it.total) ?? NaN);
  };
  const rows = RIVALS.map((series) => [
    series,
    number(rounds.median(series, (it) => it.perSecond)),
    number(rounds.median(series, (it) => it.cpuMsEach)),
    number(each(series, (it) => it.records)),
    number(each(series, (it) => it.bytesWritten)),
  ]);
  const columns = ['series', 'turns/s', 'CPU ms/turn', 'records/turn', 'bytes/turn'];
  sheet.table('With and without the series (medians over rounds)', columns, rows);
  const ratios = rounds.ratios('on', 'off', (it) => it.perSecond);
  const told = `${times(median(ratios))} (${spread(ratios)})`;
  sheet.goal('turns per second with the series', `>= ${GOAL}`, told, median(ratios) >= GOAL);
  const more = each('on', (it) => it.records) - each('off', (it) => it.records);
  sheet.check('a snapshot for each turn', more > 0.9 && more < 2.1, `${number(more)} records`);
};
