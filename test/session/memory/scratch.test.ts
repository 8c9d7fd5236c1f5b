/** Memory for histories that are read side by side. */
import { expect, it } from 'vitest';
import type { Bodies } from '../../../src/session/memory/bodies.ts';
import { Scratch } from '../../../src/session/memory/scratch.ts';

const filled = (byte: number) => new Uint8Array(1_000).fill(byte);
const clock = { defer: (run: () => void) => void setImmediate(run) };
const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Begins many uses; each ends when it is told to. */
const manyUses = (scratch: Scratch, count: number) => {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const uses = Array.from({ length: count }, (_, at) =>
    scratch.use(clock, async (bodies) => {
      begun.push(at);
      await new Promise<void>((resolve) => {
        ends[at] = resolve;
      });
      return bodies;
    }),
  );
  return { begun, ends, uses };
};

it('what one has placed is not touched by others that are read meanwhile', async () => {
  const scratch = new Scratch();
  const use = (byte: number) =>
    scratch.use(clock, async (bodies: Bodies) => {
      const placed: Uint8Array[] = [];
      for (let at = 0; at < 20; at += 1) {
        placed.push(bodies.place(filled(byte)));
        await nextTurn();
      }
      return placed.every((body) => body.every((each) => each === byte));
    });
  const whole = await Promise.all(Array.from({ length: 30 }, (_, at) => use(at + 1)));
  expect(whole).toEqual(whole.map(() => true));
});

it('a few are read at a time, and those behind them in the order in which they came', async () => {
  const { begun, ends, uses } = manyUses(new Scratch(), 7);
  await nextTurn();
  expect(begun).toEqual([0, 1, 2, 3]);
  ends[2]?.();
  await nextTurn();
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  ends[0]?.();
  ends[1]?.();
  await nextTurn();
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  for (const end of ends) end();
  expect(new Set(await Promise.all(uses)).size).toBe(4);
});

it('one that fails gives its memory back', async () => {
  const scratch = new Scratch();
  for (let at = 0; at < 10; at += 1)
    await expect(
      scratch.use(clock, () => Promise.reject(new Error('no such thing'))),
    ).rejects.toThrow();
  expect(await scratch.use(clock, async (bodies) => bodies.place(filled(1)).byteLength)).toBe(
    1_000,
  );
});

it('one after the other needs no more memory than one', async () => {
  const scratch = new Scratch();
  for (let at = 0; at < 100; at += 1)
    await scratch.use(clock, async (bodies) => bodies.place(filled(at)));
  expect(scratch.made).toBe(1);
});

it('those that are read within one turn of the loop share the memory of one', async () => {
  const scratch = new Scratch();
  for (let round = 0; round < 3; round += 1) {
    const use = (byte: number) =>
      scratch.use(clock, async (bodies) => {
        const placed = bodies.place(filled(byte));
        await Promise.resolve();
        return placed.every((each) => each === byte);
      });
    const whole = await Promise.all(Array.from({ length: 50 }, (_, at) => use(at + 1)));
    expect(whole).toEqual(whole.map(() => true));
    await nextTurn();
  }
  expect(scratch.made).toBe(1);
});
