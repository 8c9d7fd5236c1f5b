import { describe, expect, it } from 'vitest';
import { Dispatch, type DispatchLimits } from '../../../src/executor/pool/dispatch.ts';
import type { PoolThread, ThreadJob } from '../../../src/executor/pool/pool-thread.ts';
import type { Kinds } from '../../../src/executor/pool/program.ts';

type Ready = { state: string; load: number; readonly jobs: Map<number, unknown> };

/** A dispatch over threads that only keep what they are given. */
const over = (count: number, limits: Partial<DispatchLimits> = {}) => {
  const dispatch = new Dispatch<Kinds>({
    ...{ maxJobsPerThread: 4, fewJobs: 0, maxWaiting: 2 },
    ...limits,
  });
  const threads: Ready[] = Array.from({ length: count }, () => ({
    ...{ state: 'ready', load: 0, jobs: new Map() },
    start(job: ThreadJob<Kinds>) {
      this.jobs.set(job.id, job);
    },
  }));
  for (const [id, thread] of threads.entries())
    dispatch.threads.set(id, thread as unknown as PoolThread<Kinds>);
  const ids = Array.from({ length: 100 }, (_, id) => id).values();
  const add = (many: number): number[] => {
    for (let n = 0; n < many; n++)
      dispatch.add({ id: ids.next().value } as unknown as ThreadJob<Kinds>);
    return threads.map(({ jobs }) => jobs.size);
  };
  return { dispatch, threads, add };
};

describe('a pool that gives its jobs to threads', () => {
  it('spreads them evenly', () => {
    expect(over(3).add(7)).toEqual([3, 2, 2]);
  });

  it('gives a thread a few before it gives another one any, and spreads what comes then', () => {
    const { add } = over(2, { fewJobs: 2, maxJobsPerThread: 8 });
    expect(add(2)).toEqual([2, 0]);
    expect(add(2)).toEqual([2, 2]);
    expect(add(3)).toEqual([4, 3]);
  });

  it('gives none to a busy thread that another one could take, however few it has', () => {
    const { threads, add } = over(2, { fewJobs: 4 });
    (threads[0] as Ready).load = 0.61;
    expect(add(3)).toEqual([0, 3]);
    (threads[0] as Ready).load = 0.6;
    expect(add(2)).toEqual([2, 3]);
  });

  it('spreads them where all threads are busy', () => {
    const { threads, add } = over(2, { fewJobs: 4 });
    for (const thread of threads) thread.load = 1;
    expect(add(5)).toEqual([3, 2]);
  });

  it('passes over a thread that is not ready', () => {
    const { threads, add } = over(2, { fewJobs: 4 });
    (threads[0] as Ready).state = 'starting';
    expect(add(4)).toEqual([0, 4]);
  });

  it('has what no thread has room for wait, and refuses what is too much', () => {
    const { dispatch, add } = over(1);
    expect(add(6)).toEqual([4]);
    expect(dispatch.waiting).toBe(2);
    expect(dispatch.oldest).toBe(4);
    expect(() => add(1)).toThrow('too many steps wait for a thread');
  });
});
