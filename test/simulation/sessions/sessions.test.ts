/**
 * Sessions under the real supervisors, from seeds: over a journal in memory, with an executor that follows a script.
 * `GREENROOM_SEED=n` plays that one alone and shows its course, `GREENROOM_LATE=1` with late reads; `GREENROOM_FULL=1`
 * plays many more.
 */
import { expect, test } from 'vitest';
import type { StoredJournal } from '../../../src/storage/journal/stored-journal.ts';
import { add, type Counters, tooRare } from '../counters.ts';
import type { Mistakes } from './daemon.ts';
import { type Outcome, play } from './play.ts';

const { GREENROOM_SEED: only, GREENROOM_FULL } = process.env;
const SEEDS = GREENROOM_FULL === '1' ? 20_000 : 300;
const LATE_SEEDS = SEEDS / 3;
const TIMEOUT_MS = GREENROOM_FULL === '1' ? 3_600_000 : 600_000;
const TOLD = 3;

/** What has to happen in 2,000 seeds, and how often at the least. */
const REQUIRED = {
  'daemon died': 4_000,
  'journal crashed': 3_000,
  'supervisor crashed': 3_000,
  'executor crashed': 3_000,
  'session crashed': 7_000,
  'sick session': 1_200,
  'slow disk': 8_000,
  'step lost with its executor': 5_000,
  'step postponed': 5_000,
  'turn accepted': 20_000,
  'turn completed': 18_000,
  'turn failed': 3_000,
  'turn cancelled': 500,
  'turn interrupted': 300,
  'turn known': 1_500,
  'turn sent again': 4_000,
  'turn refused: unavailable': 15_000,
};

test.skipIf(only !== undefined).each([
  ['', SEEDS, {}],
  [' though reads come late', LATE_SEEDS, { areReadsLate: true }],
] as const)(
  'seeds keep what is promised of sessions%s: %i of them',
  { timeout: TIMEOUT_MS },
  async (_, seeds, conditions) => {
    const counters: Counters = new Map();
    const broken: string[] = [];
    for (let seed = 1; seed <= seeds && broken.length < TOLD; seed++) {
      const outcome = await play(seed, conditions);
      add(counters, outcome.counters);
      if (outcome.violations.length > 0) broken.push(inWords(outcome, conditions));
    }
    expect(broken).toEqual([]);
    expect(tooRare(counters, seeds, REQUIRED)).toEqual([]);
  },
);

test.skipIf(only === undefined)(
  `the seed ${only} keeps what is promised of sessions`,
  { timeout: TIMEOUT_MS },
  async () => {
    const outcome = await play(Number(only), {
      areReadsLate: process.env['GREENROOM_LATE'] === '1',
    });
    console.log([...outcome.tail, ...outcome.counters].join('\n'));
    expect(outcome.violations).toEqual([]);
  },
);

test('the same seed takes the same course', async () => {
  for (const seed of [1, 2, 3]) expect((await play(seed)).hash).toBe((await play(seed)).hash);
});

/** A journal whose commits are answered before they are on the disk. */
const hasty = (journal: StoredJournal): StoredJournal =>
  new Proxy(journal, {
    get: (target, name) => {
      if (name === 'commit')
        return async (change: Parameters<StoredJournal['commit']>[0]) => {
          target.commit(change).catch(() => undefined);
        };
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

const mistakes: readonly (readonly [string, Mistakes, RegExp])[] = [
  ['answers before its commit', { journal: hasty }, /was accepted and is lost/],
  [
    'wakes nobody after a crash',
    { sessions: (sessions) => void Object.assign(sessions, { wake: async () => undefined }) },
    /is running for ever/,
  ],
];

test.each(mistakes)(
  'a daemon that %s is found',
  { timeout: TIMEOUT_MS },
  async (_, wrong, found) => {
    const said: string[] = [];
    for (let seed = 1; seed <= 50 && !said.some((each) => found.test(each)); seed++) {
      const told = await play(seed, wrong).then(
        ({ violations }) => violations,
        (error: unknown) => [String(error)],
      );
      said.push(...told);
    }
    expect(said.some((each) => found.test(each)) || said).toBe(true);
  },
);

const inWords = (
  { seed, violations, tail }: Outcome,
  { areReadsLate = false }: Mistakes,
): string => {
  const late = areReadsLate ? 'GREENROOM_LATE=1 ' : '';
  const command = `${late}GREENROOM_SEED=${seed} npx vitest run test/simulation/sessions`;
  return [command, ...violations, ...tail.slice(-30)].join('\n');
};
