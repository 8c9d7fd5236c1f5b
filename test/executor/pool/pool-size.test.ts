import { expect, it } from 'vitest';
import {
  isQuiet,
  isResting,
  type PoolLook,
  wantsMore,
} from '../../../src/executor/pool/pool-size.ts';

const look = (given: Partial<PoolLook>): PoolLook => ({
  threads: given.loads?.length ?? 1,
  loads: [0],
  starting: 0,
  jobs: 0,
  waiting: 0,
  maxThreads: 4,
  ...given,
});

it('wants one more while every thread is busy, up to the limit', () => {
  expect(wantsMore(look({ loads: [0.9] }))).toBe(true);
  expect(wantsMore(look({ loads: [0.9, 0.1] }))).toBe(false);
  expect(wantsMore(look({ loads: [0.9, 0.9], maxThreads: 2 }))).toBe(false);
});

it('wants one more for steps that find no room, however idle the threads are', () => {
  expect(wantsMore(look({ loads: [0], waiting: 1 }))).toBe(true);
});

it('waits for a thread that starts before it wants another', () => {
  expect(wantsMore(look({ loads: [0.9], threads: 2, starting: 1, waiting: 5 }))).toBe(false);
});

it('leaves the place of a thread that has died to its successor', () => {
  expect(wantsMore(look({ loads: [], threads: 1 }))).toBe(false);
});

it('is quiet when the others could do the work of one easily', () => {
  expect(isQuiet(look({ loads: [0.1, 0.1] }))).toBe(true);
  expect(isQuiet(look({ loads: [0.3, 0.3] }))).toBe(false);
  expect(isQuiet(look({ loads: [0] }))).toBe(false);
});

it('rests when every thread is there and none has a step, nor one waits', () => {
  expect(isResting(look({ loads: [0, 0.4] }))).toBe(true);
  expect(isResting(look({ loads: [0], jobs: 1 }))).toBe(false);
  expect(isResting(look({ loads: [0], waiting: 1 }))).toBe(false);
  expect(isResting(look({ loads: [0], threads: 2, starting: 1 }))).toBe(false);
});
