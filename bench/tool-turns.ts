/**
 * A turn with two tool calls, durable, beside the bare SDK that answers the same two calls in a loop, against the same
 * rehearsal server. Each has a process of its own and they take turns. The loop asks nobody and reads the file in its own
 * process; once it keeps nothing, and once it makes as many commits as a turn of ours, of as many bytes, with bare LMDB, and syncs the
 * disk as often.
 */
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { median, ms, number, spread, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { profileOne } from './harness/profile-turns.ts';
import { Quiet } from './harness/quiet.ts';
import { Rounds } from './harness/rounds.ts';
import { Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import { askDaemon, type Window } from './harness/window.ts';
import type { AskLoad } from './programs/client.ts';
import type { SdkMeasured } from './programs/sdk-loop.ts';
import { offeredTools, workplaceIn } from './tools/workplace.ts';

const MODEL = 'claude-sonnet-4-5';
const MAX_MS = 300_000;
const PROFILED_MS = 10_000;
const WORKERS = 2;
const MOST_IN_FLIGHT = 100;
const IN_FLIGHT = [1, MOST_IN_FLIGHT];
const RATE_GOAL = 0.6;
const FLOOR_GOAL = 0.85;
const DELTA_GOAL_MS = 2;

export const toolTurns: Bench = {
  name: 'tool-turns',
  question: 'What does a durable turn with two tool calls cost beside the bare SDK in a loop?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

/**
 * A round is so many turns and not so many seconds: on a busy machine none of a hundred might end in these. `warmUp`: turns of
 * each rival before the first round; the engine goes on compiling for some thousands.
 */
const planOf = (settings: Settings) =>
  bySize(settings, {
    smoke: { rounds: 1, alone: 10, together: 100, warmUp: 100, patienceMs: 0 },
    normal: { rounds: 5, alone: 60, together: 1_000, warmUp: 8_000, patienceMs: 60_000 },
    full: { rounds: 15, alone: 300, together: 3_000, warmUp: 12_000, patienceMs: 300_000 },
  });

interface Round {
  readonly bare: SdkMeasured;
  readonly floor: SdkMeasured;
  readonly ours: Window;
}

/** So many that none has a long history at the end. */
const SESSIONS = 2_000;

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const plan = planOf(settings);
  describeMachine(sheet, settings.scratch);
  const { session, prompt } = workplaceIn(settings);
  const baseUrl = await scene.rehearsal();
  const [bare, floor] = [scene.sdkLoop(), scene.sdkLoop()];
  const daemon = await scene.daemon({ prefix: 'tools', modelUrl: baseUrl, workers: WORKERS });
  const client = await scene.client();
  const limits = { maxMs: MAX_MS, marksDeltas: true };
  const load: Omit<AskLoad, 'inFlight' | 'maxCount'> = {
    ...{ prefix: 'tools', prompt: prompt(), session, ...limits },
    sessions: { name: 'session', count: SESSIONS },
  };
  const sdk = {
    ...{ baseUrl, model: MODEL, prompt: prompt(), ...limits },
    fetch: 'the platform' as const,
    tools: offeredTools(),
    conversations: SESSIONS,
  };
  sheet.configure(
    'a turn',
    'two model calls; the first answers with Read and Glob, both allowed in the working directory',
  );
  sheet.configure(
    'rounds',
    `${plan.rounds} of ${plan.alone} turns one after another and ${plan.together} with 100 in flight, over ${SESSIONS} sessions; ${plan.warmUp} turns of each before`,
  );
  settings.say('  warming up');
  const first = { inFlight: MOST_IN_FLIGHT, maxCount: plan.warmUp };
  const warm = await askDaemon(client, daemon, { ...load, ...first }, settings.scratch);
  const commits = { dir: scene.folder('floor'), bytesEach: warm.bytesWritten / warm.commits };
  await bare.call('run', { ...sdk, ...first });
  const grouped = await floor.call('run', {
    ...sdk,
    ...first,
    commits: { ...commits, moreSyncs: 0 },
  });
  const moreSyncs = Math.max(0, warm.syncs / warm.commits - grouped.syncs / grouped.commits);
  const quiet = new Quiet(plan.patienceMs, () => scene.pids);
  const rounds = new Rounds<Round>();
  for (let round = 0; round < plan.rounds; round++) {
    settings.say(`  two tool calls a turn, round ${round + 1} of ${plan.rounds}`);
    for (const inFlight of IN_FLIGHT) {
      const size = { inFlight, maxCount: inFlight === 1 ? plan.alone : plan.together };
      // One after another, each commit of LMDB is a group of its own.
      const kept = { ...commits, moreSyncs: inFlight === 1 ? 0 : moreSyncs };
      rounds.add(
        `@${inFlight}`,
        await quiet.round(async () => ({
          bare: await bare.call('run', { ...sdk, ...size }),
          ours: await askDaemon(client, daemon, { ...load, ...size }, settings.scratch),
          floor: await floor.call('run', { ...sdk, ...size, commits: kept }),
        })),
      );
    }
  }
  describe(sheet, rounds);
  check(sheet, rounds);
  quiet.describe(sheet);
  await daemon.call('close', null);
  if (settings.profile)
    await Scene.with(settings, async (other) => {
      settings.say('  profiling');
      const subject = {
        ...{ prefix: load.prefix, title: 'two tool calls', modelUrl: await other.rehearsal() },
      };
      await profileOne(
        other,
        await other.client(),
        sheet,
        { ...load, maxMs: PROFILED_MS },
        subject,
      );
    });
  return sheet;
};

const COLUMNS = ['', 'in flight', '/s', 'p50', 'first delta p50', 'CPU/turn', 'commits', 'syncs'];

const describe = (sheet: Sheet, rounds: Rounds<Round>): void => {
  const rows = IN_FLIGHT.flatMap((inFlight) =>
    RIVALS.map(([title, of]) => {
      const middle = (figure: (round: Figures) => number) =>
        rounds.median(`@${inFlight}`, (round) => figure(of(round)));
      return [
        ...[title, number(inFlight), number(middle((it) => it.perSecond))],
        ...[middle((it) => it.p50Ms), middle((it) => it.deltaP50Ms), middle((it) => it.cpuMs)].map(
          ms,
        ),
        ...[middle((it) => it.commits), middle((it) => it.syncs)].map(number),
      ];
    }),
  );
  sheet.table('Turns with two tool calls (medians over rounds)', COLUMNS, rows);
  const ofBare = rounds.each('@100', ({ ours, bare }) => ours.perSecond / bare.perSecond);
  const ofFloor = rounds.each('@100', ({ ours, floor }) => ours.perSecond / floor.perSecond);
  const later = rounds.each('@1', ({ ours, bare }) => ours.deltaP50Ms - bare.deltaP50Ms);
  const goal = (what: string, wanted: number, ratios: readonly number[]) =>
    sheet.goal(
      what,
      `>= ${times(wanted)}`,
      `${times(median(ratios))} (${spread(ratios)})`,
      median(ratios) >= wanted,
    );
  goal('rate at 100 in flight, of the bare SDK in a loop', RATE_GOAL, ofBare);
  goal('rate at 100 in flight, of the floor with as many commits and syncs', FLOOR_GOAL, ofFloor);
  sheet.goal(
    'the first delta after that of the bare SDK, p50, at 1 in flight',
    `<= ${ms(DELTA_GOAL_MS)}`,
    `${ms(median(later))} (${spread(later)})`,
    median(later) <= DELTA_GOAL_MS,
  );
};

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly deltaP50Ms: number;
  readonly cpuMs: number;
  /** Of one turn, as the others. */
  readonly commits: number;
  readonly syncs: number;
}

const ofLoop = (it: SdkMeasured): Figures => ({
  ...{ perSecond: it.perSecond, p50Ms: it.p50Ms, deltaP50Ms: it.deltaP50Ms },
  ...{ cpuMs: it.cpu.totalMs / it.total, commits: it.commits / it.total },
  syncs: it.syncs / it.total,
});
const ofDaemon = (it: Window): Figures => ({
  ...{ perSecond: it.perSecond, p50Ms: it.p50Ms, deltaP50Ms: it.deltaP50Ms },
  ...{ cpuMs: it.cpuMsEach, commits: it.commits / it.total, syncs: it.syncs / it.total },
});

const RIVALS: readonly (readonly [string, (round: Round) => Figures])[] = [
  ['the bare SDK', ({ bare }) => ofLoop(bare)],
  ['the floor', ({ floor }) => ofLoop(floor)],
  ['ours', ({ ours }) => ofDaemon(ours)],
];

const check = (sheet: Sheet, rounds: Rounds<Round>): void => {
  const each = (of: (round: Round) => Figures) => rounds.median('@1', (it) => of(it).commits);
  const [theirs, own] = [each(({ floor }) => ofLoop(floor)), each(({ ours }) => ofDaemon(ours))];
  sheet.check(
    'the floor makes as many commits as a turn',
    Math.abs(theirs - own) < 0.1,
    `${number(theirs)} and ${number(own)}`,
  );
  const synced = (of: (round: Round) => Figures) =>
    rounds.median(`@${MOST_IN_FLIGHT}`, (it) => of(it).syncs);
  const [its, ours] = [synced(({ floor }) => ofLoop(floor)), synced(({ ours }) => ofDaemon(ours))];
  sheet.check(
    'the floor syncs the disk as often as a turn, within a quarter',
    Math.abs(its / ours - 1) < 0.25,
    `${number(its)} and ${number(ours)}`,
  );
};
