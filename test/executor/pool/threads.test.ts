import { describe, expect, it, vi } from 'vitest';
import { MAX_LOSSES } from '../../../src/executor/pool/job-retries.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';
import { executorName } from '../../../src/session/ports/executor.ts';
import { turnsOfTheLoop, until } from '../../support/until.ts';
import { contextOf, executing, stepOf, textOf, user, workerFile } from '../executing.ts';

/** A step that misbehaves `times` times; the times are counted at the start of its shared context. */
const misbehaving = (how: string, times: number) => {
  const context = contextOf(user('x'.repeat(64)));
  new Int32Array(context.slab.buffer, 0, 1)[0] = 0;
  return stepOf('', { model: how, maxTokens: times, context });
};
const worker = workerFile('misbehaving');

describe('the models pool', () => {
  it('keeps the order of deltas and outcome under 200 steps side by side', async () => {
    const { start } = await executing({ workers: 2 });
    const steps = Array.from({ length: 200 }, (_, n) => {
      const text = Array.from({ length: 9 }, (_, word) => `${n}.${word}`).join(' ');
      const step = start(stepOf(`[[rehearse: text="${text}" chunks=9 delay-ms=1]]`));
      return { text, step, atOutcome: step.outcome.then(() => textOf(step.events)) };
    });
    for (const { text, step, atOutcome } of steps) {
      expect(await step.outcome).toMatchObject({ type: 'message', text });
      expect(await atOutcome).toBe(text);
    }
    for (const { text, step } of steps) expect(textOf(step.events)).toBe(text);
  });

  it('gives few steps to one thread, as they wake it together', async () => {
    const { start, pool } = await executing({ workers: 2, minWorkers: 2 });
    const busy = async () => (await pool.call('status')).threads.map(({ jobs }) => jobs);
    await until(async () =>
      (await pool.call('status')).threads.every(({ state }) => state === 'ready'),
    );
    const steps = Array.from({ length: 6 }, () => start(stepOf('[[rehearse: wait-ms=600000]]')));
    expect(await busy()).toEqual([6, 0]);
    for (const step of steps) step.cancel();
    await Promise.all(steps.map(({ outcome }) => outcome));
    expect(await busy()).toEqual([0, 0]);
  });

  it('starts a step again whose thread is killed in the middle of its answer', async () => {
    const { start, pool } = await executing();
    const step = start(stepOf('[[rehearse: text="in two parts" chunks=2 stall-after=3 times=1]]'));
    await step.first('delta');
    await pool.call('killThread', 1);
    expect(await step.outcome).toMatchObject({ type: 'message', text: 'in two parts' });
    const retryAt = step.events.findIndex(({ type }) => type === 'retry');
    expect(step.events[retryAt]).toMatchObject({ delayMs: 0, error: { type: 'worker_lost' } });
    expect(textOf(step.events.slice(retryAt + 1))).toBe('in two parts');
  });

  it.each(['exit', 'throw'])('starts a step again whose thread dies of %s', async (how) => {
    const { run, pool } = await executing({ workerFile: worker });
    expect(await run(misbehaving(how, 2))).toMatchObject({ text: 'try 2' });
    expect((await pool.call('status')).threads).toMatchObject([{ id: 3, state: 'ready' }]);
  });

  it('gives up a step that kills every thread', async () => {
    const { start } = await executing({ workerFile: worker });
    const { events, outcome } = start(misbehaving('exit', 1000));
    expect(await outcome).toMatchObject({
      type: 'failed',
      error: { type: 'worker_lost', retryable: true },
    });
    expect(events.filter(({ type }) => type === 'retry')).toHaveLength(MAX_LOSSES);
  });

  it('replaces a thread that does not answer and starts its steps again', async () => {
    const clock = virtualClock();
    const { start, pool } = await executing({ workerFile: worker, clock });
    const step = start(misbehaving('hang', 1));
    await step.first('delta');
    await clock.advance(1_000 + 5_000);
    expect(await step.outcome).toMatchObject({ type: 'message', text: 'try 1' });
    expect((await pool.call('status')).threads).toMatchObject([{ id: 2, state: 'ready' }]);
  });

  it('leaves a thread alone that answers', async () => {
    const clock = virtualClock();
    const { run, pool } = await executing({ workerFile: worker, clock });
    for (let round = 0; round < 10; round++) {
      await run(misbehaving('fine', 0));
      await clock.advance(1_000);
    }
    expect((await pool.call('status')).threads).toMatchObject([{ id: 1 }]);
  });

  it('judges no thread when it was held up itself', async () => {
    const clock = virtualClock();
    const { start, pool } = await executing({ workerFile: worker, clock });
    await start(misbehaving('hang', 1)).first('delta');
    await clock.advance(1_000);
    clock.jump(60_000);
    await clock.advance(1_000);
    expect((await pool.call('status')).threads).toMatchObject([{ id: 1, state: 'ready' }]);
    await clock.advance(5_000);
    await until(async () => (await pool.call('status')).threads[0]?.id === 2);
  });

  it('lets steps wait behind full threads, in order, and refuses those beyond the limit', async () => {
    const limits = { maxJobsPerThread: 1, maxWaiting: 1 };
    const { start, run } = await executing({ workerFile: worker, ...limits });
    await run(misbehaving('fine', 0));
    const [on, behind, beyond] = [
      start(misbehaving('mute', 1)),
      start(misbehaving('fine', 0)),
      start(misbehaving('fine', 0)),
    ];
    expect(await beyond.outcome).toMatchObject({
      type: 'failed',
      error: { type: 'unavailable', retryable: true },
    });
    await on.first('delta');
    behind.cancel();
    expect(await behind.outcome).toEqual({ type: 'cancelled', partialText: '' });
  });

  it('opens a thread when those that it has are busy, and lets one go after a long quiet', async () => {
    const clock = virtualClock();
    const { run, pool } = await executing({ workers: 2, workerFile: worker, clock });
    const states = async () =>
      (await pool.call('status')).threads.map(({ id, state }) => [id, state]);
    const look = async () => {
      await clock.advance(1_000); // asks the threads
      // Their answers take real time: virtual seconds that do not wait for them end in a verdict of hanging.
      await until(async () =>
        (await pool.call('status')).threads.every(({ owesAnswer }) => !owesAnswer),
      );
    };
    await run(misbehaving('busy', 0));
    await look();
    await look();
    expect(await states()).toEqual([
      [1, 'ready'],
      [2, 'ready'],
    ]);
    await run(misbehaving('fine', 0));
    await run(misbehaving('fine', 0));
    for (let quiet = 0; quiet < 15; quiet++) {
      await run(misbehaving('fine', 0));
      await look();
    }
    expect(await states()).toEqual([[1, 'ready']]);
    expect(await run(misbehaving('fine', 0))).toMatchObject({ type: 'message' });
  });

  it('opens a thread for a step that finds no room for long, and none for one that soon needs it no more', async () => {
    const clock = virtualClock();
    const options = { workers: 2, maxJobsPerThread: 1, workerFile: worker, clock };
    const { start, run, pool } = await executing(options);
    const threads = async () => (await pool.call('status')).threads.length;
    await run(misbehaving('fine', 0));
    start(misbehaving('mute', 1));
    const first = start(misbehaving('fine', 0));
    await clock.advance(150);
    expect(await threads()).toBe(1);
    first.cancel();
    await clock.advance(150);
    expect(await threads()).toBe(1);
    const second = start(misbehaving('fine', 0));
    await clock.advance(200);
    expect(await threads()).toBe(2);
    expect(await second.outcome).toMatchObject({ type: 'message' });
  });

  it('crashes when a thread dies before it ever worked', async () => {
    const { system, pool } = await executing({ workerFile: workerFile('stillborn') });
    expect(await system.exited(pool)).toMatchObject({ crashed: expect.any(Error) });
  });
});

describe('the jobs of a pool', () => {
  it('waits for an endpoint that is not there yet', async () => {
    const found: { baseUrl: string; apiKey: string }[] = [];
    const { start, rehearsal } = await executing({ endpoint: () => found[0] });
    const step = start(stepOf('hello'));
    found.push({ baseUrl: rehearsal.url, apiKey: 'k' });
    expect(await step.outcome).toMatchObject({ type: 'message' });
  });

  it('fails a step for which no endpoint comes', async () => {
    const clock = virtualClock();
    const { start } = await executing({ clock, endpoint: () => undefined });
    const step = start(stepOf('hello'));
    await clock.advance(6_000);
    expect(await step.outcome).toMatchObject({
      type: 'failed',
      error: { type: 'unavailable', retryable: true },
    });
  });

  it('drops a step whose sink throws, and no other', async () => {
    const { system, start, reports } = await executing();
    const other = start(stepOf('[[rehearse: text="in two parts" chunks=2 delay-ms=50]]'));
    const events = () => {
      throw new Error('a bug in a session');
    };
    system.fetch(executorName).start(stepOf('hello'), { events, outcome: () => undefined });
    expect(await other.outcome).toMatchObject({ type: 'message', text: 'in two parts' });
    expect(reports).toMatchObject([{ kind: 'fault', error: { message: 'a bug in a session' } }]);
  });

  it('tell nothing any more when the pool has died', async () => {
    const { system, start, pool } = await executing();
    const step = start(stepOf('[[rehearse: text="in two parts" chunks=2 stall-after=3]]'));
    const told = vi.fn();
    void step.outcome.then(told);
    await step.first('delta');
    system.exit(pool, 'kill');
    await system.exited(pool);
    const heard = step.events.length;
    step.cancel();
    await turnsOfTheLoop(20);
    expect(step.events).toHaveLength(heard);
    expect(told).not.toHaveBeenCalled();
  });

  it('end as cancelled when nobody has taken them yet, and when their thread dies of it', async () => {
    const { start, pool } = await executing({ workerFile: worker });
    const [mute, missing] = [start(misbehaving('mute', 1)), start(misbehaving('mute', 1))];
    await mute.first('delta');
    mute.cancel();
    missing.cancel();
    await pool.call('killThread', 1);
    expect(await mute.outcome).toEqual({ type: 'cancelled', partialText: '' });
    expect(await missing.outcome).toEqual({ type: 'cancelled', partialText: '' });
  });

  it('do not wait on for an endpoint once they are cancelled', async () => {
    const { start } = await executing({ endpoint: () => undefined });
    const step = start(stepOf('hello'));
    step.cancel();
    expect(await step.outcome).toEqual({ type: 'cancelled', partialText: '' });
  });
});
