/** What a time or a count in data from outside can be. What is beyond is kept where it stands, and believed by nobody. */

import { LATEST_MS } from './bounds.ts';

/** Foreign transcripts are younger: an earlier time is a clock that was never set. */
const EARLIEST_MS = Date.UTC(2000);

/** Most tokens, or requests, that one response may say it used: a hundred times the largest context window. */
const MOST = 100_000_000;

/** @param atMs milliseconds since the epoch, or NaN. */
export const isPlausibleTime = (atMs: number): boolean => atMs >= EARLIEST_MS && atMs < LATEST_MS;

export const isPlausibleNumber = (value: number): boolean => value <= MOST;

/** Whether every number in a response's usage, however deep, is one that a response can have. */
export const hasPlausibleNumbers = (usage: unknown, depth = 0): boolean => {
  if (typeof usage === 'number') return isPlausibleNumber(usage);
  if (typeof usage !== 'object' || usage === null || depth > MAX_DEPTH) return true;
  return Object.values(usage).every((value) => hasPlausibleNumbers(value, depth + 1));
};

/** Of a usage: the response, an iteration, its cache writes. */
const MAX_DEPTH = 4;
