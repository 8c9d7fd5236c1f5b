/** A process that gives way does so whole, with its threads, and its owner keeps its share. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { giveWay } from '../../src/platform/give-way.ts';

const CHILD = fileURLToPath(new URL('./priorities-child.mjs', import.meta.url));

test.skipIf(!existsSync('/proc/self/task'))('with all of its threads', async () => {
  const before = getPriority();
  const child = fork(CHILD, { execArgv: [] });
  const [priorities] = await once(child, 'message');
  await once(child, 'exit');
  expect(priorities.length).toBeGreaterThan(1);
  expect(new Set(priorities)).toEqual(new Set([10]));
  expect(getPriority()).toBe(before);
});

test('one that has ended already is no fault', () => {
  expect(() => giveWay(2 ** 30)).not.toThrow();
});
