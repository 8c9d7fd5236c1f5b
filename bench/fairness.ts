/**
 * Does a tenant with thousands of turns hold up another one's? One tenant has a few turns under way: by itself, then
 * beside another tenant that has thousands under way, all with a model that takes its time. Beside it the same daemon
 * without an order: as many calls at a time as there are, first come, first served behind full threads.
 */
import { setTimeout } from 'node:timers/promises';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { ms, number, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { type Client, Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import type { AskLoad, Load } from './programs/client.ts';

interface Plan {
  /** Turns of the other tenant that are under way at a time, each in a session of its own. */
  readonly many: number;
  readonly maxMs: number;
  /** Model calls at a time. */
  readonly calls: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { many: 300, maxMs: 3_000, calls: 16 },
    normal: { many: 2_000, maxMs: 25_000, calls: 64 },
    full: { many: 10_000, maxMs: 60_000, calls: 128 },
  });

const MODEL_MS = 1_000;
/** Turns of the tenant that is looked at: under way at a time, each in a session of its own. */
const FEW = 4;
const GOAL = 2;
const NO_ORDER = 1_000_000;
/** The many come by the hundreds: a daemon takes 1,000 requests at once, and each is taken within milliseconds. */
const CROWD = 200;
const CROWD_MS = 500;

export const fairness: Bench = {
  name: 'fairness',
  question: "Does a tenant with many turns hold up another one's?",
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

interface Seen {
  readonly alone: Load;
  readonly beside: Load;
  readonly many: { readonly turns: number; readonly perSecond: number };
}

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const plan = planOf(settings);
  const sheet = new Sheet();
  describeMachine(sheet, settings.scratch);
  sheet.configure('model', `answers after ${MODEL_MS} ms`);
  sheet.configure('model calls at a time', plan.calls);
  sheet.configure('turns of the other tenant under way', number(plan.many));
  const fair = await seen(scene, settings, plan, 'fair', plan.calls);
  const unordered = await seen(scene, settings, plan, 'unordered', NO_ORDER);
  const row = (label: string, { alone, beside, many }: Seen) => [
    label,
    ...[ms(alone.p50Ms), ms(alone.p99Ms), ms(beside.p50Ms), ms(beside.p99Ms)],
    ...[number(beside.count), number(many.perSecond)],
  ];
  const columns = ['', 'alone p50', 'p99', 'beside p50', 'p99', 'turns', "the other's turns/s"];
  sheet.table(`${FEW} turns at a time of a tenant`, columns, [
    row('tenants take turns', fair),
    row('first come, first served', unordered),
  ]);
  const ratio = fair.beside.p99Ms / fair.alone.p99Ms;
  sheet.goal('p99 beside the other tenant, of alone', `<= ${GOAL}`, times(ratio), ratio <= GOAL);
  const isFull = fair.many.turns >= plan.calls;
  sheet.check('the other tenant had its turns', isFull, number(fair.many.turns));
  return sheet;
};

const seen = async (
  scene: Scene,
  settings: Settings,
  { many, maxMs }: Plan,
  prefix: string,
  concurrentCalls: number,
): Promise<Seen> => {
  const modelUrl = await scene.rehearsal();
  // Without an order calls wait behind this thread, which makes 256 at a time.
  const daemon = await scene.daemon({ prefix, modelUrl, workers: 1, concurrentCalls });
  const [few, other] = [await scene.client(), await scene.client()];
  const load = (tenant: string, inFlight: number, name = 's'): AskLoad => ({
    ...{ prefix, tenant, sessions: { name, count: inFlight }, inFlight },
    ...{ prompt: `Go on. [[rehearse: text="done" wait-ms=${MODEL_MS}]]`, maxMs },
    maxCount: 1_000_000,
  });
  const ask = (client: Client, wanted: AskLoad) => client.call('ask', wanted);
  await ask(few, { ...load('few', FEW), maxCount: FEW });
  settings.say(`  ${prefix}: alone`);
  const alone = await ask(few, load('few', FEW));
  settings.say(`  ${prefix}: beside ${number(many)} of another tenant`);
  const crowds = Array.from({ length: Math.ceil(many / CROWD) }, async (_, at) => {
    await setTimeout(at * CROWD_MS);
    return ask(other, load('many', Math.min(CROWD, many - at * CROWD), `crowd-${at}`));
  });
  await setTimeout(crowds.length * CROWD_MS);
  const beside = await ask(few, { ...load('few', FEW), maxMs: maxMs * 0.6 });
  const all = await Promise.all(crowds);
  await daemon.call('close', null);
  const sum = (of: (load: Load) => number) => all.reduce((total, each) => total + of(each), 0);
  return {
    alone,
    beside,
    many: { turns: sum((it) => it.total), perSecond: sum((it) => it.perSecond) },
  };
};
