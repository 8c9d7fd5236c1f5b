/** Requests of one turn of the loop are begun together, in their order, and never too many at a time. */
import { expect, it } from 'vitest';
import { LOT, Together } from '../../src/http/wire/together.ts';

const started = () => {
  const begun: number[] = [];
  const deferred: (() => void)[] = [];
  const together = new Together<number>((one) => void begun.push(one), {
    defer: (run) => void deferred.push(run),
  });
  const take = (from: number, to: number) => {
    for (let one = from; one < to; one += 1) together.take(one);
  };
  return { begun, deferred, take };
};

const upTo = (count: number) => Array.from({ length: count }, (_, one) => one);

it('what has come is begun later, once, in its order', () => {
  const { begun, deferred, take } = started();
  take(0, 3);
  expect([begun, deferred.length]).toEqual([[], 1]);
  deferred.shift()?.();
  expect(begun).toEqual(upTo(3));
  take(3, 4); // of the next turn
  expect(deferred).toHaveLength(1);
  deferred.shift()?.();
  expect(begun).toEqual(upTo(4));
});

it.each([LOT - 1, LOT, LOT + 1, 2 * LOT, 5 * LOT + 7])(
  '%i are begun in lots, between which others have their turn',
  (count) => {
    const { begun, deferred, take } = started();
    take(0, count);
    const lots = [];
    for (let run = deferred.shift(); run !== undefined; run = deferred.shift()) {
      const before = begun.length;
      run();
      lots.push(begun.length - before);
    }
    expect(begun).toEqual(upTo(count));
    expect(Math.max(...lots)).toBeLessThanOrEqual(LOT);
    expect(lots).toHaveLength(Math.ceil(count / LOT));
  },
);

it('what comes while a lot is begun is of another one', () => {
  const { begun, deferred, take } = started();
  take(0, LOT + 1);
  deferred.shift()?.();
  expect(begun).toHaveLength(LOT);
  take(LOT + 1, LOT + 3);
  for (const run of deferred) run();
  expect(begun).toEqual(upTo(LOT + 3));
});
