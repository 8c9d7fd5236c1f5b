/**
 * Do many turns that stream at once keep each other waiting? 500 of them, each with two tool calls and answers that come
 * word by word as a model's do; asked is how late the daemon's loop is. The floor is the same daemon with nothing to do.
 */
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { ms, number } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import { askDaemon } from './harness/window.ts';
import { workplaceIn } from './tools/workplace.ts';

const GOAL_MS = 50;
const WORKERS = 2;
const CHUNKS = 30;
const DELAY_MS = 100;

export const toolStreams: Bench = {
  name: 'tool-streams',
  question: 'How late is the loop of a daemon with 500 streaming turns with tools?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

const planOf = (settings: Settings) =>
  bySize(settings, {
    smoke: { inFlight: 20, turns: 20, idleMs: 200 },
    normal: { inFlight: 500, turns: 3_000, idleMs: 3_000 },
    full: { inFlight: 500, turns: 15_000, idleMs: 10_000 },
  });

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const plan = planOf(settings);
  describeMachine(sheet, settings.scratch);
  sheet.configure(
    'load',
    `${plan.inFlight} turns in flight, ${number(plan.turns)} in all; two answers of ${CHUNKS} deltas each, ${DELAY_MS} ms apart, with Read and Glob between them`,
  );
  const { session, prompt } = workplaceIn(settings);
  const daemon = await scene.daemon({
    ...{ prefix: 'streams', modelUrl: await scene.rehearsal(), workers: WORKERS },
  });
  const client = await scene.client();
  const load = {
    ...{ prefix: 'streams', session, inFlight: plan.inFlight, maxMs: 600_000 },
    prompt: prompt(`chunks=${CHUNKS} delay-ms=${DELAY_MS}`),
    sessions: { name: 'session', count: plan.inFlight },
  };
  settings.say('  warming up');
  await client.call('ask', { ...load, maxCount: plan.inFlight });
  await daemon.call('watchLoop', null);
  await new Promise((resolve) => setTimeout(resolve, plan.idleMs));
  const idle = await daemon.call('loopDelay', null);
  settings.say('  streaming');
  await daemon.call('watchLoop', null);
  const window = await askDaemon(
    client,
    daemon,
    { ...load, maxCount: plan.turns },
    settings.scratch,
  );
  const busy = await daemon.call('loopDelay', null);
  sheet.table(
    'How late the loop is',
    ['', 'p50', 'p99', 'most'],
    [
      ['nothing to do', ms(idle.p50Ms), ms(idle.p99Ms), ms(idle.maxMs)],
      [`${plan.inFlight} turns`, ms(busy.p50Ms), ms(busy.p99Ms), ms(busy.maxMs)],
    ],
  );
  const { perSecond, cpuMsEach, repliesEach } = window;
  sheet.table(
    'The turns',
    ['turns/s', 'events a turn', 'CPU ms/turn'],
    [[number(perSecond), number(repliesEach), number(cpuMsEach)]],
  );
  sheet.goal('delay of the loop, p99', `<= ${ms(GOAL_MS)}`, ms(busy.p99Ms), busy.p99Ms <= GOAL_MS);
  sheet.check('the answers were streamed', repliesEach > CHUNKS, number(repliesEach));
  await daemon.call('close', null);
  return sheet;
};
