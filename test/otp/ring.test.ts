/** The ring under the run queue: first in, first out, however it has turned and grown. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ring } from '../../src/otp/ring.ts';

test('what is pushed comes out in that order, whenever it is taken', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (pushes) => {
      const ring = new Ring<number>();
      const queue: number[] = [];
      for (const [n, isPush] of pushes.entries()) {
        if (isPush) {
          ring.push(n);
          queue.push(n);
        } else expect(ring.shift()).toBe(queue.shift());
        expect(ring.size).toBe(queue.length);
      }
    }),
  );
});

test('one that grows while it has turned keeps the order', () => {
  const ring = new Ring<number>();
  for (let n = 0; n < 4; n++) ring.push(n);
  expect([ring.shift(), ring.shift()]).toEqual([0, 1]);
  for (let n = 4; n < 12; n++) ring.push(n);
  expect(Array.from({ length: 11 }, () => ring.shift())).toEqual([
    ...Array.from({ length: 10 }, (_, n) => n + 2),
    undefined,
  ]);
});
