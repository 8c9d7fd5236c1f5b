/** In processes of their own: the heap of a test has other things in it. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Told {
  readonly isExposed: boolean;
  readonly before: number;
  readonly after: number;
}

const run = (...flags: readonly string[]): Told => {
  const child = join(import.meta.dirname, 'garbage-child.mjs');
  const args = [...flags, child];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 }));
};

test('a heap of which a tenth is in use gives half of its pages back', () => {
  const { before, after } = run('--expose-gc');
  expect(after).toBeLessThan(before / 2);
});

test('it does so under plain node too', () => {
  const { before, after } = run();
  expect(after).toBeLessThan(before / 2);
});

test('the flag that gave the collector is down again', () => {
  expect(run().isExposed).toBe(false);
});
