/**
 * Our durable turn, end to end: asked over NATS by another process, accepted, run, answered. Beside
 * the first floor with a model that answers at once; beside the second with the real SDK. Each rival
 * has a process of its own; they share broker, client and disk, and take turns.
 */
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { median, number, spread, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { profileTurns } from './harness/profile-turns.ts';
import { Quiet } from './harness/quiet.ts';
import { Rounds } from './harness/rounds.ts';
import { type Client, type Daemon, Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import { checkSyncs } from './harness/sync-check.ts';
import { askDaemon, askFloor, total, type Window } from './harness/window.ts';
import type { AskLoad } from './programs/client.ts';
import type { SdkMeasured } from './programs/sdk-loop.ts';

export interface TurnPlan {
  readonly rounds: number;
  readonly maxMs: number;
  readonly sessions: number;
  /** How long to wait for a quiet machine, in all. */
  readonly patienceMs: number;
}

const planOf = (settings: Settings): TurnPlan =>
  bySize(settings, {
    smoke: { rounds: 1, maxMs: 400, sessions: 100, patienceMs: 0 },
    normal: { rounds: 11, maxMs: 600, sessions: 1_000, patienceMs: 60_000 },
    full: { rounds: 31, maxMs: 1_500, sessions: 2_000, patienceMs: 300_000 },
  });

const PROMPT = 'Say something short, please.';
const MODEL = 'claude-sonnet-4-5';
const MAX_COUNT = 200_000;
const WORKERS = 2;
const ONE = 1;
const MANY = 100;

export const turns: Bench = {
  name: 'turns',
  question: 'How close does a durable turn come to the floors?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const plan = planOf(settings);
  describeMachine(sheet, settings.scratch);
  sheet.configure(
    'broker',
    `nats-server ${(await scene.broker()).version}, in a process of its own`,
  );
  sheet.configure(
    'sessions',
    `${number(plan.sessions)}, each turn in the next one; ${plan.rounds} rounds of ${plan.maxMs} ms`,
  );
  const client = await scene.client();
  const quiet = new Quiet(plan.patienceMs, () => scene.pids);
  await besideFirstFloor(scene, client, sheet, plan, settings, quiet);
  await besideSdk(scene, client, sheet, plan, settings, quiet);
  quiet.describe(sheet);
  if (settings.profile)
    await Scene.with(settings, (other) => profileTurns(other, sheet, plan, settings));
  return sheet;
};

const loadOf = (prefix: string, { maxMs, sessions }: TurnPlan, inFlight: number): AskLoad => ({
  prefix,
  prompt: PROMPT,
  sessions: { name: 'session', count: sessions },
  inFlight,
  maxCount: MAX_COUNT,
  maxMs,
});

/** A turn in each session: makes them, and lets the code get warm. */
export const warmUp = (client: Client, prefix: string, plan: TurnPlan) =>
  client.call('ask', { ...loadOf(prefix, plan, MANY), maxCount: plan.sessions, maxMs: 60_000 });

const besideFirstFloor = async (
  scene: Scene,
  client: Client,
  sheet: Sheet,
  plan: TurnPlan,
  { scratch, say }: Settings,
  quiet: Quiet,
): Promise<void> => {
  const daemon = await scene.daemon({
    prefix: 'instant',
    modelUrl: 'http://127.0.0.1:9',
    workerFile: 'instant-worker',
    workers: WORKERS,
  });
  await warmUp(client, 'instant', plan);
  const floor = await scene.floor('floor', { turnBytes: await turnBytes(client, daemon, plan) });
  await warmUp(client, 'floor', plan);
  const rounds = new Rounds<Window>();
  for (let round = 0; round < plan.rounds; round++) {
    say(`  beside the first floor, round ${round + 1} of ${plan.rounds}`);
    for (const inFlight of [ONE, MANY]) {
      const [base, ours] = await quiet.round(async () => [
        await askFloor(client, floor, loadOf('floor', plan, inFlight), scratch),
        await askDaemon(client, daemon, loadOf('instant', plan, inFlight), scratch),
      ]);
      rounds.add(`floor @${inFlight}`, base);
      rounds.add(`ours @${inFlight}`, ours);
    }
  }
  await describeDaemon(sheet, daemon, rounds);
  tabulate(
    sheet,
    'Beside the first floor: a model step that answers at once in the worker',
    rounds,
    {
      'first floor': 'floor',
      'our durable turn': 'ours',
    },
  );
  firstGoals(sheet, rounds);
  checkFloor(sheet, rounds);
  await floor.call('close', null);
  await daemon.call('close', null);
};

/** What the records of a turn take, without the frames that they have on their way to the writer. */
const turnBytes = async (client: Client, daemon: Daemon, plan: TurnPlan): Promise<number> => {
  const before = (await daemon.call('status', null)).journal;
  const { total: count } = await warmUp(client, 'instant', plan);
  const { journal } = await daemon.call('status', null);
  const records = journal.recordsWritten - before.recordsWritten;
  return (journal.bytesWritten - before.bytesWritten - records * FRAME_BYTES) / count;
};
/** Operation and checks in a batch, per record, about. */
const FRAME_BYTES = 24;

/** What a turn is made of here, as counted. */
const describeDaemon = async (
  sheet: Sheet,
  daemon: Daemon,
  rounds: Rounds<Window>,
): Promise<void> => {
  const { journal, threads } = await daemon.call('status', null);
  const each = (counter: (window: Window) => number) => {
    const windows = rounds.all(`ours @${MANY}`);
    return (total(windows, counter) ?? NaN) / (total(windows, (it) => it.total) ?? NaN);
  };
  const perSync = each((it) => it.commits) / each((it) => it.syncs);
  sheet.configure(
    'journal',
    `${journal.kind}, each commit after its fdatasync, written by a thread of its own`,
  );
  sheet.configure(
    'pools',
    `${WORKERS} models threads; ${threads} threads in all, the runtime's own among them`,
  );
  sheet.configure(
    'a turn of ours',
    `${number(each((it) => it.commits))} commits, ${number(each((it) => it.records))} records of ${number(each((it) => it.bytesWritten))} bytes, ${number(each((it) => it.published))} messages published, ${number(each((it) => it.reads))} journal reads`,
  );
  sheet.configure('commits per sync at 100 in flight', perSync.toFixed(1));
};

const COLUMNS = [
  '',
  '/s at 1',
  'p50 ms',
  'p99 ms',
  'CPU ms/turn',
  '/s at 100',
  'best round',
  'p50 ms',
  'p99 ms',
  'CPU ms/turn',
  'of it main thread',
];

const tabulate = (
  sheet: Sheet,
  title: string,
  rounds: Rounds<Window>,
  rivals: Readonly<Record<string, string>>,
): void => {
  const rows = Object.entries(rivals).map(([label, name]) => {
    const figure = (inFlight: number, pick: (window: Window) => number) =>
      number(rounds.median(`${name} @${inFlight}`, pick));
    const best = Math.max(...rounds.each(`${name} @${MANY}`, (it) => it.perSecond));
    const at = (inFlight: number, ...more: string[]) => [
      figure(inFlight, (it) => it.perSecond),
      ...more,
      figure(inFlight, (it) => it.p50Ms),
      figure(inFlight, (it) => it.p99Ms),
      figure(inFlight, (it) => it.cpuMsEach),
    ];
    return [
      label,
      ...at(ONE),
      ...at(MANY, number(Math.round(best))),
      figure(MANY, (it) => it.mainMsEach),
    ];
  });
  sheet.table(`${title} (medians over rounds)`, COLUMNS, rows);
};

const firstGoals = (sheet: Sheet, rounds: Rounds<Window>): void => {
  const rates = rounds.ratios(`ours @${MANY}`, `floor @${MANY}`, (it) => it.perSecond);
  const waits = rounds.ratios(`ours @${ONE}`, `floor @${ONE}`, (it) => it.p50Ms);
  const perSecond = rounds.median(`ours @${MANY}`, (it) => it.perSecond);
  const told = (ratios: readonly number[]) => `${times(median(ratios))} (${spread(ratios)})`;
  sheet.goal(
    'rate at 100 in flight, of the first floor',
    '>= 0.60',
    told(rates),
    median(rates) >= 0.6,
  );
  sheet.goal('p50 latency at 1, of the first floor', '<= 1.60', told(waits), median(waits) <= 1.6);
  sheet.goal(
    'durable turns per second at 100 in flight',
    '>= 10,000',
    number(perSecond),
    perSecond >= 10_000,
  );
};

/** The floor does what a turn does, and both waited for the disk. */
const checkFloor = (sheet: Sheet, rounds: Rounds<Window>): void => {
  for (const who of ['floor', 'ours']) {
    const windows = [...rounds.all(`${who} @${ONE}`), ...rounds.all(`${who} @${MANY}`)];
    const sum = (counter: (window: Window) => number) => total(windows, counter) ?? NaN;
    checkSyncs(sheet, {
      who,
      commits: sum((it) => it.commits),
      syncs: sum((it) => it.syncs),
      flushes: total(windows, (it) => it.flushes),
      maxGroup: MANY,
    });
    const committed = sum((it) => it.commits) / sum((it) => it.total);
    sheet.check(`${who}: two commits for each turn`, committed >= 2, number(committed));
  }
  for (const [what, counter] of LIKE) {
    const each = (who: string) => {
      const windows = rounds.all(`${who} @${MANY}`);
      return (total(windows, counter) ?? NaN) / (total(windows, (it) => it.total) ?? NaN);
    };
    const [base, ours] = [each('floor'), each('ours')];
    const isAlike = Math.abs(ours / base - 1) < TOLERANCE;
    sheet.check(
      `floor and turn have as many ${what}`,
      isAlike,
      `${number(base)} and ${number(ours)}`,
    );
  }
};

/** How far the floor may be from what a turn really does. */
const TOLERANCE = 0.25;
const LIKE: readonly [string, (window: Window) => number][] = [
  ['records', (it) => it.records],
  ['bytes written', (it) => it.bytesWritten],
  ['messages published', (it) => it.published],
];

const besideSdk = async (
  scene: Scene,
  client: Client,
  sheet: Sheet,
  plan: TurnPlan,
  { scratch, say }: Settings,
  quiet: Quiet,
): Promise<void> => {
  const baseUrl = await scene.rehearsal();
  const loop = scene.sdkLoop();
  const daemon = await scene.daemon({ prefix: 'real', modelUrl: baseUrl, workers: WORKERS });
  await warmUp(client, 'real', plan);
  const { maxMs } = plan;
  const sdk = { baseUrl, model: MODEL, prompt: PROMPT, maxCount: MAX_COUNT, maxMs };
  await loop.call('run', {
    ...sdk,
    inFlight: MANY,
    maxCount: plan.sessions,
    fetch: 'the platform',
  });
  const rounds = new Rounds<Window>();
  const bare = async (inFlight: number, fetch: 'the platform' | 'ours') =>
    asWindow(await loop.call('run', { ...sdk, inFlight, fetch }));
  for (let round = 0; round < plan.rounds; round++) {
    say(`  beside the bare SDK, round ${round + 1} of ${plan.rounds}`);
    for (const inFlight of [ONE, MANY]) {
      const windows = await quiet.round(async () => ({
        'the platform': await bare(inFlight, 'the platform'),
        turn: await askDaemon(client, daemon, loadOf('real', plan, inFlight), scratch),
        ours: await bare(inFlight, 'ours'),
      }));
      for (const [name, window] of Object.entries(windows))
        rounds.add(`${name} @${inFlight}`, window);
    }
  }
  tabulate(sheet, 'Beside the second floor: the real SDK against the rehearsal server', rounds, {
    'the bare SDK in a loop': 'the platform',
    "the bare SDK over the executor's fetch": 'ours',
    'our durable turn': 'turn',
  });
  secondGoals(sheet, rounds);
  await daemon.call('close', null);
};

const asWindow = ({ cpu, ...measured }: SdkMeasured): Window => ({
  ...measured,
  repliesEach: 0,
  cpuMsEach: cpu.totalMs / measured.total,
  mainMsEach: (cpu.mainMs ?? NaN) / measured.total,
  ...{
    commits: 0,
    syncs: 0,
    flushes: undefined,
    records: 0,
    bytesWritten: 0,
    published: 0,
    reads: 0,
  },
});

const secondGoals = (sheet: Sheet, rounds: Rounds<Window>): void => {
  const rates = rounds.ratios(`turn @${MANY}`, `the platform @${MANY}`, (it) => it.perSecond);
  const added = (inFlight: number, base: string) =>
    rounds.median(`turn @${inFlight}`, (it) => it.cpuMsEach) -
    rounds.median(`${base} @${inFlight}`, (it) => it.cpuMsEach);
  const rate = median(rates);
  sheet.goal(
    'rate at 100 in flight, of the bare SDK',
    '>= 0.60',
    `${times(rate)} (${spread(rates)})`,
    rate >= 0.6,
  );
  const cpu = added(MANY, 'the platform');
  sheet.goal('CPU added to a turn at 100 in flight', '<= 0.4 ms', `${number(cpu)} ms`, cpu <= 0.4);
  sheet.remark(
    `CPU added to a turn, at 1 in flight: ${number(added(ONE, 'the platform'))} ms; over the same fetch as ours: ${number(added(ONE, 'ours'))} ms at 1, ${number(added(MANY, 'ours'))} ms at 100.`,
  );
};
