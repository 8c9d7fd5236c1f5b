/**
 * Is memory given back? Many sessions behind a cache that holds a quarter of them, asked in a shuffled order, so that
 * nearly every turn wakes one and squeezes another out; then silence. The kernel's account of the daemon and of all
 * that it has started is taken throughout, under plain `node`: no flag, no environment, no other allocator.
 */
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { bytes, ms, number } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { mean, type Point, plot, slopeOf } from './harness/plot.ts';
import { memoryOfTree } from './harness/process-memory.ts';
import { type Client, type Daemon, Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import { descriptorsOf, diskBytesOf } from './harness/upkeep.ts';

const MIB = 1024 * 1024;
const GOAL_ANON_BYTES = 400 * MIB;
/** Of the mean, in ten minutes, over the second half of the load. */
const GOAL_SLOPE = 0.01;
const SLOPE_SECONDS = 600;
/** A fresh daemon's memory, times this, is what may be left some time after the load. */
const GOAL_LEFT = 1.5;
const WORKERS = 2;
const PREFIX = 'soak';
const SAMPLE_MS = 1_000;
/** Samples between two looks into the daemon. */
const LOOK_EVERY = 10;
const PROMPT = `${'What came of it, and what is left to be done? '.repeat(6)}[[rehearse: text="${'It is done. '.repeat(40)}" chunks=20]]`;
const MESSAGES = Array.from({ length: 80 }, (_, at) => ({
  role: at % 2 === 0 ? 'user' : 'assistant',
  content: `${at}: ${'a line of what was said before, '.repeat(4 + ((at * 7) % 29))}and so on.`,
}));
const TURNS_EACH = 20;
/** As an operator may set it, `GREENROOM_PASSIVATE_MINUTES`: so that no session is live any more when the silence ends. */
const PASSIVATE_MINUTES = 0.25;

interface Plan {
  readonly sessions: number;
  readonly cached: number;
  readonly inFlight: number;
  readonly loadMs: number;
  readonly quietMs: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { sessions: 200, cached: 50, inFlight: 20, loadMs: 5_000, quietMs: 2_000 },
    normal: { sessions: 2_000, cached: 500, inFlight: 20, loadMs: 300_000, quietMs: 90_000 },
    full: { sessions: 2_000, cached: 500, inFlight: 20, loadMs: 1_800_000, quietMs: 90_000 },
  });

export const soak: Bench = {
  name: 'soak',
  question:
    'Is the memory given back that many sessions have used, and is it flat while they use it?',
  run: async (settings) => {
    const sheet = new Sheet();
    describe(sheet, settings);
    await Scene.with(settings, (scene) => play(scene, sheet, settings));
    return sheet;
  },
};

const describe = (sheet: Sheet, settings: Settings): void => {
  const plan = planOf(settings);
  const length = JSON.stringify(MESSAGES).length;
  describeMachine(sheet, settings.scratch);
  sheet.configure(
    'load',
    `${plan.inFlight} asks in flight for ${plan.loadMs / 1_000} s over ${number(plan.sessions)} sessions, ${number(plan.cached)} of them in memory; then ${plan.quietMs / 1_000} s of silence`,
  );
  sheet.configure(
    'sessions',
    `${MESSAGES.length} messages (${bytes(length)}) at first; deleted and made anew after ${TURNS_EACH} turns, so that their lengths stay the same`,
  );
  sheet.configure(
    'daemon',
    `plain node, sessions leave memory after ${PASSIVATE_MINUTES} min without use, at most ${WORKERS} models threads, the real SDK against the rehearsal server; broker and rehearsal are other processes and are not counted`,
  );
};

interface Look {
  readonly at: number;
  readonly liveSessions: number;
  readonly liveBytes: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly arrayBuffers: number;
  readonly loopDelayMs: number;
}

/** Samples a daemon until it is told to stop. */
class Watch {
  readonly anon: Point[] = [];
  readonly rss: Point[] = [];
  readonly descriptors: Point[] = [];
  readonly disk: Point[] = [];
  readonly looks: Look[] = [];
  readonly #daemon: Daemon;
  readonly #folder: string;
  readonly #startMs = performance.now();
  #isOver = false;
  readonly #ended: Promise<void>;

  constructor(daemon: Daemon, folder: string) {
    this.#daemon = daemon;
    this.#folder = folder;
    this.#ended = this.#run();
  }

  get seconds(): number {
    return (performance.now() - this.#startMs) / 1_000;
  }

  stop(): Promise<void> {
    this.#isOver = true;
    return this.#ended;
  }

  async #run(): Promise<void> {
    for (let count = 0; !this.#isOver; count += 1) {
      const { rssBytes, anonBytes } = memoryOfTree(this.#daemon.pid);
      this.anon.push({ at: this.seconds, value: anonBytes });
      this.rss.push({ at: this.seconds, value: rssBytes });
      this.descriptors.push({ at: this.seconds, value: descriptorsOf(this.#daemon.pid) });
      this.disk.push({ at: this.seconds, value: diskBytesOf(this.#folder) });
      if (count % LOOK_EVERY === 0) this.looks.push(await lookAt(this.#daemon, this.seconds));
      await rest(SAMPLE_MS);
    }
  }
}

const lookAt = async (daemon: Daemon, at: number): Promise<Look> => {
  const { memory, liveSessions, liveBytes, loopDelayMs } = await daemon.call('status', null);
  const { heapUsed, heapTotal, arrayBuffers } = memory;
  return { at, liveSessions, liveBytes, heapUsed, heapTotal, arrayBuffers, loopDelayMs };
};

const rest = (forMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, forMs));

const play = async (scene: Scene, sheet: Sheet, settings: Settings): Promise<void> => {
  const plan = planOf(settings);
  const modelUrl = await scene.rehearsal();
  const client = await scene.client();
  const daemon = await scene.daemon({
    ...{ prefix: PREFIX, modelUrl, workers: WORKERS, cacheSessions: plan.cached },
    passivateMinutes: PASSIVATE_MINUTES,
  });
  await rest(Math.min(10_000, plan.quietMs));
  const fresh = memoryOfTree(daemon.pid);
  const watch = new Watch(daemon, scene.folder(PREFIX));
  settings.say('  load');
  const before = (await daemon.call('status', null)).cpu.totalMs;
  const load = await run(client, plan);
  const cpuMs = (await daemon.call('status', null)).cpu.totalMs - before;
  const loadSeconds = watch.seconds;
  settings.say(`  ${number(load.perSecond)} turns/s; silence`);
  await rest(plan.quietMs);
  await watch.stop();
  watch.looks.push(await lookAt(daemon, watch.seconds));
  const left = memoryOfTree(daemon.pid);
  await daemon.call('close', null);
  sheet.table(
    'The load',
    ['turns', 'turns/s', 'p50', 'p99', 'CPU ms/turn of the daemon'],
    [
      [
        number(load.total),
        number(load.perSecond),
        ms(load.p50Ms),
        ms(load.p99Ms),
        number(cpuMs / load.total),
      ],
    ],
  );
  report(sheet, { plan, watch, fresh: fresh.anonBytes, left: left.anonBytes, loadSeconds });
};

const run = (client: Client, { sessions, inFlight, loadMs }: Plan) =>
  client.call('soak', {
    ...{ prefix: PREFIX, prompt: PROMPT, messages: MESSAGES, turnsEach: TURNS_EACH },
    ...{ sessions, inFlight, maxMs: loadMs },
  });

interface Findings {
  readonly plan: Plan;
  readonly watch: Watch;
  readonly fresh: number;
  readonly left: number;
  readonly loadSeconds: number;
}

const report = (sheet: Sheet, findings: Findings): void => {
  const { plan, watch, fresh, left, loadSeconds } = findings;
  const fromSeconds = loadSeconds - plan.loadMs / 1_000; // the making of the sessions comes before
  const isLoad = ({ at }: { at: number }) => at >= fromSeconds && at <= loadSeconds;
  const isSecondHalf = ({ at }: { at: number }) =>
    at >= (fromSeconds + loadSeconds) / 2 && at <= loadSeconds;
  const peak = Math.max(...watch.anon.map(({ value }) => value));
  const half = watch.rss.filter(isSecondHalf);
  const delays = watch.looks.map(({ at, loopDelayMs }) => ({ at, value: loopDelayMs }));
  const slope = (slopeOf(half) * SLOPE_SECONDS) / mean(half.map(({ value }) => value));
  sheet.table('What the daemon says of itself', LOOK_COLUMNS, someOf(watch.looks).map(lookRow));
  sheet.table(
    'Over the second half of the load',
    ['', 'mean', 'most', 'slope in ten minutes, of the mean'],
    [
      upkeepRow('RSS', half, bytes),
      upkeepRow('descriptors', watch.descriptors.filter(isSecondHalf), number),
      upkeepRow('disk', watch.disk.filter(isSecondHalf), bytes),
      upkeepRow('loop delay p99', delays.filter(isSecondHalf), ms),
    ],
  );
  sheet.remark(
    `Anonymous memory of the daemon and its children over time; the load begins at ${Math.round(fromSeconds)} s and ends at ${Math.round(loadSeconds)} s.\n\n\`\`\`text\n${plot(watch.anon, bytes)}\n\`\`\``,
  );
  sheet.goal(
    'most anonymous memory',
    `<= ${bytes(GOAL_ANON_BYTES)}`,
    bytes(peak),
    peak <= GOAL_ANON_BYTES,
  );
  sheet.goal(
    'slope of RSS over the second half of the load, of its mean in ten minutes',
    `< ${GOAL_SLOPE * 100} %`,
    `${(slope * 100).toFixed(2)} %`,
    slope < GOAL_SLOPE,
  );
  const liveAtEnd = watch.looks.at(-1)?.liveSessions ?? 0;
  sheet.goal(
    `anonymous memory ${plan.quietMs / 1_000} s after it, ${liveAtEnd} sessions live, to a fresh daemon's ${bytes(fresh)}`,
    `<= ${GOAL_LEFT}`,
    `${(left / fresh).toFixed(2)} (${bytes(left)})`,
    left <= GOAL_LEFT * fresh,
  );
  const live = watch.looks.filter(isLoad).map(({ liveSessions }) => liveSessions);
  const most = Math.max(0, ...live);
  sheet.check(
    'as many sessions in memory as meant',
    most > plan.cached * 0.9 && most <= plan.cached * 1.1,
    number(most),
  );
};

/** Of what is to be flat: a leak is a slope. */
const upkeepRow = (
  name: string,
  points: readonly Point[],
  write: (value: number) => string,
): string[] => {
  if (points.length === 0) return [name, '-', '-', '-'];
  const values = points.map(({ value }) => value);
  const slope = ((slopeOf(points) * SLOPE_SECONDS) / mean(values)) * 100;
  return [name, write(mean(values)), write(Math.max(0, ...values)), `${slope.toFixed(2)} %`];
};

const LOOK_COLUMNS = ['at', 'live', 'liveBytes', 'array buffers', 'heap used', 'heap'];
const lookRow = (look: Look): string[] => [
  ...[`${Math.round(look.at)} s`, number(look.liveSessions), bytes(look.liveBytes)],
  ...[look.arrayBuffers, look.heapUsed, look.heapTotal].map(bytes),
];

/** At most a dozen, the last among them. */
const someOf = <T>(all: readonly T[]): readonly T[] => {
  const step = Math.max(1, Math.ceil(all.length / 12));
  return all.filter((_, at) => (all.length - 1 - at) % step === 0);
};
