/**
 * Is a daemon after hours what it was at first? Hours of mixed load, compressed: turns with and without tools, searches,
 * imports, forks, deletions, cleanups, clients that come and go, and a broker that is restarted again and again. Memory, descriptors,
 * disk and the loop's delay are to be flat over the second half.
 */
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { bytes, median, ms, number } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { mean, type Point, plot, slopeOf } from './harness/plot.ts';
import { memoryOfTree } from './harness/process-memory.ts';
import { type Daemon, Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import { descriptorsOf, diskBytesOf } from './harness/upkeep.ts';
import type { MixedDone } from './programs/mixed-load.ts';
import { workplaceIn } from './tools/workplace.ts';

const PREFIX = 'mixed';
const SESSIONS = 500;
const CACHED = 200;
const IN_FLIGHT = 10;
/** Few, so that within two minutes all sessions are as long as they get. */
const TURNS_EACH = 8;
const WORKERS = 2;
const PASSIVATE_MINUTES = 0.25;
const SAMPLE_MS = 1_000;
const RESTART_MS = 45_000;
const PROMPT = `What came of it? [[rehearse: text="${'It is done. '.repeat(40)}" chunks=20]]`;
/** Of the mean, in ten minutes; the disk also keeps what was deleted for a while, by its name. */
const GOALS = { memory: 0.02, descriptors: 0.02, disk: 0.1 } as const;
const SLOPE_SECONDS = 600;
/** The median p99 of the second half, to that of the first. */
const GOAL_DELAY = 1.5;

export const soakMixed: Bench = {
  name: 'soak-mixed',
  question: 'Is a daemon after hours of mixed load what it was at first?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

const loadMsOf = (settings: Settings): number =>
  settings.minutes === undefined
    ? bySize(settings, { smoke: 20_000, normal: 300_000, full: 1_800_000 })
    : settings.minutes * 60_000;

interface Sample {
  readonly at: number;
  readonly memory: number;
  readonly heap: number;
  readonly descriptors: number;
  readonly disk: number;
  readonly delayMs: number;
}

const rest = (forMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, forMs));

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const maxMs = loadMsOf(settings);
  const broker = await scene.broker();
  describeMachine(sheet, settings.scratch);
  sheet.configure(
    'load',
    `${number(maxMs / 60_000)} minutes: ${IN_FLIGHT} turns in flight over ${SESSIONS} sessions (${CACHED} in memory), each third with two tool calls, a session deleted and made anew after ${TURNS_EACH}; beside it searches, imports, forks, a cleanup of these, clients that come and go, and a restart of the broker every ${RESTART_MS / 1_000} s`,
  );
  sheet.configure(
    'limits',
    'memory and descriptors: the daemon with all that it has started; disk: its data folder',
  );
  const { session, prompt } = workplaceIn(settings);
  const daemon = await scene.daemon({
    ...{ prefix: PREFIX, modelUrl: await scene.rehearsal(), workers: WORKERS },
    ...{ cacheSessions: CACHED, passivateMinutes: PASSIVATE_MINUTES },
  });
  const load = scene.mixedLoad();
  let isOver = false;
  const running = load.call('run', {
    ...{ url: broker.url, prefix: PREFIX, sessions: SESSIONS, inFlight: IN_FLIGHT, session, maxMs },
    ...{ turnsEach: TURNS_EACH, prompt: PROMPT, toolPrompt: prompt() },
  });
  const over = running.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  let restarts = 0;
  const restarting = (async () => {
    while (!isOver) {
      await Promise.race([rest(RESTART_MS), over.catch(() => undefined)]);
      if (isOver) return;
      await broker.restart();
      restarts += 1;
      settings.say(`  the broker was restarted, ${restarts}`);
    }
  })();
  const samples = await sampled(daemon, scene.folder(PREFIX), () => isOver);
  const done = await running;
  await restarting;
  report(sheet, samples, done, restarts);
  await daemon.call('close', null);
  return sheet;
};

const sampled = async (
  daemon: Daemon,
  folder: string,
  isOver: () => boolean,
): Promise<Sample[]> => {
  const samples: Sample[] = [];
  const startMs = performance.now();
  while (!isOver()) {
    await rest(SAMPLE_MS);
    const status = await daemon.call('status', null);
    samples.push({
      at: (performance.now() - startMs) / 1_000,
      memory: memoryOfTree(daemon.pid).rssBytes,
      descriptors: descriptorsOf(daemon.pid),
      disk: diskBytesOf(folder),
      heap: status.memory.heapUsed,
      delayMs: status.loopDelayMs,
    });
  }
  return samples;
};

type Kept = 'memory' | 'heap' | 'descriptors' | 'disk';

const report = (
  sheet: Sheet,
  samples: readonly Sample[],
  { done, refused }: MixedDone,
  restarts: number,
): void => {
  const counted = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([what, count]) => [what, number(count)]);
  sheet.table(
    'What was done',
    ['what', 'times'],
    [...counted(done), ['restart of the broker', number(restarts)]],
  );
  sheet.table('What was refused', ['what', 'times'], counted(refused));
  const half = Math.floor(samples.length / 2);
  const [first, second] = [samples.slice(0, half), samples.slice(half)];
  const points = (kept: Kept): Point[] =>
    second.map((each) => ({ at: each.at, value: each[kept] }));
  const slope = (kept: Kept) =>
    (slopeOf(points(kept)) * SLOPE_SECONDS) / mean(points(kept).map(({ value }) => value));
  const write = { memory: bytes, heap: bytes, descriptors: number, disk: bytes } as const;
  const delays = (some: readonly Sample[]) => some.map(({ delayMs }) => delayMs);
  const kinds = ['memory', 'descriptors', 'disk'] as const;
  const figures = (values: readonly number[], as: (value: number) => string) => [
    as(median(values)),
    as(Math.max(...values)),
  ];
  sheet.table(
    'Over the halves of the load',
    ['', 'first, median', 'most', 'second, median', 'most', 'slope in ten minutes, of the mean'],
    [
      ...(['memory', 'heap', 'descriptors', 'disk'] as const).map((kept) => [
        kept,
        ...figures(
          first.map((each) => each[kept]),
          write[kept],
        ),
        ...figures(
          second.map((each) => each[kept]),
          write[kept],
        ),
        `${(slope(kept) * 100).toFixed(2)} %`,
      ]),
      [
        'loop delay p99 of a second',
        ...figures(delays(first), ms),
        ...figures(delays(second), ms),
        '-',
      ],
    ],
  );
  for (const kept of kinds)
    sheet.goal(
      `${kept}: slope over the second half, of its mean in ten minutes`,
      `< ${GOALS[kept] * 100} %`,
      `${(slope(kept) * 100).toFixed(2)} %`,
      slope(kept) < GOALS[kept],
    );
  const worse = median(delays(second)) / median(delays(first));
  sheet.goal(
    'loop delay: median p99 of the second half to the first',
    `<= ${GOAL_DELAY}`,
    worse.toFixed(2),
    worse <= GOAL_DELAY,
  );
  for (const kind of [
    'turn',
    'turn with tools',
    'search',
    'import',
    'fork',
    'delete',
    'cleanup',
    'visit',
  ])
    sheet.check(`${kind}: it was done`, (done[kind] ?? 0) > 0, number(done[kind] ?? 0));
  const [all, no] = [done, refused].map((counts) =>
    Object.values(counts).reduce((sum, each) => sum + each, 0),
  );
  sheet.check(
    'little is refused',
    (no ?? 0) < (all ?? 0) / 10,
    `${number(no ?? 0)} of ${number(all ?? 0)}`,
  );
  sheet.remark(
    `Memory over time.\n\n\`\`\`text\n${plot(
      samples.map(({ at, memory }) => ({ at, value: memory })),
      bytes,
    )}\n\`\`\``,
  );
};
