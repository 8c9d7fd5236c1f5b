/**
 * How fast are sessions made? Beside bare puts of the same bytes, and beside the same behind a NATS
 * request. Each session is a new one, so every tree of the store grows; ours are awake afterwards,
 * up to the limit of the cache.
 */
import { randomUUID } from 'node:crypto';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { FlushWatch } from './harness/disk.ts';
import { number, spread, times } from './harness/figures.ts';
import type { LoopLimits, Measured } from './harness/loop.ts';
import { describeMachine } from './harness/machine.ts';
import { Quiet } from './harness/quiet.ts';
import { Rounds } from './harness/rounds.ts';
import { type Client, type Daemon, type FloorDaemon, Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import { checkSyncs } from './harness/sync-check.ts';
import { CREATE } from './programs/floor-records.ts';

const SETTINGS = {
  title: 'A session of the bench',
  tags: ['bench', 'review'],
  workingDirectory: '/srv/project',
};
const ONE = 1;
const MANY = 100;
const WORKERS = 2;
const MAX_COUNT = 50_000;

interface Plan {
  readonly rounds: number;
  readonly maxMs: number;
  /** How long to wait for a quiet machine, in all. */
  readonly patienceMs: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { rounds: 1, maxMs: 300, patienceMs: 0 },
    normal: { rounds: 7, maxMs: 400, patienceMs: 20_000 },
    full: { rounds: 15, maxMs: 1_000, patienceMs: 120_000 },
  });

type Make = (name: string, limits: LoopLimits) => Promise<Measured>;

export const sessions: Bench = {
  name: 'sessions',
  question: 'How fast are sessions made?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const plan = planOf(settings);
  describeMachine(sheet, settings.scratch);
  sheet.configure('broker', `nats-server ${(await scene.broker()).version}`);
  const client = await scene.client();
  const daemon = await scene.daemon({
    ...{ prefix: 'ours', modelUrl: 'http://127.0.0.1:9', workerFile: 'instant-worker' },
    workers: WORKERS,
  });
  const createBytes = await checkCommits(sheet, daemon, client, settings);
  const floor = await scene.floor('floor', { createBytes });
  const rounds = new Rounds<Measured>();
  await measureRounds(
    makers(client, floor, daemon),
    plan,
    rounds,
    sheet,
    () => scene.pids,
    settings,
  );
  const { liveSessions, knownSessions } = await daemon.call('status', null);
  sheet.configure(
    'sessions at the end',
    `${number(knownSessions)} known, ${number(liveSessions)} live`,
  );
  report(sheet, rounds);
  await floor.call('close', null);
  await daemon.call('close', null);
  return sheet;
};

const BARE = 'bare puts';
const BARE_NATS = 'bare puts behind a NATS request';
const EMBEDDED = 'ours, embedded';
const NATS = 'ours, over NATS';

const makers = (
  client: Client,
  floor: FloorDaemon,
  daemon: Daemon,
): Readonly<Record<string, Make>> => {
  const overNats =
    (prefix: string): Make =>
    (name, limits) =>
      client.call('request', {
        ...limits,
        ...{ prefix, name, verb: 'create', body: JSON.stringify(SETTINGS) },
      });
  return {
    [BARE]: (name, limits) =>
      floor.call('piece', { ...limits, name, piece: 'create', sessions: MAX_COUNT }),
    [EMBEDDED]: (name, limits) => daemon.call('create', { ...limits, name, settings: SETTINGS }),
    [BARE_NATS]: overNats('floor'),
    [NATS]: overNats('ours'),
  };
};

const measureRounds = async (
  rivals: Readonly<Record<string, Make>>,
  { rounds: count, maxMs, patienceMs }: Plan,
  rounds: Rounds<Measured>,
  sheet: Sheet,
  pids: () => readonly number[],
  { say }: Settings,
): Promise<void> => {
  const quiet = new Quiet(patienceMs, pids);
  // The first round only warms up.
  for (let round = 0; round <= count; round++) {
    say(round === 0 ? '  warming up' : `  round ${round} of ${count}`);
    for (const inFlight of [ONE, MANY]) {
      const measured = await quiet.round(() =>
        makeAll(rivals, { inFlight, maxCount: MAX_COUNT, maxMs }),
      );
      if (round > 0)
        for (const [what, figures] of measured) rounds.add(`${what} @${inFlight}`, figures);
    }
  }
  quiet.describe(sheet);
};

/** Each rival in turn. Names are never used twice, so that each session is a new one. */
const makeAll = async (
  rivals: Readonly<Record<string, Make>>,
  limits: LoopLimits,
): Promise<readonly (readonly [string, Measured])[]> => {
  const measured: [string, Measured][] = [];
  for (const [what, make] of Object.entries(rivals))
    measured.push([what, await make(`r${randomUUID()}`, limits)]);
  return measured;
};

const COUNTED = 500;

/** So many sessions, counted: a commit for each, and the disk waited for. Gives the bytes of one. */
const checkCommits = async (
  sheet: Sheet,
  daemon: Daemon,
  client: Client,
  { scratch }: Settings,
): Promise<number> => {
  const before = (await daemon.call('status', null)).journal;
  const watch = new FlushWatch(scratch);
  const limits = { inFlight: MANY, maxCount: COUNTED, maxMs: 60_000 };
  const request = {
    prefix: 'ours',
    name: 'counted',
    verb: 'create',
    body: JSON.stringify(SETTINGS),
  };
  const { total } = await client.call('request', { ...limits, ...request });
  const { flushes } = watch;
  const { journal } = await daemon.call('status', null);
  const commits = journal.commits - before.commits;
  const syncs = journal.syncs - before.syncs;
  const records = (journal.recordsWritten - before.recordsWritten) / total;
  const size = (journal.bytesWritten - before.bytesWritten) / total - records * FRAME_BYTES;
  sheet.configure(
    'journal',
    `${journal.kind}, each commit after its fdatasync; ${number(records)} records of about ${number(size)} bytes a session`,
  );
  sheet.configure('floor', `bare LMDB, ${CREATE.length} records of as many bytes`);
  sheet.configure('commits per sync at 100 in flight', (commits / syncs).toFixed(1));
  checkSyncs(sheet, { who: 'ours', commits, syncs, flushes, maxGroup: MANY });
  sheet.check('a commit for each session', commits === total, `${commits} for ${total}`);
  sheet.check('the floor puts as many records', records === CREATE.length, number(records));
  return size;
};
/** Operation and checks in a batch, per record, about. */
const FRAME_BYTES = 24;

const COLUMNS = [
  'sessions made',
  '/s at 1',
  'p50 ms',
  'p99 ms',
  '/s at 100',
  'p50 ms',
  'p99 ms',
  'of bare at 1',
  'of bare at 100',
];

const report = (sheet: Sheet, rounds: Rounds<Measured>): void => {
  const rows = [BARE, EMBEDDED, BARE_NATS, NATS].map((what) => {
    const at = (inFlight: number) =>
      [(it: Measured) => it.perSecond, (it: Measured) => it.p50Ms, (it: Measured) => it.p99Ms].map(
        (figure) => number(rounds.median(`${what} @${inFlight}`, figure)),
      );
    const base = what === NATS || what === BARE_NATS ? BARE_NATS : BARE;
    const ratio = (inFlight: number) =>
      times(rounds.ratio(`${what} @${inFlight}`, `${base} @${inFlight}`, (it) => it.perSecond));
    return [what, ...at(ONE), ...at(MANY), ratio(ONE), ratio(MANY)];
  });
  sheet.table('Sessions per second (medians over rounds)', COLUMNS, rows);
  const ratios = (what: string, base: string) =>
    spread(rounds.ratios(`${what} @${MANY}`, `${base} @${MANY}`, (it) => it.perSecond));
  sheet.remark(
    `Ratios are of the rival above with the same way in. Over the rounds at 100 in flight: embedded ${ratios(EMBEDDED, BARE)}, over NATS ${ratios(NATS, BARE_NATS)}.`,
  );
};
