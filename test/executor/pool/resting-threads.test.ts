/** After much work and a long rest threads end, and the next step opens one: none is refused or lost by that. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { REST_LOOKS } from '../../../src/executor/pool/pool-size.ts';
import { openWorkerThreads } from '../../../src/executor/pool/worker-threads.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';
import { until } from '../../support/until.ts';
import {
  contextOf,
  type ExecutingOptions,
  executing,
  stepOf,
  user,
  workerFile,
} from '../executing.ts';

const MUCH = 100;
const worker = workerFile('misbehaving');

/** A step that a thread answers at once, or, `mute`, not at all. */
const stepThatIs = (how: 'fine' | 'mute') => {
  const context = contextOf(user('x'.repeat(64)));
  new Int32Array(context.slab.buffer, 0, 1)[0] = 0;
  return stepOf('', { model: how, maxTokens: 1, context });
};

/** A pool of one thread, and what is done to it. */
const pooled = async (options: ExecutingOptions = {}) => {
  const clock = virtualClock();
  const made = await executing({ clock, workerFile: worker, ...options });
  const threads = async () => (await made.pool.call('status')).threads;
  const ids = async () => (await threads()).map(({ id }) => id);
  const work = async (steps: number, step = () => stepThatIs('fine')) => {
    await Promise.all(Array.from({ length: steps }, () => made.run(step())));
  };
  /** Their answers take real time: virtual seconds that do not wait for them end in a verdict of hanging. */
  const looks = async (count: number) => {
    for (let look = 0; look < count; look++) {
      await until(async () => (await threads()).every(({ owesAnswer }) => !owesAnswer));
      await clock.advance(1_000);
    }
  };
  return { ...made, ids, work, looks };
};

describe('a pool that rests', () => {
  it('ends a thread that has worked much, and opens one for the next step', async () => {
    const { ids, work, looks } = await pooled();
    await work(MUCH);
    await looks(REST_LOOKS - 1);
    expect(await ids()).toEqual([1]);
    await looks(1);
    expect(await ids()).toEqual([]);
    await work(1);
    expect(await ids()).toEqual([2]);
  });

  it('has steps that come then wait for one thread, and starts each once', async () => {
    const { ids, work, looks, start, rehearsal } = await pooled({ workerFile: undefined });
    await work(MUCH, () => stepOf('[[rehearse: text=one]]'));
    await looks(REST_LOOKS);
    expect(await ids()).toEqual([]);
    const steps = ['two', 'three'].map((text) => start(stepOf(`[[rehearse: text=${text}]]`)));
    expect(await ids()).toEqual([2]);
    expect(await Promise.all(steps.map(({ outcome }) => outcome))).toMatchObject([
      { type: 'message', text: 'two' },
      { type: 'message', text: 'three' },
    ]);
    for (const { events } of steps) expect(events.map(({ type }) => type)).not.toContain('retry');
    expect(rehearsal.requests.toArray()).toHaveLength(MUCH + steps.length);
  });

  it('ends all threads that have worked much, and no other', async () => {
    const { ids, work, looks, pool } = await pooled({ workers: 2, minWorkers: 2 });
    const areReady = async () =>
      (await pool.call('status')).threads.every(({ state }) => state === 'ready');
    await until(areReady);
    await work(2 * MUCH);
    await looks(REST_LOOKS);
    expect(await ids()).toEqual([]);
    await work(1);
    await looks(2 * REST_LOOKS);
    expect(await ids()).toEqual([3]);
  });

  it('keeps a thread that has worked little', async () => {
    const { ids, work, looks } = await pooled();
    await work(MUCH - 1);
    await looks(2 * REST_LOOKS);
    expect(await ids()).toEqual([1]);
  });

  it('has not rested while there is a step, however long it takes', async () => {
    const { ids, work, looks, start } = await pooled();
    await work(MUCH);
    await looks(REST_LOOKS - 1);
    const step = start(stepThatIs('mute'));
    await step.first('delta');
    await looks(REST_LOOKS);
    step.cancel();
    await looks(REST_LOOKS);
    expect(await ids()).toEqual([1]);
  });

  it('leaves threads alone that are lent to it', async () => {
    const sizes = { minThreads: 0, maxThreads: 1, idleTimeoutMs: 600_000 };
    const threads = openWorkerThreads({ workerFile: worker, ...sizes });
    onTestFinished(() => threads.destroy());
    const { ids, work, looks } = await pooled({ threads });
    await work(MUCH);
    await looks(2 * REST_LOOKS);
    expect(await ids()).toEqual([1]);
  });
});
