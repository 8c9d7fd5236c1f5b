/**
 * What a page of a search costs over the bus: asked of a daemon by another program, in turn with a bare request whose
 * reply has as many bytes. How long a search among a million takes is measured without a bus, beside SQLite.
 */
import type { Settings } from '../harness/bench.ts';
import { bytes, median, ms, number } from '../harness/figures.ts';
import type { Measured } from '../harness/loop.ts';
import { Quiet } from '../harness/quiet.ts';
import { Rounds } from '../harness/rounds.ts';
import { type Client, Scene } from '../harness/scene.ts';
import type { Sheet } from '../harness/sheet.ts';

/** A page of 50 may take so much longer than the bare request. */
const GOAL_MS = 0.7;
const SESSIONS = 5_000;
const LIMIT = 50;
const SETTINGS = {
  title: 'Fix the flaky test of the intake, which fails on Mondays',
  tags: ['bench', 'review'],
  workingDirectory: '/home/someone/projects/intake',
};
const OURS = 'a page of a search';
const BARE = 'a bare request of the same bytes';

export interface BusPlan {
  readonly rounds: number;
  readonly maxMs: number;
  /** How long to wait for a quiet machine, in all. */
  readonly patienceMs: number;
}

export const overTheBus = (sheet: Sheet, plan: BusPlan, settings: Settings): Promise<void> =>
  Scene.with(settings, async (scene) => {
    const client = await scene.client();
    const floor = await scene.floor('floor');
    const daemon = await scene.daemon({
      ...{
        prefix: 'ours',
        modelUrl: 'http://127.0.0.1:9',
        workerFile: 'instant-worker',
        workers: 1,
      },
    });
    const filling = { inFlight: 100, maxCount: SESSIONS, maxMs: 600_000 };
    await daemon.call('create', { ...filling, name: 'found', settings: SETTINGS });
    const rounds = new Rounds<Measured>();
    const quiet = new Quiet(plan.patienceMs, () => scene.pids);
    let size = 0;
    for (let round = 0; round <= plan.rounds; round++) {
      settings.say(round === 0 ? '  over the bus, warming up' : `  over the bus, round ${round}`);
      const measured = await quiet.round(() => measureRound(client, plan));
      size = measured.bytes;
      if (round === 0 && plan.rounds > 1) continue;
      rounds.add(OURS, measured.ours);
      rounds.add(BARE, measured.bare);
    }
    report(sheet, rounds, size);
    await floor.call('close', null);
    await daemon.call('close', null);
  });

const measureRound = async (client: Client, { maxMs }: BusPlan) => {
  const limits = { inFlight: 1, maxCount: 50_000, maxMs };
  const subject = 'ours.v1.default.sessions.search';
  const body = JSON.stringify({ tags: ['review'], limit: LIMIT });
  const ours = await client.call('requestOf', { ...limits, subject, body });
  const bare = await client.call('requestOf', {
    ...limits,
    subject: 'floor.v1.default.session.any.bytes',
    body: String(ours.bytes),
  });
  return { ours, bare, bytes: ours.bytes };
};

const report = (sheet: Sheet, rounds: Rounds<Measured>, size: number): void => {
  sheet.configure(
    'over the bus',
    `newest ${LIMIT} of a tag among ${number(SESSIONS)} sessions, a reply of ${bytes(size)}, one at a time`,
  );
  sheet.table(
    'Over the bus',
    ['request', 'p50', 'p99'],
    [OURS, BARE].map((what) => [
      what,
      ms(rounds.median(what, ({ p50Ms }) => p50Ms)),
      ms(rounds.median(what, ({ p99Ms }) => p99Ms)),
    ]),
  );
  const bare = rounds.each(BARE, ({ p50Ms }) => p50Ms);
  const more = rounds.each(OURS, ({ p50Ms }) => p50Ms).map((p50, n) => p50 - (bare[n] ?? 0));
  sheet.goal(
    `${OURS} over the bus: more than ${BARE}, p50`,
    `<= ${ms(GOAL_MS)}`,
    ms(median(more)),
    median(more) <= GOAL_MS,
  );
};
