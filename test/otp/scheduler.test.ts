/** The run queue: who works next and for how long, and when the event loop has its turn. */
import { expect, test } from 'vitest';
import type { Clock } from '../../src/otp/clock.ts';
import { type Runnable, Scheduler } from '../../src/otp/scheduler.ts';

/** A clock that counts how often the event loop is given its turn, and gives it when the test says so. */
const handClock = () => {
  const deferred: (() => void)[] = [];
  const time = { ms: 0 };
  const clock: Clock = {
    now: () => time.ms,
    monotonic: () => time.ms,
    setTimeout: () => ({ cancel: () => {} }),
    defer: (fn) => void deferred.push(fn),
  };
  return { clock, deferred, time };
};

class Worker implements Runnable {
  readonly id: number;
  scheduled = false;
  readonly slices: number[] = [];
  left: number;
  readonly #log: string[];
  readonly #onRun: () => void;

  constructor(id: number, messages: number, log: string[] = [], onRun = () => {}) {
    this.id = id;
    this.left = messages;
    this.#log = log;
    this.#onRun = onRun;
  }

  get hasWork(): boolean {
    return this.left > 0;
  }

  run(budget: number): number {
    const handled = Math.min(budget, this.left);
    this.left -= handled;
    this.slices.push(handled);
    this.#log.push(`${this.id}:${handled}`);
    this.#onRun();
    return handled;
  }
}

const microtasks = async (): Promise<void> => {
  for (let n = 0; n < 50; n++) await Promise.resolve();
};

test('two that have much to do take turns of 32 messages, and are left alone afterwards', async () => {
  const { clock, deferred } = handClock();
  const scheduler = new Scheduler(clock);
  const log: string[] = [];
  const [one, two] = [new Worker(1, 70, log), new Worker(2, 40, log)];
  scheduler.enqueue(one);
  scheduler.enqueue(two);
  expect(log).toEqual([]);
  await microtasks();
  expect(log).toEqual(['1:32', '2:32', '1:32', '2:8', '1:6']);
  expect([one.scheduled, two.scheduled, deferred.length]).toEqual([false, false, 0]);
});

test('one that is queued already is not queued twice', async () => {
  const { clock } = handClock();
  const scheduler = new Scheduler(clock);
  const one = new Worker(1, 3);
  scheduler.enqueue(one);
  scheduler.enqueue(one);
  await microtasks();
  expect(one.slices).toEqual([3]);
  one.left = 2;
  scheduler.enqueue(one);
  await microtasks();
  expect(one.slices).toEqual([3, 2]);
});

test('after about a thousand messages timers and sockets have their turn, and then it goes on', async () => {
  const { clock, deferred } = handClock();
  const scheduler = new Scheduler(clock);
  const one = new Worker(1, 5_000);
  scheduler.enqueue(one);
  await microtasks();
  const handled = 5_000 - one.left;
  expect(handled).toBeGreaterThanOrEqual(1_024 - 128);
  expect(handled).toBeLessThanOrEqual(1_024 + 128);
  expect(deferred).toHaveLength(1);
  deferred.shift()?.();
  await microtasks();
  expect(5_000 - one.left).toBeGreaterThanOrEqual(2 * handled - 64);
  expect(deferred).toHaveLength(1);
});

test('handlers that take long give way after five milliseconds', async () => {
  const { clock, deferred, time } = handClock();
  const scheduler = new Scheduler(clock);
  const one = new Worker(1, 5_000, [], () => {
    time.ms += 3;
  });
  scheduler.enqueue(one);
  await microtasks();
  expect(5_000 - one.left).toBeLessThanOrEqual(160);
  expect(deferred).toHaveLength(1);
});

test('callers have their turn between the slices of many', async () => {
  const { clock } = handClock();
  const scheduler = new Scheduler(clock);
  const log: string[] = [];
  for (let id = 1; id <= 6; id++) scheduler.enqueue(new Worker(id, 32, log));
  void Promise.resolve().then(() => log.push('a caller'));
  await microtasks();
  expect(log.indexOf('a caller')).toBe(4);
  expect(log).toHaveLength(7);
});
