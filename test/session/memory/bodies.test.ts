import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BodyRun } from '../../../src/session/memory/bodies.ts';

it('keeps what was placed, and makes few buffers for many bodies', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 100 }), (bodies) => {
      const run = new BodyRun(1_000);
      const placed = bodies.map((body) => run.place(body));
      expect(placed).toEqual(bodies);
      const bytes = bodies.reduce((sum, { byteLength }) => sum + byteLength, 0);
      expect(run.made).toBeLessThanOrEqual(1 + Math.ceil(bytes / 700));
    }),
  );
});

it('uses its buffers again after a reset, up to a few', () => {
  const run = new BodyRun(1_000);
  const fill = (bodies: number) => {
    for (let at = 0; at < bodies; at += 1) run.place(new Uint8Array(500));
    run.reset();
  };
  for (let round = 0; round < 100; round += 1) fill(8);
  expect(run.made).toBe(4);
  fill(12);
  fill(12);
  expect(run.made).toBe(4 + 2 + 2);
});

it('keeps as many as one use needs where it may, and half as many after each that needed few', () => {
  const run = new BodyRun(1_000, 16);
  const fill = (bodies: number) => {
    for (let at = 0; at < bodies; at += 1) run.place(new Uint8Array(1_000));
    run.reset();
    return run.made;
  };
  expect([fill(20), fill(16)]).toEqual([20, 20]); // 16 of the 20 were kept
  expect([fill(1), fill(8)]).toEqual([20, 20]); // half of them
  expect([fill(1), fill(1), fill(4), fill(5)]).toEqual([20, 20, 20, 21]); // four always
});

it('gives a body that is larger than its buffers one of its own, which is not kept', () => {
  const run = new BodyRun(1_000);
  for (let round = 0; round < 3; round += 1) {
    run.place(new Uint8Array(10));
    expect(run.place(new Uint8Array(5_000).fill(7))).toEqual(new Uint8Array(5_000).fill(7));
    run.reset();
  }
  expect(run.made).toBe(1 + 3);
});
