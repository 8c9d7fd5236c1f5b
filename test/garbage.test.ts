/** In processes of their own: the heap of a test has other things in it. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Garbage } from '../src/platform/garbage.ts';

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

test('the nursery of a process that bounds it has no more than 32 MiB, whatever the machine has', () => {
  const child = join(import.meta.dirname, 'nursery-child.mjs');
  const told = execFileSync(process.execPath, [child, 'bound'], {
    encoding: 'utf8',
    timeout: 300_000,
  });
  expect(Number(told)).toBeLessThanOrEqual(32 * 1024 * 1024);
});

test('what lives as long as a request is made young in a process that bounds the engine', () => {
  const child = join(import.meta.dirname, 'tenure-child.mjs');
  const told = execFileSync(process.execPath, [child, 'bound'], {
    encoding: 'utf8',
    timeout: 300_000,
  });
  expect(Number(told)).toBeLessThan(100 * 1024 * 1024); // of 800 MB; and 800 in a process that does not
});

test('a small buffer keeps no more than 8 KiB in a process that bounds the engine', () => {
  const child = join(import.meta.dirname, 'pool-child.mjs');
  const told = execFileSync(process.execPath, [child], { encoding: 'utf8', timeout: 30_000 });
  expect(Number(told)).toBeLessThanOrEqual(8 * 1024);
});

describe('a thread that looks every second', () => {
  const MIB = 1024 * 1024;
  const thread = () => {
    const heap = { used: 4 * MIB, collections: 0, wholeCollections: 0 };
    const clear = () => {
      heap.used = 4 * MIB;
    };
    const garbage = new Garbage({
      usedBytes: () => heap.used,
      collect: () => {
        heap.collections += 1;
        clear();
      },
      collectAll: () => {
        heap.wholeCollections += 1;
        clear();
      },
    });
    return { garbage, heap };
  };

  test('collects while it works each time that much has gathered', () => {
    const { garbage, heap } = thread();
    for (let look = 0; look < 100; look += 1) {
      heap.used += 3 * MIB;
      garbage.look(false);
    }
    expect(heap.collections).toBeGreaterThan(8);
    expect(heap.collections).toBeLessThan(13);
    expect(heap.wholeCollections).toBe(0);
  });

  test('collects all that is left when it has rested for a while, once', () => {
    const { garbage, heap } = thread();
    for (let look = 0; look < 9; look += 1) garbage.look(true);
    garbage.look(false);
    expect(heap.wholeCollections).toBe(0);
    for (let look = 0; look < 100; look += 1) garbage.look(true);
    expect(heap).toMatchObject({ collections: 0, wholeCollections: 1 });
  });
});
