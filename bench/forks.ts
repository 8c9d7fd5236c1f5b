/**
 * What does a fork cost? Of a session with ten messages and of one with a hundred thousand, beside the
 * making of an empty session, which is the least that a new session can cost. Asked from within, one
 * after another, so a commit with its sync is in each.
 */
import { join } from 'node:path';
import { type Greenroom, startGreenroom } from '../src/index.ts';
import { createLog } from '../src/platform/log.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { number, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { Quiet } from './harness/quiet.ts';
import { Rounds } from './harness/rounds.ts';
import { Sheet } from './harness/sheet.ts';

const SMALL = 10;
const GROUP = 1_000;
const MODEL = 'http://127.0.0.1:9';

interface Plan {
  readonly large: number;
  readonly rounds: number;
  readonly each: number;
  /** How long to wait for a quiet machine, in all. */
  readonly patienceMs: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { large: 2_000, rounds: 2, each: 3, patienceMs: 0 },
    normal: { large: 100_000, rounds: 9, each: 40, patienceMs: 20_000 },
    full: { large: 100_000, rounds: 25, each: 100, patienceMs: 120_000 },
  });

interface Cost {
  readonly ms: number;
}

export const forks: Bench = {
  name: 'forks',
  question: 'What does a fork cost?',
  run: async (settings) => {
    const greenroom = await startGreenroom({
      ...{ dataDir: join(settings.scratch, 'forks'), provider: 'anthropic', workers: 1 },
      ...{ anthropicApiKey: 'none', anthropicBaseUrl: MODEL, log: createLog({ level: 'silent' }) },
    });
    try {
      return await play(greenroom, settings);
    } finally {
      await greenroom.stop();
    }
  },
};

const play = async (greenroom: Greenroom, settings: Settings): Promise<Sheet> => {
  const sheet = new Sheet();
  const plan = planOf(settings);
  describeMachine(sheet, settings.scratch);
  sheet.configure('sessions', `${SMALL} and ${number(plan.large)} messages; asked from within`);
  await grow(greenroom, 'small', SMALL);
  await grow(greenroom, 'large', plan.large);
  const costs = await measure(greenroom, plan, sheet);
  report(sheet, costs, plan);
  return sheet;
};

const grow = async ({ sessions }: Greenroom, name: string, count: number): Promise<void> => {
  for (let at = 0; at < count; at += GROUP)
    await sessions.append(
      name,
      Array.from({ length: Math.min(GROUP, count - at) }, (_, n) => ({
        role: n % 2 === 0 ? ('user' as const) : ('assistant' as const),
        content: `${at + n}: ${'a line of what was said before, '.repeat(6)}and so on.`,
      })),
    );
};

const measure = async (
  greenroom: Greenroom,
  { rounds, each, patienceMs }: Plan,
  sheet: Sheet,
): Promise<Rounds<Cost>> => {
  const { sessions } = greenroom;
  const costs = new Rounds<Cost>();
  const quiet = new Quiet(patienceMs, () => [process.pid]);
  let made = 0;
  const rivals = [
    ['empty', () => sessions.create(`empty-${made}`, { title: 'A session of the bench' })],
    ['small', () => sessions.fork('small')],
    ['large', () => sessions.fork('large')],
  ] as const;
  for (let round = 0; round < rounds; round += 1)
    await quiet.round(async () => {
      for (const [name, make] of round % 2 === 0 ? rivals : rivals.toReversed()) {
        const startMs = performance.now();
        for (let at = 0; at < each; at += 1) {
          made += 1;
          await make();
        }
        costs.add(name, { ms: (performance.now() - startMs) / each });
      }
    });
  quiet.describe(sheet);
  return costs;
};

const report = (sheet: Sheet, costs: Rounds<Cost>, { large }: Plan): void => {
  const labels = {
    empty: 'an empty session is made',
    small: `a fork of ${SMALL} messages`,
    large: `a fork of ${number(large)} messages`,
  } as const;
  const names = ['empty', 'small', 'large'] as const;
  sheet.table(
    'Milliseconds, one after another (medians over rounds)',
    ['what', 'ms', 'of an empty session'],
    names.map((name) => [
      labels[name],
      number(costs.median(name, ({ ms }) => ms)),
      times(costs.ratio(name, 'empty', ({ ms }) => ms)),
    ]),
  );
  const ratio = costs.ratio('large', 'small', ({ ms }) => ms);
  sheet.goal(
    `a fork of ${number(large)} messages, of one of ${SMALL}`,
    '<= 1.20',
    times(ratio),
    ratio <= 1.2,
  );
};
