/**
 * What does the client cost beside the embedded API, and what do many clients do to a daemon? In one run, over one broker:
 *
 * 1. turns with a model that answers at once, 100 in flight: asked through the client, from within, and as a bare echo of as
 *    many messages of as many bytes, which is the broker's share;
 * 2. 1,000 streams, and a restart of the broker in their midst;
 * 3. the daemon's loop under a small load, without listeners and with 1,000 connections that listen to a session each.
 */
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { median, ms, number, quantile, spread, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { CPU_COLUMNS, type Rate, rated } from './harness/rated.ts';
import type { Program } from './harness/remote.ts';
import { Rounds } from './harness/rounds.ts';
import { type Daemon, Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import type { ManyClientsCalls } from './programs/many-clients.ts';

const GOAL_SHARE = 0.9;
/** What can be compared on any machine: what the daemon itself works for a turn. */
const GOAL_CPU = 1.15;
const GOAL_DELAY_MS = 50;
const IN_FLIGHT = 100;
const WORKERS = 2;
const PROMPT = 'Say something short, please.';
const SESSIONS = 500;
const LISTENED_IN_FLIGHT = 10;
const LISTENED = { name: 'session', sessions: SESSIONS };

type Clients = Program<ManyClientsCalls>;

const planOf = (settings: Settings) =>
  bySize(settings, {
    smoke: { rounds: 1, maxMs: 400, streams: 50, chunks: 20, listeners: 50, listenMs: 1_000 },
    normal: {
      rounds: 9,
      maxMs: 1_000,
      streams: 1_000,
      chunks: 60,
      listeners: 1_000,
      listenMs: 15_000,
    },
    full: {
      rounds: 31,
      maxMs: 2_000,
      streams: 1_000,
      chunks: 60,
      listeners: 1_000,
      listenMs: 60_000,
    },
  });
type Plan = ReturnType<typeof planOf>;

export const clients: Bench = {
  name: 'clients',
  question: 'What does the client cost, and what do many clients do to a daemon?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const plan = planOf(settings);
  const broker = await scene.broker();
  describeMachine(sheet, settings.scratch);
  sheet.configure('broker', `nats-server ${broker.version}, in a process of its own`);
  sheet.configure(
    'turns',
    `${IN_FLIGHT} in flight over ${SESSIONS} sessions; ${plan.rounds} rounds`,
  );
  await besideEmbedded(scene, sheet, plan, settings);
  await throughRestart(scene, sheet, plan, settings);
  return sheet;
};

const instant = { modelUrl: 'http://127.0.0.1:9', workerFile: 'instant-worker', workers: WORKERS };

const besideEmbedded = async (
  scene: Scene,
  sheet: Sheet,
  plan: Plan,
  { say }: Settings,
): Promise<void> => {
  const { url } = await scene.broker();
  const daemon = await scene.daemon({ prefix: 'instant', ...instant });
  const [asking, echoing] = [scene.manyClients(), scene.manyClients()];
  await asking.call('connect', { url, prefix: 'instant' });
  const load = {
    ...{ name: 'session', sessions: SESSIONS, prompt: PROMPT },
    ...{ inFlight: IN_FLIGHT, maxCount: 100_000, maxMs: plan.maxMs },
  };
  await asking.call('turns', { ...load, maxCount: SESSIONS, maxMs: 60_000 });
  const subject = 'instant.v1.default.session.session-0.ask';
  const told = await asking.call('conversation', {
    url,
    subject,
    body: JSON.stringify({ prompt: PROMPT }),
  });
  await echoing.call('echo', { url, subject: 'echo', told });
  const pids = { daemon: daemon.pid, asker: asking.pid, broker: (await scene.broker()).pid };
  const rounds = new Rounds<Rate>();
  for (let round = 0; round < plan.rounds; round += 1) {
    say(`  beside the embedded API, round ${round + 1} of ${plan.rounds}`);
    rounds.add('embedded', await rated(pids, () => daemon.call('turns', load)));
    rounds.add('client', await rated(pids, () => asking.call('turns', load)));
    const echoed = () => asking.call('converse', { ...load, url, subject: 'echo', told });
    rounds.add('echo', await rated(pids, echoed));
  }
  reportRates(sheet, rounds, told.replyBytes);
  await listened(sheet, plan, daemon, asking, url, say);
  await daemon.call('close', null);
};

const reportRates = (sheet: Sheet, rounds: Rounds<Rate>, replyBytes: readonly number[]): void => {
  const rate = ({ perSecond }: Rate) => perSecond;
  const cpu = ({ cpuMsEach }: Rate) => cpuMsEach;
  const names = { client: 'ask through the client', embedded: 'embedded', echo: 'bare echo' };
  sheet.table(
    `A turn with an instant model, ${IN_FLIGHT} in flight`,
    ['', 'turns/s', 'spread', 'CPU ms/turn of the daemon', 'of who asks', 'of the broker'],
    Object.entries(names).map(([name, title]) => [
      ...[title, number(rounds.median(name, rate)), spread(rounds.each(name, rate))],
      ...CPU_COLUMNS.map((each) => number(rounds.median(name, each))),
    ]),
  );
  // One turn embedded and its conversation, one after the other: what they would reach on the same cores.
  const possible = rounds
    .each('embedded', rate)
    .map((embedded, at) => 1 / (1 / embedded + 1 / (rounds.each('echo', rate)[at] ?? NaN)));
  const shares = rounds.each('client', rate).map((each, at) => each / (possible[at] ?? NaN));
  const share = median(shares);
  const all = replyBytes.reduce((sum, each) => sum + each, 0);
  sheet.remark(
    `The broker's share is the echo: ${replyBytes.length} messages of ${number(all)} bytes in all come back for each request, with a bare client on both sides. Embedded less that share: 1 / (1 / ${number(rounds.median('embedded', rate))} + 1 / ${number(rounds.median('echo', rate))}) = ${number(median(possible))} turns/s. The client reaches ${number(rounds.median('client', rate))}; by the ratios of the rounds ${times(share)} (${spread(shares)}).`,
  );
  sheet.goal(
    'ask to embedded less the broker’s share',
    `>= ${GOAL_SHARE}`,
    times(share),
    share >= GOAL_SHARE,
  );
  const work = rounds.ratio('client', 'embedded', cpu);
  sheet.goal(
    'CPU of the daemon per turn, to embedded',
    `<= ${GOAL_CPU}`,
    times(work),
    work <= GOAL_CPU,
  );
};

const rest = (forMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, forMs));

const listened = async (
  sheet: Sheet,
  { listeners, listenMs }: Plan,
  daemon: Daemon,
  asking: Clients,
  url: string,
  say: (line: string) => void,
): Promise<void> => {
  const delayed = async () => {
    await daemon.call('watchLoop', null);
    const { total } = await asking.call('turns', {
      ...{ name: 'session', sessions: SESSIONS, prompt: PROMPT, maxCount: 100_000 },
      ...{ inFlight: LISTENED_IN_FLIGHT, maxMs: listenMs },
    });
    return { ...(await daemon.call('loopDelay', null)), total };
  };
  say('  the loop without listeners');
  const alone = await delayed();
  say(`  the loop with ${listeners} listeners`);
  const ears = asking; // its own connection asks, the others listen
  await ears.call('listen', { url, prefix: 'instant', count: listeners, ...LISTENED });
  const heardBy = await delayed();
  await rest(500);
  const heard = await ears.call('unlisten', null);
  sheet.table(
    `The daemon's loop, ${LISTENED_IN_FLIGHT} turns in flight`,
    ['', 'p50', 'p99', 'most', 'turns', 'events heard'],
    [
      ['no listener', ms(alone.p50Ms), ms(alone.p99Ms), ms(alone.maxMs), number(alone.total), '0'],
      [
        `${number(listeners)} connections, a subscription each`,
        ...[ms(heardBy.p50Ms), ms(heardBy.p99Ms), ms(heardBy.maxMs)],
        ...[number(heardBy.total), number(heard)],
      ],
    ],
  );
  const { p99Ms } = heardBy;
  const goal = `delay of the loop with ${number(listeners)} listeners, p99`;
  sheet.goal(goal, `<= ${ms(GOAL_DELAY_MS)}`, ms(p99Ms), p99Ms <= GOAL_DELAY_MS);
  sheet.check('every listener hears', heard >= listeners, number(heard));
};

const STREAM_DELAY_MS = 250;

const throughRestart = async (
  scene: Scene,
  sheet: Sheet,
  { streams, chunks }: Plan,
  { say }: Settings,
): Promise<void> => {
  const broker = await scene.broker();
  const [prefix, modelUrl] = ['streams', await scene.rehearsal()];
  const daemon = await scene.daemon({ prefix, modelUrl, workers: WORKERS });
  const asking = scene.manyClients();
  await asking.call('connect', { url: broker.url, prefix });
  const prompt = `[[rehearse: text="${'word by word '.repeat(20)}" chunks=${chunks} delay-ms=${STREAM_DELAY_MS}]]`;
  say(`  ${streams} streams`);
  await asking.call('stream', { count: streams, name: 'stream', prompt });
  const began = performance.now();
  while ((await asking.call('streaming', null)) < streams * 0.95) {
    if (performance.now() - began > 120_000) break;
    await rest(100);
  }
  const open = await asking.call('streaming', null);
  say('  the broker restarts');
  const restartMs = performance.now();
  await broker.restart();
  const downMs = performance.now() - restartMs;
  await asking.call('mark', null);
  const { completed, doubles, withoutAnswer, torn, attempts, backMs, failures } = await asking.call(
    'streamed',
    null,
  );
  const sorted = Float64Array.from(backMs).sort();
  sheet.configure(
    'streams',
    `${number(streams)} turns of ${chunks} deltas, ${STREAM_DELAY_MS} ms apart, by one client; ${number(open)} under way when the broker ended`,
  );
  sheet.table(
    'Streams through a restart of the broker',
    ['streams', 'broker away', 'then heard again p50', 'p99', 'last', 'completed', 'attempts'],
    [
      [
        ...[number(streams), ms(downMs), ms(quantile(sorted, 0.5)), ms(quantile(sorted, 0.99))],
        ...[ms(sorted.at(-1) ?? NaN), number(completed), number(attempts)],
      ],
    ],
  );
  sheet.check(
    'every stream ends as it should',
    completed === streams,
    `${number(completed)}${failures.length === 0 ? '' : `: ${failures.slice(0, 3).join('; ')}`}`,
  );
  sheet.check(
    'no event comes twice, and each answer comes once and whole',
    doubles + withoutAnswer === 0,
    `${doubles}, ${withoutAnswer}`,
  );
  sheet.goal('streams whose deltas are not all of their answer', '0', number(torn), torn === 0);
  await daemon.call('close', null);
};
