/**
 * Does a long history make a turn slow to start? From the acceptance of a turn to the first byte of
 * its model request, with ten messages behind it and with ten thousand, less what the sending of the
 * larger body takes by itself. And what of a history goes between threads.
 */
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { bytes, number, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { Quiet } from './harness/quiet.ts';
import { programUrl } from './harness/remote.ts';
import { Rounds } from './harness/rounds.ts';
import { type Daemon, Scene } from './harness/scene.ts';
import { Sheet } from './harness/sheet.ts';
import type { Moved } from './programs/moved-bytes.ts';

const SMALL = 10;
const LARGE = 10_000;
const GROUP = 1_000;
const PROMPT = 'And now?';
const WORKERS = 2;

interface Plan {
  readonly turns: number;
  readonly wakings: number;
  /** How long to wait for a quiet machine, in all. */
  readonly patienceMs: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { turns: 8, wakings: 2, patienceMs: 0 },
    normal: { turns: 60, wakings: 10, patienceMs: 25_000 },
    full: { turns: 300, wakings: 30, patienceMs: 120_000 },
  });

/** Messages as people and models write them: a few hundred bytes each. */
const messages = (count: number): object[] =>
  Array.from({ length: count }, (_, at) => ({
    role: at % 2 === 0 ? 'user' : 'assistant',
    content: `${at}: ${'a line of what was said before, '.repeat(6)}and so on.`,
  }));

/** Microseconds from the durable acceptance (or from the start of sending) to the request's first and last byte. */
interface Start {
  readonly firstUs: number;
  readonly lastUs: number;
  readonly bytes: number;
}

export const history: Bench = {
  name: 'history',
  question: 'Does a long history make a turn slow to start?',
  run: (settings) => Scene.with(settings, (scene) => play(scene, settings)),
};

const play = async (scene: Scene, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const plan = planOf(settings);
  describeMachine(sheet, settings.scratch);
  sheet.configure(
    'sessions',
    `${SMALL} and ${number(LARGE)} messages; ${plan.turns} turns each, taking turns; compaction off`,
  );
  sheet.configure('pools', `${WORKERS} models threads, the real SDK; asked from within, no broker`);
  const quiet = new Quiet(plan.patienceMs, () => scene.pids);
  const starts = await measureLive(scene, plan, settings, quiet);
  quiet.describe(sheet);
  await measureWoken(scene, plan, starts, settings);
  report(sheet, starts);
  reportMoved(sheet, await measureMoved(scene, settings));
  return sheet;
};

type Rival = readonly [name: string, start: () => Promise<Start>];

/** Sessions that are awake. Each small one is used for few turns, so that it stays small. */
const measureLive = async (
  scene: Scene,
  { turns }: Plan,
  { say }: Settings,
  quiet: Quiet,
): Promise<Rounds<Start>> => {
  say('  live sessions');
  const model = scene.modelServer();
  const url = await model.call('open', null);
  const daemon = await scene.daemon({
    prefix: 'live',
    bus: false,
    modelUrl: url,
    workers: WORKERS,
  });
  const starts = new Rounds<Start>();
  const turn = async (sessionId: string): Promise<Start> => {
    const { acceptedUs } = await daemon.call('turn', { sessionId, prompt: PROMPT });
    return since(acceptedUs, await model.call('last', null));
  };
  const sender = scene.bareSender();
  const bare = async (name: string): Promise<Start> => {
    const startedUs = await sender.call('send', { name, url });
    return since(startedUs, await model.call('last', null));
  };
  await grow(daemon, 'large', LARGE);
  await model.call('keep', true);
  for (const [name, sessionId] of [
    ['small', 'small-0'],
    ['large', 'large-0'],
  ] as const) {
    if (name === 'small') await grow(daemon, 'small', SMALL);
    await turn(sessionId);
    await sender.call('learn', { name, body: await model.call('lastBody', null) });
  }
  await model.call('keep', false);
  for (let at = 0; at < turns; at++) {
    const small = `small${at - (at % TURNS_OF_SMALL)}`;
    if (at % TURNS_OF_SMALL === 0) {
      await grow(daemon, small, SMALL - 2);
      await turn(`${small}-0`);
    }
    await quiet.round(async () => {
      await turn('large-0'); // a processor that slept is slow at first, and that is nobody's fault
      const rivals: readonly Rival[] = [
        ['small', () => turn(`${small}-0`)],
        ['bare small', () => bare('small')],
        ['large', () => turn('large-0')],
        ['bare large', () => bare('large')],
      ];
      for (const [name, start] of at % 2 === 0 ? rivals : rivals.toReversed())
        starts.add(name, await start());
    });
  }
  await daemon.call('close', null);
  return starts;
};
const TURNS_OF_SMALL = 3;

const since = (startUs: number, arrival: Start): Start => ({
  firstUs: arrival.firstUs - startUs,
  lastUs: arrival.lastUs - startUs,
  bytes: arrival.bytes,
});

const grow = async (daemon: Daemon, name: string, count: number): Promise<void> => {
  const limits = { inFlight: 1, maxCount: 1, maxMs: 60_000 };
  await daemon.call('create', { ...limits, name, settings: {} });
  const groups = Math.ceil(count / GROUP);
  await daemon.call('append', {
    ...limits,
    name,
    groups,
    messages: messages(Math.min(count, GROUP)),
  });
};

/** Sessions that sleep: a cache for one session makes each turn wake the other one. */
const measureWoken = async (
  scene: Scene,
  { wakings }: Plan,
  starts: Rounds<Start>,
  { say }: Settings,
): Promise<void> => {
  say('  woken sessions');
  const model = scene.modelServer();
  const modelUrl = await model.call('open', null);
  const options = { prefix: 'woken', bus: false, modelUrl, workers: WORKERS, cacheSessions: 1 };
  const daemon = await scene.daemon(options);
  await grow(daemon, 'small', SMALL);
  await grow(daemon, 'large', LARGE);
  for (let at = 0; at <= wakings; at++)
    for (const name of ['small', 'large']) {
      const { acceptedUs } = await daemon.call('turn', { sessionId: `${name}-0`, prompt: PROMPT });
      const start = since(acceptedUs, await model.call('last', null));
      if (at > 0) starts.add(`woken ${name}`, start);
    }
  await daemon.call('close', null);
};

const report = (sheet: Sheet, starts: Rounds<Start>): void => {
  const first = (name: string) => starts.median(name, ({ firstUs }) => firstUs);
  const rows = ['small', 'large', 'bare small', 'bare large', 'woken small', 'woken large'].map(
    (name) => [
      LABELS[name] ?? name,
      bytes(starts.median(name, (it) => it.bytes)),
      number(first(name) / 1000),
      number(starts.median(name, ({ lastUs }) => lastUs) / 1000),
    ],
  );
  sheet.table(
    'From acceptance to the model request (medians)',
    ['turn', 'body', 'first byte ms', 'last byte ms'],
    rows,
  );
  const sending = first('bare large') - first('bare small');
  const ratio = (first('large') - Math.max(0, sending)) / first('small');
  sheet.goal(
    `first byte with ${number(LARGE)} messages, of that with ${SMALL}, less the sending`,
    '<= 1.20',
    times(ratio),
    ratio <= 1.2,
  );
  const bodies =
    starts.median('large', (it) => it.bytes) / starts.median('small', (it) => it.bytes);
  sheet.check(
    'the long history was sent whole',
    bodies > LARGE / SMALL / 2,
    `${number(bodies)} times the bytes`,
  );
};

const LABELS: Readonly<Record<string, string>> = {
  small: `live, ${SMALL} messages`,
  large: `live, ${number(LARGE)} messages`,
  'bare small': 'a bare client sending the small body',
  'bare large': 'a bare client sending the large body',
  'woken small': `woken, ${SMALL} messages`,
  'woken large': `woken, ${number(LARGE)} messages`,
};

const COUNTED = 5;

const measureMoved = async (
  scene: Scene,
  { say }: Settings,
): Promise<Readonly<Record<'small' | 'large', Moved>>> => {
  say('  bytes between threads');
  const modelUrl = await scene.modelServer().call('open', null);
  const options = { prefix: 'moved', bus: false, modelUrl, workers: 1 };
  const daemon = await scene.daemon(options, ['--import', programUrl('count-moved')]);
  const movedBy = async (name: string, count: number): Promise<Moved> => {
    await grow(daemon, name, count);
    await daemon.call('turn', { sessionId: `${name}-0`, prompt: PROMPT });
    const before = await daemon.call('moved', null);
    for (let at = 0; at < COUNTED; at++)
      await daemon.call('turn', { sessionId: `${name}-0`, prompt: PROMPT });
    return perTurn(before, await daemon.call('moved', null));
  };
  const small = await movedBy('small', SMALL);
  const large = await movedBy('large', LARGE);
  await daemon.call('close', null);
  return { small, large };
};

const perTurn = (before: Moved, after: Moved): Moved => {
  const each = (name: keyof Moved) => (after[name] - before[name]) / COUNTED;
  return {
    messages: each('messages'),
    copiedBytes: each('copiedBytes'),
    transferredBytes: each('transferredBytes'),
    sharedBytes: each('sharedBytes'),
    parsedChars: each('parsedChars'),
  };
};

const reportMoved = (sheet: Sheet, moved: Readonly<Record<'small' | 'large', Moved>>): void => {
  const row = (name: 'small' | 'large') => {
    const it = moved[name];
    const sizes = [it.copiedBytes, it.transferredBytes, it.sharedBytes, it.parsedChars].map(bytes);
    return [LABELS[name] ?? name, number(it.messages), ...sizes];
  };
  sheet.table(
    'Between threads, per turn of one step (both ways, the writer of the journal included)',
    ['turn', 'messages', 'copied', 'handed over', 'shared', 'JSON parsed by the main thread'],
    [row('small'), row('large')],
  );
  const more = moved.large.copiedBytes / moved.small.copiedBytes;
  sheet.goal(
    'bytes copied between threads, long history of short',
    '<= 1.10',
    times(more),
    more <= 1.1,
  );
  const parsed = moved.large.parsedChars - moved.small.parsedChars;
  sheet.goal(
    'JSON parsed on the main thread for the long history',
    'none',
    bytes(parsed),
    parsed <= 0,
  );
};
