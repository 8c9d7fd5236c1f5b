/**
 * The measuring loop: so many at once, each slot starting its next when its last is done, until the
 * count or the time is reached. What is still under way then is awaited and not counted.
 */
import { performance } from 'node:perf_hooks';
import { quantile } from './figures.ts';

export interface LoopLimits {
  readonly inFlight: number;
  readonly maxCount: number;
  readonly maxMs: number;
}

export interface Measured {
  /** Done in time: what the rate and the latencies are of. */
  readonly count: number;
  /** Done at all: what work per thing is to be divided by. */
  readonly total: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** `once` does one thing and resolves when it is done; its argument counts them from 0. */
export const measure = async (
  { inFlight, maxCount, maxMs }: LoopLimits,
  once: (index: number) => Promise<unknown>,
): Promise<Measured> => {
  const latencies = new Float64Array(maxCount);
  let started = 0;
  let done = 0;
  let endMs = Number.NaN;
  const startMs = performance.now();
  const slot = async (): Promise<void> => {
    while (started < maxCount) {
      const fromMs = performance.now();
      if (fromMs - startMs >= maxMs) return;
      await once(started++);
      const nowMs = performance.now();
      if (nowMs - startMs > maxMs && done > 0) return;
      latencies[done++] = nowMs - fromMs;
      endMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, slot));
  const sorted = latencies.subarray(0, done).sort();
  const seconds = (endMs - startMs) / 1000;
  return {
    count: done,
    total: started,
    seconds,
    perSecond: done / seconds,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
};
