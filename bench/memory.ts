/**
 * How much memory does a daemon take that knows many sessions, a tenth of them live? Looked at twice:
 * after it has made them all, and after a restart that reads what is known from disk.
 */
import { readFileSync } from 'node:fs';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { bytes, number } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { type Client, type Daemon, Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';

const GOAL_BYTES = 250 * 1024 * 1024;
const WORKERS = 2;
const PREFIX = 'memory';
const MANY = 100;

interface Plan {
  readonly known: number;
  readonly live: number;
  /** How long a daemon is left alone before it is looked at under load's end: threads that it needs no more go after 10 s. */
  readonly settleMs: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { known: 2_000, live: 400, settleMs: 500 },
    normal: { known: 20_000, live: 2_000, settleMs: 20_000 },
    full: { known: 20_000, live: 2_000, settleMs: 60_000 },
  });

const SETTINGS = {
  title: 'A session with a title of the usual length, as people give them',
  tags: ['bench', 'review', 'team-a'],
  workingDirectory: '/srv/projects/one-of-them',
};
const MESSAGES = Array.from({ length: 6 }, (_, at) => ({
  role: at % 2 === 0 ? 'user' : 'assistant',
  content: `${at}: ${'a line of what was said before, '.repeat(12)}and so on.`,
}));

export const memory: Bench = {
  name: 'memory',
  question: 'How much memory does a daemon take that knows 20,000 sessions, 2,000 of them live?',
  run: async (settings) => {
    const sheet = new Sheet();
    describe(sheet, settings);
    for (const kind of KINDS)
      await Scene.with(settings, (scene) => play(scene, sheet, settings, kind));
    return sheet;
  },
};

/** The store's pages that were read lately count as the daemon's, so what the sessions hold on disk matters. */
interface Kind {
  readonly name: string;
  readonly messages: readonly object[];
}
const KINDS: readonly Kind[] = [
  { name: 'sessions as `create` makes them', messages: [] },
  { name: `sessions of ${MESSAGES.length} messages`, messages: MESSAGES },
];

const describe = (sheet: Sheet, settings: Settings): void => {
  const plan = planOf(settings);
  describeMachine(sheet, settings.scratch);
  sheet.configure(
    'sessions',
    `${number(plan.known)} with one turn or none; at most ${number(plan.live)} live; looked at after ${plan.settleMs / 1_000} s of rest`,
  );
  sheet.configure(
    'pools',
    `at most ${WORKERS} models threads, the real SDK against the rehearsal server; broker outside`,
  );
};

const play = async (scene: Scene, sheet: Sheet, settings: Settings, kind: Kind): Promise<void> => {
  const plan = planOf(settings);
  const look = (name: string, daemon: Daemon) => stageOf(name, daemon, plan.settleMs);
  const modelUrl = await scene.rehearsal();
  const options = { prefix: PREFIX, modelUrl, workers: WORKERS, cacheSessions: plan.live };
  const client = await scene.client();
  const stages: Stage[] = [];
  const first = await scene.daemon(options);
  stages.push(await look('started, empty', first));
  settings.say(`  making ${kind.name}`);
  await make(first, plan, kind);
  stages.push(await look(`${number(plan.known)} made`, first));
  settings.say('  turns');
  await wake(client, plan);
  stages.push(await look(`${number(plan.live)} live after a turn each`, first));
  await first.call('close', null);
  await first.end();
  settings.say('  restarting');
  const second = await scene.daemon(options);
  stages.push(await look('restarted', second));
  await wake(client, plan);
  stages.push(await look(`restarted, ${number(plan.live)} live after a turn each`, second));
  await second.call('close', null);
  report(sheet, stages, plan, kind);
};

const make = async (daemon: Daemon, { known }: Plan, { messages }: Kind): Promise<void> => {
  const limits = { inFlight: MANY, maxCount: known, maxMs: 300_000, name: 'session' };
  await daemon.call('create', { ...limits, settings: SETTINGS });
  if (messages.length > 0)
    await daemon.call('append', { ...limits, groups: 1, messages: [...messages] });
};

/** A turn in each of the first so many sessions: most of them have been asleep. */
const wake = (client: Client, { live }: Plan) =>
  client.call('ask', {
    ...{ prefix: PREFIX, prompt: 'And now?', sessions: { name: 'session', count: live } },
    ...{ inFlight: MANY, maxCount: live, maxMs: 300_000 },
  });

interface Stage {
  readonly name: string;
  readonly known: number;
  readonly live: number;
  readonly rssBytes: number;
  readonly anonBytes: number;
  readonly fileBytes: number;
  readonly peakBytes: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly arrayBuffers: number;
}

/** After a pause, as an operator would look; no collection is asked for. */
const stageOf = async (name: string, daemon: Daemon, settleMs: number): Promise<Stage> => {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const { memory: node, knownSessions, liveSessions } = await daemon.call('status', null);
  const kernel = ofKernel(daemon.pid);
  return {
    name,
    known: knownSessions,
    live: liveSessions,
    rssBytes: node.rss,
    anonBytes: kernel('RssAnon'),
    fileBytes: kernel('RssFile'),
    peakBytes: kernel('VmHWM'),
    heapUsed: node.heapUsed,
    heapTotal: node.heapTotal,
    arrayBuffers: node.arrayBuffers,
  };
};

/** A field of the kernel's account in bytes; NaN where there is none. */
const ofKernel = (pid: number): ((field: string) => number) => {
  const status = textOf(`/proc/${pid}/status`);
  return (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
};

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const COLUMNS = [
  'stage',
  'known',
  'live',
  'RSS',
  'of it anonymous',
  'files',
  'peak',
  'heap used',
  'heap',
  'buffers',
];

const report = (sheet: Sheet, stages: readonly Stage[], plan: Plan, { name: kind }: Kind): void => {
  const rows = stages.map((it) => [
    ...[it.name, number(it.known), number(it.live)],
    ...[it.rssBytes, it.anonBytes, it.fileBytes, it.peakBytes].map(bytes),
    ...[it.heapUsed, it.heapTotal, it.arrayBuffers].map(bytes),
  ]);
  sheet.table(
    `Memory of the daemon, ${kind} (all its threads; broker and rehearsal are other processes)`,
    COLUMNS,
    rows,
  );
  for (const { name, rssBytes, live, known } of stages.slice(2)) {
    sheet.goal(
      `${kind}: RSS, ${name}`,
      `<= ${bytes(GOAL_BYTES)}`,
      bytes(rssBytes),
      rssBytes <= GOAL_BYTES,
    );
    sheet.check(`${kind}: all are known: ${name}`, known === plan.known, number(known));
    const isLive = name === 'restarted' || (live > plan.live * 0.95 && live <= plan.live * 1.05);
    sheet.check(`${kind}: as many live as meant: ${name}`, isLive, number(live));
  }
};
