/**
 * What does HTTP cost beside NATS, and beside nothing? In one run, over the same daemon and broker:
 *
 * 1. `get`, `tag` and a search for ten of a hundred sessions, at 1 and 100 in flight: over HTTP, over NATS, and from a bare
 *    `node:http` that gives as many bytes to each request;
 * 2. turns with a model that answers at once, as a stream over HTTP and over NATS;
 * 3. the daemon's loop while 1,000 readers hear the events of 100 sessions whose turns run.
 */
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { ms, number, spread, times } from './harness/figures.ts';
import type { Measured } from './harness/loop.ts';
import { describeMachine } from './harness/machine.ts';
import { CPU_COLUMNS, type Rate, rated } from './harness/rated.ts';
import { Rounds } from './harness/rounds.ts';
import { Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';

const GOAL_OF_BARE = 0.6;
const GOAL_OF_NATS = 0.8;
const GOAL_DELAY_MS = 50;
const WORKERS = 2;
const SESSIONS = 100;
const MAX_COUNT = 100_000;
const LISTENED_IN_FLIGHT = 10;
const PROMPT = 'Say something short, please.';

const planOf = (settings: Settings) =>
  bySize(settings, {
    smoke: { rounds: 1, maxMs: 300, readers: 50, listenMs: 1_000 },
    normal: { rounds: 7, maxMs: 700, readers: 1_000, listenMs: 10_000 },
    full: { rounds: 21, maxMs: 1_500, readers: 1_000, listenMs: 60_000 },
  });

export const http: Bench = {
  name: 'http',
  question: 'What does HTTP cost beside NATS?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

interface Work {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly verb: string;
  readonly body: string;
  /** The verb is one on sessions, not of a single one. */
  readonly isOfAll?: boolean;
}

const FOUND = 10;

const WORKS: readonly Work[] = [
  { name: 'get', method: 'GET', path: '/v1/sessions/session-{n}', verb: 'get', body: '{}' },
  {
    ...{ name: 'tag', method: 'POST', path: '/v1/sessions/session-{n}/tags' },
    ...{ verb: 'tag', body: '{"tags":["bench"]}' },
  },
  {
    ...{ name: 'search', method: 'GET', path: `/v1/sessions?q=tag:bench&limit=${FOUND}` },
    ...{ verb: 'search', body: `{"q":"tag:bench","limit":${FOUND}}`, isOfAll: true },
  },
];

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const plan = planOf(settings);
  const broker = await scene.broker();
  describeMachine(sheet, settings.scratch);
  sheet.configure('broker', `nats-server ${broker.version}, in a process of its own`);
  sheet.configure('load', `${SESSIONS} sessions; ${plan.rounds} rounds of ${plan.maxMs} ms each`);
  const daemon = await scene.daemon({
    ...{ prefix: 'ours', modelUrl: 'http://127.0.0.1:9', workerFile: 'instant-worker' },
    ...{ workers: WORKERS, servesHttp: true },
  });
  const place = await daemon.call('http', null);
  const asker = scene.httpClient();
  const nats = await scene.client();
  await daemon.call('create', {
    ...{ name: 'session', settings: { tags: ['bench'] } },
    ...{ inFlight: 10, maxCount: SESSIONS, maxMs: 60_000 },
  });
  const rounds = new Rounds<Measured>();
  const costs = new Rounds<Rate>();
  const of = { daemon: daemon.pid, broker: broker.pid };
  const bare = new Map<string, string>();
  for (const work of WORKS) bare.set(work.name, await bareFor(scene, asker, place, work));
  for (let round = 0; round < plan.rounds; round += 1) {
    settings.say(`  round ${round + 1} of ${plan.rounds}`);
    for (const inFlight of [1, 100]) {
      const limits = { inFlight, maxCount: MAX_COUNT, maxMs: plan.maxMs };
      for (const { name, method, path, verb, body, isOfAll = false } of WORKS) {
        const of = `${name} at ${inFlight}`;
        const sent = method === 'POST' ? { body } : {};
        const load = { ...limits, method, path, sessions: SESSIONS, ...sent };
        rounds.add(`${of}, HTTP`, await asker.call('load', { ...load, ...place }));
        const subject = `ours.v1.default.sessions.${verb}`;
        const asked = { ...limits, prefix: 'ours', verb, body, name: 'session' };
        const overNats = isOfAll
          ? nats.call('requestOf', { ...limits, subject, body })
          : nats.call('request', { ...asked, sessions: SESSIONS });
        rounds.add(`${of}, NATS`, await overNats);
        rounds.add(`${of}, bare`, await asker.call('load', { ...load, url: bare.get(name) ?? '' }));
      }
      const turns = { ...limits, sessions: SESSIONS };
      const asked = {
        HTTP: await rated({ ...of, asker: asker.pid }, () =>
          asker.call('load', {
            ...{ ...turns, ...place, method: 'POST', path: '/v1/sessions/session-{n}/turns' },
            ...{ body: JSON.stringify({ prompt: PROMPT }), isStream: true },
          }),
        ),
        NATS: await rated({ ...of, asker: nats.pid }, () =>
          nats.call('ask', {
            ...{ ...limits, prefix: 'ours', prompt: PROMPT },
            sessions: { name: 'session', count: SESSIONS },
          }),
        ),
      };
      for (const by of ['HTTP', 'NATS'] as const) {
        rounds.add(`turn at ${inFlight}, ${by}`, asked[by]);
        costs.add(`turn at ${inFlight}, ${by}`, asked[by]);
      }
    }
  }
  report(sheet, rounds);
  reportCosts(sheet, costs);
  await listened(sheet, scene, daemon, place, plan);
  await daemon.call('close', null);
  return sheet;
};

type Asker = ReturnType<Scene['httpClient']>;
type Daemon = Awaited<ReturnType<Scene['daemon']>>;
interface Place {
  readonly url: string;
  readonly token: string;
}

/** It gives as many bytes as ours does. */
const bareFor = async (
  scene: Scene,
  asker: Asker,
  place: Place,
  { method, path, body }: Work,
): Promise<string> => {
  const { bytes } = await asker.call('load', {
    ...{ ...place, method, path, sessions: SESSIONS, ...(method === 'POST' ? { body } : {}) },
    ...{ inFlight: 1, maxCount: 1, maxMs: 10_000 },
  });
  return scene.bareHttp().call('open', { bytes });
};

const perSecond = ({ perSecond: rate }: Measured): number => rate;

const report = (sheet: Sheet, rounds: Rounds<Measured>): void => {
  const rows = [...WORKS.map(({ name }) => name), 'turn'].flatMap((name) =>
    [1, 100].map((inFlight) => {
      const of = `${name} at ${inFlight}`;
      const hasFloor = name !== 'turn';
      return [
        of,
        number(rounds.median(`${of}, HTTP`, perSecond)),
        number(rounds.median(`${of}, NATS`, perSecond)),
        hasFloor ? number(rounds.median(`${of}, bare`, perSecond)) : '',
        hasFloor ? spread(rounds.ratios(`${of}, HTTP`, `${of}, bare`, perSecond)) : '',
        spread(rounds.ratios(`${of}, HTTP`, `${of}, NATS`, perSecond)),
        ms(rounds.median(`${of}, HTTP`, ({ p99Ms }) => p99Ms)),
      ];
    }),
  );
  sheet.table(
    'Requests a second',
    ['', 'HTTP', 'NATS', 'bare node:http', 'of bare', 'of NATS', 'HTTP p99'],
    rows,
  );
  const ofBare = rounds.ratio('get at 100, HTTP', 'get at 100, bare', perSecond);
  sheet.goal(
    'get at 100, of a bare node:http',
    `>= ${times(GOAL_OF_BARE)}`,
    times(ofBare),
    ofBare >= GOAL_OF_BARE,
  );
  const ofNats = rounds.ratio('turn at 100, HTTP', 'turn at 100, NATS', perSecond);
  sheet.goal(
    'turns at 100, of those over NATS',
    `>= ${times(GOAL_OF_NATS)}`,
    times(ofNats),
    ofNats >= GOAL_OF_NATS,
  );
};

const reportCosts = (sheet: Sheet, costs: Rounds<Rate>): void =>
  sheet.table(
    'CPU of a turn, in milliseconds',
    ['', 'of the daemon', 'of who asks', 'of the broker'],
    [1, 100].flatMap((inFlight) =>
      ['HTTP', 'NATS'].map((by) => {
        const name = `turn at ${inFlight}, ${by}`;
        return [name, ...CPU_COLUMNS.map((each) => number(costs.median(name, each)))];
      }),
    ),
  );

const listened = async (
  sheet: Sheet,
  scene: Scene,
  daemon: Daemon,
  place: Place,
  { readers, listenMs }: ReturnType<typeof planOf>,
): Promise<void> => {
  const reader = scene.httpClient();
  const load = { inFlight: LISTENED_IN_FLIGHT, maxCount: MAX_COUNT, maxMs: listenMs };
  const run = async () => {
    await daemon.call('watchLoop', null);
    const { perSecond: rate } = await daemon.call('turns', {
      ...{ ...load, name: 'session', sessions: SESSIONS, prompt: PROMPT },
    });
    return { rate, ...(await daemon.call('loopDelay', null)) };
  };
  const alone = await run();
  await reader.call('read', { ...place, readers, sessions: SESSIONS });
  const heardBy = await run();
  const bytes = await reader.call('heard', null);
  sheet.table(
    'The loop of the daemon while turns run',
    ['readers', 'turns a second', 'late p50', 'late p99', 'late at most'],
    [
      ['0', number(alone.rate), ms(alone.p50Ms), ms(alone.p99Ms), ms(alone.maxMs)],
      [
        number(readers),
        ...[number(heardBy.rate), ms(heardBy.p50Ms), ms(heardBy.p99Ms), ms(heardBy.maxMs)],
      ],
    ],
  );
  sheet.check('the readers hear', bytes > 0, `${number(bytes)} bytes`);
  sheet.goal(
    `loop delay p99 with ${number(readers)} readers`,
    `<= ${ms(GOAL_DELAY_MS)}`,
    ms(heardBy.p99Ms),
    heardBy.p99Ms <= GOAL_DELAY_MS,
  );
};
