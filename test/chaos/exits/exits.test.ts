/**
 * Every way out of a living process, at several distances from a change and under load: it ends, with the host's exit
 * code, what it acknowledged is there, and the directory opens again at once. CI goes each way a few times;
 * `GREENROOM_FULL=1` at every distance, and 200 times at a random moment.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Dice } from '../dice.ts';
import { isFull } from '../size.ts';
import { type Life, live, type Plan, wrongIn } from './lives.ts';

/** From the change to the end: before, in, and after the checkpoint that follows 20 ms of quiet. */
const DISTANCES_MS = [0, 5, 15, 25, 150];
const CYCLES = isFull() ? 200 : 20;
const LONGEST_MS = 200;
const AT_ONCE = 3;
const TIMEOUT_MS = isFull() ? 3_600_000 : 300_000;

/** Exit codes are the host's own. */
const MAIN_WAYS = {
  exit: 3,
  throw: 1,
  rejection: 1,
  signal: 4,
  'exit with a listener that throws': 3,
  kill: 'SIGKILL',
} as const;
const THREAD_WAYS = {
  exit: 3,
  throw: 1,
  'in the thread: exit': 3,
  'in the thread: throw': 1,
  kill: 'SIGKILL',
} as const;

interface Outcome {
  readonly end: Life['end'];
  readonly wrong: readonly string[];
}

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-exits-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

const played = async (plan: Omit<Plan, 'dir'>): Promise<Outcome & Life> => {
  const whole = { ...plan, dir: folder() };
  const life = await live(whole);
  const said = life.lines.some((line) => line.startsWith('ack ')) ? [] : [`silent: ${life.stderr}`];
  return { ...life, wrong: [...said, ...(await wrongIn(whole, life))] };
};

/** Some at a time: the machine has more to do than to wait. */
const playedAll = async (plans: readonly Omit<Plan, 'dir'>[]): Promise<(Outcome & Life)[]> => {
  const outcomes: (Outcome & Life)[] = [];
  for (let at = 0; at < plans.length; at += AT_ONCE)
    outcomes.push(...(await Promise.all(plans.slice(at, at + AT_ONCE).map(played))));
  return outcomes;
};

/** In CI one distance in quiet and one under load; each distance comes in the turn of the ways. */
const plansOf = (where: Plan['where'], way: string, turn: number): Omit<Plan, 'dir'>[] => {
  const distances = isFull() ? [...DISTANCES_MS, ...DISTANCES_MS] : DISTANCES_MS;
  const wanted = isFull() ? distances : [at(turn), at(turn + 2)];
  const half = wanted.length / 2;
  const what = turn % 2 === 0 ? 'store' : 'greenroom';
  return wanted.map((afterMs, i) => ({ where, what, way, afterMs, isLoaded: i >= half }));
};
const at = (turn: number): number => DISTANCES_MS[turn % DISTANCES_MS.length] ?? 0;

const report = (what: string, lives: readonly Life[], seed: number): void => {
  const longest = Math.max(...lives.map(({ endedInMs }) => endedInMs));
  const acknowledged = lives.flatMap(({ lines }) => lines).filter((line) => /^ack /.test(line));
  console.log(
    `${what}: ${lives.length} ends, ${acknowledged.length} changes acknowledged, none lost, longest end ${Math.round(longest)} ms (GREENROOM_SEED=${seed})`,
  );
};

describe.each([
  ['main', MAIN_WAYS],
  ['thread', THREAD_WAYS],
] as const)('a process whose store is open in its %s', (where, ways) => {
  const dice = new Dice();

  it.each(Object.entries(ways))('ends by %s', { timeout: TIMEOUT_MS }, async (way, end) => {
    const turn = Object.keys(ways).indexOf(way);
    for (const { end: ended, wrong } of await playedAll(plansOf(where, way, turn)))
      expect({ ended, wrong }).toEqual({ ended: end, wrong: [] });
  });

  it(`ends at any moment, ${CYCLES} times`, { timeout: TIMEOUT_MS }, async () => {
    const names = Object.keys(ways) as (keyof typeof ways)[];
    const plans = Array.from({ length: CYCLES }, () => ({
      where,
      ...{ what: 'store' as const, way: dice.pick(names), isLoaded: dice.int(0, 1) === 1 },
      afterMs: dice.int(0, LONGEST_MS),
    }));
    const outcomes = await playedAll(plans);
    for (const [i, { end, wrong }] of outcomes.entries())
      expect({ end, wrong }).toEqual({ end: ways[plans[i]?.way ?? 'exit'], wrong: [] });
    report(`store in its ${where}`, outcomes, dice.seed);
  });
});

describe('a thread that has a store open', () => {
  const dice = new Dice();
  const moments = (most: number) => Array.from({ length: CYCLES }, () => dice.int(0, most));
  const plan = { where: 'thread', way: 'terminate', afterMs: 0, isLoaded: true } as const;

  it.each([
    ['store', 'change'],
    ['store', 'start'],
    ['greenroom', 'start'],
  ] as const)(
    'is terminated at any moment, and the next one opens the %s at once, counted from its %s',
    {
      timeout: TIMEOUT_MS,
    },
    async (what, since) => {
      const most = since === 'change' ? LONGEST_MS : 1_000;
      const whole = { ...plan, dir: folder(), what, since, moments: moments(most) };
      const life = await live(whole);
      expect(life.stderr).toBe('');
      expect(life.end).toBe(0);
      expect(await wrongIn(whole, life)).toEqual([]);
      const ready = life.lines.filter((line) => line.startsWith('ready')).length;
      console.log(`${what}: ${CYCLES} threads terminated, ${ready} had it open`);
    },
  );
});
