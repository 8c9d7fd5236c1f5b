/**
 * How fast is text taken in and found, and what does that cost the commits beside it? The floor is FTS5 alone, in the
 * same run. Queries are asked from within and give the newest 50 sessions, each with its best message and a snippet.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Greenroom, startGreenroom } from '../src/index.ts';
import { createLog } from '../src/platform/log.ts';
import { textIndexName } from '../src/session/ports/text-index.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { bytes, ms, number, quantile, spread, times } from './harness/figures.ts';
import { describeMachine } from './harness/machine.ts';
import { Rounds } from './harness/rounds.ts';
import { Sheet } from './harness/sheet.ts';
import { BareFts } from './text/floor.ts';
import { Language } from './text/words.ts';

const SEED = 7;
const MESSAGE_BYTES = 1_500;
const PER_SESSION = 100;
const PER_REQUEST = 50;
const RATE_GOAL = 5;
const P50_GOAL_MS = 3;
const P99_GOAL_MS = 50;
/** Commits of one round, and how many are in flight. */
const IN_FLIGHT = 50;
const LOOK_MS = 10;
const PATIENCE_MS = 900_000;

interface Plan {
  readonly messages: number;
  readonly asks: number;
  readonly rounds: number;
  readonly commits: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { messages: 2_000, asks: 20, rounds: 2, commits: 200 },
    normal: { messages: 20_000, asks: 200, rounds: 7, commits: 1_000 },
    full: { messages: 100_000, asks: 400, rounds: 15, commits: 2_000 },
  });

export const text: Bench = {
  name: 'text',
  question: 'How fast is text taken in and found, and what does it cost the commits beside it?',
  run: async (settings) => {
    const sheet = new Sheet();
    const plan = planOf(settings);
    describeMachine(sheet, settings.scratch);
    sheet.configure(
      'texts',
      `${number(plan.messages)} messages of ${number(MESSAGE_BYTES)} bytes, ${PER_SESSION} a session; 60,000 words by Zipf`,
    );
    const dataDir = join(settings.scratch, 'text');
    const texts = await filled(dataDir, plan, settings);
    await takeIn(dataDir, texts, plan, sheet, settings);
    await besideCommits(plan, sheet, settings);
    return sheet;
  },
};

const start = (dataDir: string, textSearch: 'off' | 'talk'): Promise<Greenroom> =>
  startGreenroom({
    ...{ dataDir, textSearch, provider: 'rehearsal', nats: false, workers: 1 },
    log: createLog({ level: 'silent' }),
  });

const filled = async (dataDir: string, plan: Plan, { say }: Settings): Promise<string[]> => {
  say('  filling the store');
  const language = new Language(SEED);
  const texts = Array.from({ length: plan.messages }, () => language.text(MESSAGE_BYTES));
  const greenroom = await start(dataDir, 'off');
  for (let at = 0; at < texts.length; at += PER_REQUEST)
    await greenroom.sessions.append(
      `s${Math.floor(at / PER_SESSION)}`,
      texts.slice(at, at + PER_REQUEST).map((content) => ({ role: 'user' as const, content })),
    );
  await greenroom.stop();
  return texts;
};

const caughtUp = async ({ system }: Greenroom): Promise<void> => {
  const untilMs = performance.now() + PATIENCE_MS;
  while (system.find(textIndexName)?.lag().textWaiting !== 0) {
    if (performance.now() > untilMs) throw new Error('the index does not catch up');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

const takeIn = async (
  dataDir: string,
  texts: readonly string[],
  plan: Plan,
  sheet: Sheet,
  { scratch, say }: Settings,
): Promise<void> => {
  say('  taking in');
  const size = texts.reduce((sum, one) => sum + one.length, 0);
  const startMs = performance.now();
  const greenroom = await start(dataDir, 'talk');
  await caughtUp(greenroom);
  const rate = size / 1_000 / (performance.now() - startMs);
  say('  the floor');
  const bare = new BareFts(join(scratch, 'bare.db'));
  const floor = size / 1_000 / bare.fill(texts);
  const fileBytes = statSync(join(dataDir, 'text', 'index.db')).size;
  sheet.table(
    'Taking in, from a start without an index',
    ['MB/s', 'FTS5 alone, MB/s', 'of the floor', 'file', 'of the text'],
    [[number(rate), number(floor), times(rate / floor), bytes(fileBytes), times(fileBytes / size)]],
  );
  sheet.goal('taken in, MB/s', `>= ${RATE_GOAL}`, number(rate), rate >= RATE_GOAL);
  say('  asking');
  await ask(greenroom, bare, plan, sheet);
  bare.close();
  await greenroom.stop();
};

const ask = async (greenroom: Greenroom, bare: BareFts, { asks }: Plan, sheet: Sheet) => {
  const language = new Language(SEED + 1);
  const word = () => language.word();
  const rare = () => language.ranked(5_000 + Math.floor(language.word().length * 37));
  const kinds: readonly (readonly [string, () => string])[] = [
    ['a word as often asked for as it is said', word],
    ['two words', () => `${word()} ${word()}`],
    ['a rare word', rare],
    ['a phrase of two', () => `"${word()} ${word()}"`],
    ['a beginning', () => `${rare().slice(0, 5)}*`],
    ['a word, not another', () => `${word()} -${rare()}`],
  ];
  const rows: string[][] = [];
  const all: number[] = [];
  for (const [what, question] of kinds) {
    const taken: number[] = [];
    const floor: number[] = [];
    let found = 0;
    for (let n = 0; n < asks; n += 1) {
      const q = question();
      const startMs = performance.now();
      found += (await greenroom.sessions.search({ q })).sessions.length;
      taken.push(performance.now() - startMs);
      floor.push(bare.ask(q.split(/[\s"*-]+/).find(Boolean) ?? ''));
    }
    all.push(...taken);
    const both = (values: readonly number[]) => {
      const sorted = Float64Array.from(values).sort();
      return `${number(quantile(sorted, 0.5))} / ${number(quantile(sorted, 0.99))}`;
    };
    rows.push([what, both(taken), both(floor), number(found / asks)]);
  }
  sheet.table(
    'Milliseconds for the newest 50 sessions, p50 / p99',
    ['asked for', 'with snippets', 'FTS5 alone, 50 rows of its first word', 'sessions'],
    rows,
  );
  const sorted = Float64Array.from(all).sort();
  const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
  sheet.goal('a query, p50', `<= ${P50_GOAL_MS} ms`, ms(p50), p50 <= P50_GOAL_MS);
  sheet.goal('a query, p99', `<= ${P99_GOAL_MS} ms`, ms(p99), p99 <= P99_GOAL_MS);
};

/** Short messages into many sessions, with the index on and off in turn. */
const besideCommits = async (plan: Plan, sheet: Sheet, { scratch, say }: Settings) => {
  say('  beside commits');
  const rounds = new Rounds<number>();
  const on = await start(join(scratch, 'on'), 'talk');
  const off = await start(join(scratch, 'off'), 'off');
  const language = new Language(SEED + 2);
  for (let round = 0; round < plan.rounds; round += 1) {
    const pair = [
      ['on', on],
      ['off', off],
    ] as const;
    for (const [name, greenroom] of round % 2 === 0 ? pair : [pair[1], pair[0]])
      rounds.add(name, await commits(greenroom, plan.commits, language.text(200)));
    await caughtUp(on);
  }
  await on.stop();
  await off.stop();
  const rate = (each: number) => each;
  const ratios = rounds.ratios('on', 'off', rate);
  sheet.table(
    `Commits of one message of 200 bytes, ${IN_FLIGHT} in flight`,
    ['a second, with the index', 'without', 'ratio', 'over the rounds'],
    [
      [
        number(rounds.median('on', rate)),
        number(rounds.median('off', rate)),
        times(rounds.ratio('on', 'off', rate)),
        spread(ratios),
      ],
    ],
  );
};

const commits = async ({ sessions }: Greenroom, count: number, content: string) => {
  const startMs = performance.now();
  let next = 0;
  const worker = async (n: number) => {
    while (next < count) {
      next += 1;
      await sessions.append(`c${n}`, [{ role: 'user', content }]);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, n) => worker(n)));
  return (count / (performance.now() - startMs)) * 1_000;
};
