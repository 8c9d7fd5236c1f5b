/**
 * How many threads the models pool should have: as few as the work needs, for each takes about 20 MB.
 * A step is nearly all waiting, so what counts is how busy the threads are, not how many steps they have.
 */

/** A thread that worked for more than this part of the time is busy. */
const BUSY = 0.6;
/** Together less than this for each thread that would stay: one is too many. */
const QUIET = 0.3;
/** Looks in a row that must find the pool quiet before a thread goes. */
export const QUIET_LOOKS = 10;
/** Looks in a row that must find no job before worn threads end. */
export const REST_LOOKS = 30;
/**
 * A thread that has had so many jobs is worn: what they asked the C library for lies scattered over its heap, and no collection
 * gives that back. Opening a thread costs some 0.3 s of CPU time, and the next job waits for it: so none ends for less.
 */
const WORN_JOBS = 100;

export interface PoolLook {
  /** All that there are, those that start or end included. */
  readonly threads: number;
  /** Of each ready thread, the part of the time that it worked, 0 to 1. */
  readonly loads: readonly number[];
  readonly starting: number;
  /** Steps that threads have. */
  readonly jobs: number;
  /** Steps that no thread has room for. */
  readonly waiting: number;
  readonly maxThreads: number;
}

/** Whether a thread worked so much lately that another one should take what comes. */
export const isBusy = (load: number): boolean => load > BUSY;

/** Whether to open a thread now. */
export const wantsMore = ({ threads, loads, starting, waiting, maxThreads }: PoolLook): boolean =>
  starting === 0 &&
  threads < maxThreads &&
  (waiting > 0 || (loads.length > 0 && loads.every(isBusy)));

/** Whether fewer threads would do just now. */
export const isQuiet = ({ loads, starting, waiting }: PoolLook): boolean =>
  starting === 0 &&
  waiting === 0 &&
  loads.length > 1 &&
  loads.reduce((sum, load) => sum + load, 0) < QUIET * (loads.length - 1);

/** Whether all threads are there and none has anything to do. */
export const isResting = ({ threads, loads, jobs, waiting }: PoolLook): boolean =>
  loads.length === threads && jobs === 0 && waiting === 0;

/** @param taken the jobs that the thread has had. */
export const isWorn = (taken: number): boolean => taken >= WORN_JOBS;
