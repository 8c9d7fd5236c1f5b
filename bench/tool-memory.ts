/**
 * Is memory flat over many turns with tools? Sessions are made, used for some turns and left, as people do it; the kernel's
 * account of the daemon and of all that it has started is taken after each part of the turns. The floor is a fresh daemon.
 */
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { bytes, number } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { mean } from './harness/plot.ts';
import { memoryOfTree } from './harness/process-memory.ts';
import { Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import { workplaceIn } from './tools/workplace.ts';

const WORKERS = 2;
const IN_FLIGHT = 50;
const TURNS_EACH = 10;
const PARTS = 20;
/** Of the third quarter's mean, what the last quarter's may be above it. */
const GOAL_GROWTH = 0.05;
const PASSIVATE_MINUTES = 0.25;
const CACHED = 200;

export const toolMemory: Bench = {
  name: 'tool-memory',
  question: 'Is memory flat over many turns with tools? 10,000 turns; 50,000 with `--full`',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

const turnsOf = (settings: Settings): number =>
  bySize(settings, { smoke: 400, normal: 10_000, full: 50_000 });

interface Look {
  readonly turns: number;
  readonly anonBytes: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly liveSessions: number;
  readonly knownSessions: number;
}

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const turns = turnsOf(settings);
  const each = turns / PARTS;
  const count = Math.ceil(each / TURNS_EACH);
  describeMachine(sheet, settings.scratch);
  sheet.configure(
    'load',
    `${number(turns)} turns with Read and Glob, ${IN_FLIGHT} in flight; new sessions after ${TURNS_EACH} turns of each, at most ${CACHED} in memory, and none ${PASSIVATE_MINUTES} min after its last turn`,
  );
  const { session, prompt } = workplaceIn(settings);
  const daemon = await scene.daemon({
    ...{ prefix: 'memory', modelUrl: await scene.rehearsal(), workers: WORKERS },
    ...{ passivateMinutes: PASSIVATE_MINUTES, cacheSessions: CACHED },
  });
  const client = await scene.client();
  const look = async (sofar: number): Promise<Look> => {
    const { anonBytes, rssBytes } = memoryOfTree(daemon.pid);
    const { memory, liveSessions, knownSessions } = await daemon.call('status', null);
    return {
      ...{ turns: sofar, anonBytes, rssBytes, liveSessions, knownSessions },
      heapBytes: memory.heapUsed,
    };
  };
  const looks = [await look(0)];
  for (let part = 0; part < PARTS; part++) {
    settings.say(`  ${number(part * each)} turns`);
    await client.call('ask', {
      ...{ prefix: 'memory', prompt: prompt(), session, inFlight: IN_FLIGHT },
      ...{ maxCount: each, maxMs: 600_000, sessions: { name: `part-${part}`, count } },
    });
    looks.push(await look((part + 1) * each));
  }
  report(sheet, looks);
  sheet.check(
    'all sessions are known',
    looks.at(-1)?.knownSessions === PARTS * count,
    number(looks.at(-1)?.knownSessions ?? 0),
  );
  await daemon.call('close', null);
  return sheet;
};

const report = (sheet: Sheet, looks: readonly Look[]): void => {
  sheet.table(
    'Memory of the daemon and its children',
    ['turns', 'anonymous', 'RSS', 'heap in use', 'sessions in memory', 'known'],
    looks
      .filter((_, at) => at % 2 === 0)
      .map((it) => [
        ...[number(it.turns), bytes(it.anonBytes), bytes(it.rssBytes), bytes(it.heapBytes)],
        ...[number(it.liveSessions), number(it.knownSessions)],
      ]),
  );
  const quarter = PARTS / 4;
  const meanOf = (from: number) =>
    mean(looks.slice(from, from + quarter).map(({ anonBytes }) => anonBytes));
  const last = meanOf(looks.length - quarter);
  const before = meanOf(looks.length - 2 * quarter);
  const growth = last / before - 1;
  sheet.goal(
    'anonymous memory in the last quarter of the turns, above that in the quarter before',
    `<= ${GOAL_GROWTH * 100} %`,
    `${(growth * 100).toFixed(1)} % (${bytes(before)}, then ${bytes(last)})`,
    growth <= GOAL_GROWTH,
  );
};
