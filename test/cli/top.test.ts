/** `greenroom top`: what it makes of two looks at a daemon. */
import { expect, test } from 'vitest';
import { pictureOf, type Rates, ratesOf, type Sample } from '../../src/cli/commands/top.ts';

const sample = (fields: Partial<Sample>, commits: number): Sample => ({
  ...{ atMs: 0, answerMs: 2, turns: 0, costUsd: 0, running: 1, waiting: 0 },
  status: {
    ...{ liveSessions: 3, memoryBytes: 5_000_000 },
    journal: { commits, bytesWritten: 1_000 * commits },
  } as Sample['status'],
  ...fields,
});

test('two looks give what came between them', () => {
  const before = sample({ turns: 10, costUsd: 1 }, 100);
  const now = sample({ atMs: 2_000, turns: 13, costUsd: 1.5 }, 140);
  expect(ratesOf(before, now)).toMatchObject({
    ...{ turnsPerMinute: 90, usdPerMinute: 15, commitsPerSecond: 20, bytesPerSecond: 20_000 },
    ...{ running: 1, liveSessions: 3, memoryBytes: 5_000_000, answerMs: 2 },
  });
});

test('what was deleted meanwhile takes nothing from it', () => {
  expect(ratesOf(sample({ turns: 9 }, 1), sample({ atMs: 1, turns: 2 }, 1)).turnsPerMinute).toBe(0);
});

test('it fits the terminal, a line for each value', () => {
  const one = ratesOf(sample({}, 1), sample({ atMs: 1_000, turns: 5 }, 9));
  const rates: Rates[] = Array.from({ length: 200 }, (_, at) => ({ ...one, turnsPerMinute: at }));
  const lines = pictureOf(rates, 60).trimEnd().split('\n');
  expect(lines.every((line) => line.length <= 60)).toBe(true);
  expect(lines.map((line) => line.slice(0, 17).trimEnd())).toEqual([
    ...['turns a minute', 'money a minute', 'running', 'waiting', 'live sessions'],
    ...['commits a second', 'written a second', 'memory', 'answers in'],
  ]);
  expect(lines[0]).toContain('█');
});
