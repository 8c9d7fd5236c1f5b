/**
 * Every way out of a living process, at several distances from a change and under load: it ends, with the host's exit
 * code, what it acknowledged is there, and the directory opens again at once. CI ends twenty with each carrier of the
 * writer, each way among them; `GREENROOM_FULL=1` goes each way at every distance, and 200 times at a random moment.
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
/** Besides those of the ways. */
const CYCLES = isFull() ? 200 : 7;
/** Threads that are terminated: with those whose ways are gone, twenty. */
const THREADS = isFull() ? 200 : 3;
/** Of these a part, where how they start matters. */
const STARTS = isFull() ? 50 : 3;
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
  'exit with a first listener that throws': 3,
  'exit with a first listener that exits': 7,
  'exit without any listener': 3,
  'exit without a word': 4,
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

/** In CI one distance, in quiet or under load: all of them come in the turn of the ways. In full size all of both. */
const plansOf = (where: Plan['where'], way: string, turn: number): Omit<Plan, 'dir'>[] => {
  const what = turn % 2 === 0 ? 'store' : 'greenroom';
  const all = [false, true].flatMap((isLoaded) =>
    DISTANCES_MS.map((afterMs) => ({ where, what, way, afterMs, isLoaded }) as const),
  );
  return isFull() ? all : all.slice(turn, turn + 1);
};

const report = (what: string, lives: readonly Life[], seed: number): void => {
  const longest = Math.max(...lives.map(({ endedInMs }) => endedInMs));
  const acknowledged = lives.flatMap(({ lines }) => lines).filter((line) => /^ack /.test(line));
  console.log(
    `${what}: ${lives.length} ends, ${acknowledged.length} changes acknowledged, none lost, longest end ${Math.round(longest)} ms (GREENROOM_SEED=${seed})`,
  );
};

describe.each([
  ['main', MAIN_WAYS, 0],
  ['thread', THREAD_WAYS, 5],
] as const)('a process whose store is open in its %s', (where, ways, first) => {
  const names = Object.keys(ways) as (keyof typeof ways)[];

  it.each(Object.entries(ways))('ends by %s', { timeout: TIMEOUT_MS }, async (way, end) => {
    const turn = first + Object.keys(ways).indexOf(way);
    for (const { end: ended, wrong } of await playedAll(plansOf(where, way, turn % 10)))
      expect({ ended, wrong }).toEqual({ ended: end, wrong: [] });
  });

  it.runIf(where === 'main' || isFull())(
    `ends at any moment, ${CYCLES} times`,
    { timeout: TIMEOUT_MS },
    async () => {
      const dice = new Dice();
      const plans = Array.from({ length: CYCLES }, () => ({
        ...{ where, what: 'store' as const, way: dice.pick(names) },
        ...{ isLoaded: dice.int(0, 1) === 1, afterMs: dice.int(0, LONGEST_MS) },
      }));
      const outcomes = await playedAll(plans);
      for (const [i, { end, wrong }] of outcomes.entries())
        expect({ end, wrong }).toEqual({ end: ways[plans[i]?.way ?? 'exit'], wrong: [] });
      report(`store in its ${where}`, outcomes, dice.seed);
    },
  );
});

/**
 * A thread that is terminated in the microseconds in which LMDB's native code reads its options cannot throw, and Node ends
 * the process. The guide tells hosts not to do that; nothing that was acknowledged may be lost by it all the same.
 */
const isUnthrowable = ({ end, stderr }: Life): boolean =>
  end === 'SIGABRT' && stderr.includes('ThrowAsJavaScriptException napi_throw');

describe('a thread that has a store open', () => {
  it.each([
    ['store', 'change', THREADS],
    ['store', 'start', STARTS],
    ['greenroom', 'start', STARTS],
  ] as const)(
    'is terminated, and the next one opens the %s at once, at any moment since its %s',
    {
      timeout: TIMEOUT_MS,
    },
    async (what, since, cycles) => {
      const dice = new Dice();
      const most = since === 'change' ? LONGEST_MS : 1;
      const moments = Array.from({ length: cycles }, () => dice.next() * most);
      const plan = {
        dir: folder(),
        what,
        where: 'thread',
        way: 'terminate',
        moments,
        since,
      } as const;
      const whole = { ...plan, afterMs: 0, isLoaded: true, deadlineMs: TIMEOUT_MS / 2 };
      const life = await live(whole);
      if (!isUnthrowable(life))
        expect({ end: life.end, stderr: life.stderr }).toEqual({ end: 0, stderr: '' });
      expect(await wrongIn(whole, life)).toEqual([]);
      report(`${cycles} threads terminated since their ${since}`, [life], dice.seed);
    },
  );
});
