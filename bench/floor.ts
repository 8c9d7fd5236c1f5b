/**
 * The floors: what the parts of a turn cost with nothing around them. The first is made of one NATS
 * request, two LMDB transactions, one worker round trip and the messages that a turn publishes; the
 * second is the bare SDK against the rehearsal server.
 */
import { randomUUID } from 'node:crypto';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { FlushWatch, syncMs } from './harness/disk.ts';
import { number } from './harness/figures.ts';
import type { Measured } from './harness/loop.ts';
import { describeMachine } from './harness/machine.ts';
import { Quiet } from './harness/quiet.ts';
import { Rounds } from './harness/rounds.ts';
import { type Client, type FloorDaemon, Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import { checkLatency, checkSyncs } from './harness/sync-check.ts';
import type { Piece } from './programs/floor-daemon.ts';
import { ACCEPT, bytesOf, FINISH, MESSAGES_PER_TURN } from './programs/floor-records.ts';

const PREFIX = 'floor';
const MODEL = 'claude-sonnet-4-5';
const PROMPT = 'Say something short, please.';
const AT_ONCE = [1, 100] as const;

interface Plan {
  readonly rounds: number;
  readonly maxMs: number;
  readonly sessions: number;
  /** How long to wait for a quiet machine, in all. */
  readonly patienceMs: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { rounds: 1, maxMs: 150, sessions: 100, patienceMs: 0 },
    normal: { rounds: 5, maxMs: 300, sessions: 1_000, patienceMs: 20_000 },
    full: { rounds: 15, maxMs: 1_000, sessions: 2_000, patienceMs: 120_000 },
  });

const PIECES: Readonly<Record<Piece, string>> = {
  commits: 'two LMDB transactions',
  step: 'one worker round trip',
  publish: `${MESSAGES_PER_TURN} messages published, and the broker's word`,
  create: 'one LMDB transaction of a new session',
};
const REQUEST = 'one NATS request and reply';
const TURN = 'all of a turn: the first floor';
const SDKS = {
  'the platform': 'the bare SDK: the second floor',
  ours: "the bare SDK over the executor's fetch",
} as const;
const FETCHES = ['the platform', 'ours'] as const;
const MAX_COUNT = 200_000;

const nameOf = (what: string, inFlight: number): string => `${what} @${inFlight}`;

export const floor: Bench = {
  name: 'floor',
  question: 'What do the parts of a turn cost with nothing around them?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  describeMachine(sheet, settings.scratch);
  sheet.configure('broker', `nats-server ${(await scene.broker()).version}`);
  sheet.configure(
    'journal',
    'bare LMDB, overlappingSync off, group commit by transaction(callback)',
  );
  sheet.configure(
    'records',
    `${ACCEPT.length} + ${FINISH.length} of ${number(bytesOf([...ACCEPT, ...FINISH]))} bytes for a turn`,
  );
  const plan = planOf(settings);
  const rounds = new Rounds<Measured>();
  const quiet = new Quiet(plan.patienceMs, () => scene.pids);
  await measureParts(scene, plan, rounds, sheet, settings, quiet);
  await measureSdk(scene, plan, rounds, settings, quiet);
  quiet.describe(sheet);
  report(sheet, rounds);
  return sheet;
};

const measureParts = async (
  scene: Scene,
  plan: Plan,
  rounds: Rounds<Measured>,
  sheet: Sheet,
  { say, scratch }: Settings,
  quiet: Quiet,
): Promise<void> => {
  const daemon = await scene.floor(PREFIX);
  const client = await scene.client();
  const before = await daemon.call('status', null);
  const watch = new FlushWatch(scratch);
  for (let round = 0; round < plan.rounds; round++) {
    say(`  parts, round ${round + 1} of ${plan.rounds}`);
    for (const inFlight of AT_ONCE) {
      const measured = await quiet.round(() => measureRound(daemon, client, plan, inFlight));
      for (const [what, figures] of measured) rounds.add(nameOf(what, inFlight), figures);
    }
  }
  const after = await daemon.call('status', null);
  const commits = after.commits - before.commits;
  const syncs = after.syncs - before.syncs;
  checkSyncs(sheet, { who: 'floor', commits, syncs, flushes: watch.flushes, maxGroup: 100 });
  const alone = rounds.median(nameOf(PIECES.commits, 1), ({ p50Ms }) => p50Ms);
  if (watch.flushes === undefined) checkLatency(sheet, 'floor', alone, 2 * syncMs(scratch));
  await daemon.call('close', null);
};

type Part = readonly [what: string, measured: Measured];

const measureRound = async (
  daemon: FloorDaemon,
  client: Client,
  { maxMs, sessions }: Plan,
  inFlight: number,
): Promise<readonly Part[]> => {
  const parts: Part[] = [];
  const limits = { maxCount: MAX_COUNT, maxMs, inFlight };
  for (const [piece, what] of Object.entries(PIECES) as [Piece, string][]) {
    const options = { ...limits, piece, sessions, name: `${piece}-${randomUUID()}` };
    parts.push([what, await daemon.call('piece', options)]);
  }
  const echo = { ...limits, prefix: PREFIX, verb: 'echo', body: PROMPT, name: 'echo' };
  parts.push([REQUEST, await client.call('request', echo)]);
  const turn = { prefix: PREFIX, prompt: PROMPT, sessions: { name: 'turn', count: sessions } };
  parts.push([TURN, await client.call('ask', { ...limits, ...turn })]);
  return parts;
};

const measureSdk = async (
  scene: Scene,
  { rounds: count, maxMs }: Plan,
  rounds: Rounds<Measured>,
  { say }: Settings,
  quiet: Quiet,
): Promise<void> => {
  const baseUrl = await scene.rehearsal();
  const loop = scene.sdkLoop();
  const options = { baseUrl, model: MODEL, prompt: PROMPT, maxCount: MAX_COUNT, maxMs: 2 * maxMs };
  for (let round = 0; round < count; round++) {
    say(`  SDK, round ${round + 1} of ${count}`);
    for (const inFlight of AT_ONCE)
      for (const fetch of FETCHES) {
        const run = () => loop.call('run', { ...options, inFlight, fetch });
        rounds.add(nameOf(SDKS[fetch], inFlight), await quiet.round(run));
      }
  }
};

const COLUMNS = ['part', '/s at 1', 'p50 ms', 'p99 ms', '/s at 100', 'p50 ms', 'p99 ms'];

const report = (sheet: Sheet, rounds: Rounds<Measured>): void => {
  const figures = (what: string) =>
    AT_ONCE.flatMap((inFlight) => {
      const figure = (pick: (measured: Measured) => number) =>
        number(rounds.median(nameOf(what, inFlight), pick));
      return [figure((it) => it.perSecond), figure((it) => it.p50Ms), figure((it) => it.p99Ms)];
    });
  const parts = [REQUEST, PIECES.commits, PIECES.step, PIECES.publish, TURN, PIECES.create];
  const rows = [...parts, ...Object.values(SDKS)].map((what) => [what, ...figures(what)]);
  sheet.table('Medians over rounds', COLUMNS, rows);
};
