/**
 * A session's counters at a moment, and which of these moments are kept: the series behind the verb `metrics`.
 *
 * Snapshots are numbered from 1. The newest 64 are all kept; of those before them every second, of those before twice
 * as many every fourth, and so on: each new one has one old one go, and a million leave about 500. They go 32 at a
 * time: to touch the page that one lies on costs as much as ten turns' snapshots.
 */
import type { Head } from './head.ts';
import type { OpenTurn } from './turn.ts';

/** All of them are there; a power of two. */
export const NEWEST_KEPT = 64;
export const DROPPED_AT_ONCE = 32;

/** Totals since the session began. */
export interface MetricsPoint {
  readonly atMs: number;
  readonly messages: number;
  readonly toolCalls: number;
  readonly hookExecutions: number;
  readonly permissionChecks: number;
  readonly errors: number;
  readonly retries: number;
  /** null: a model without a price has answered. */
  readonly costNanoUsd: number | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly cacheReadInputTokens: number;
  /** How long its turns have run, also the one that runs now. */
  readonly runMs: number;
  /** Tool calls that have run to their end, and how long, each by itself. */
  readonly toolRuns: number;
  readonly toolMs: number;
}

/** One of a session's series, and those that go when it comes. */
export interface Snapshot {
  readonly number: number;
  readonly point: MetricsPoint;
  readonly drops: readonly number[];
}

/** Those that go when this one comes: with every 32nd what it and the 31 before it have made superfluous. */
export const droppedWith = (number: number): readonly number[] => {
  if (number % DROPPED_AT_ONCE !== 0) return [];
  const dropped: number[] = [];
  for (let each = number - DROPPED_AT_ONCE + 1; each <= number; each += 1) {
    const gone = droppedFor(each);
    if (gone !== undefined) dropped.push(gone);
  }
  return dropped;
};

/**
 * The number that a new one makes superfluous; undefined: none yet. Of the numbers that two to the `n` divides and no
 * higher power does, it is the one that has just become older than the newest `NEWEST_KEPT` of them.
 */
const droppedFor = (number: number): number | undefined => {
  const powerOfTwo = number & -number;
  const dropped = number - NEWEST_KEPT * powerOfTwo;
  return dropped > 0 ? dropped : undefined;
};

export const pointOf = (head: Head, nowMs: number): MetricsPoint => ({
  atMs: nowMs,
  messages: head.messageCount,
  toolCalls: head.toolCallCount,
  hookExecutions: head.hookExecutionCount ?? 0,
  permissionChecks: head.permissionCheckCount ?? 0,
  errors: head.errorCount,
  retries: head.retryCount,
  costNanoUsd: head.unpricedAnswers > 0 ? null : head.costNanoUsd,
  inputTokens: head.usage.inputTokens,
  outputTokens: head.usage.outputTokens,
  cacheCreationInputTokens: head.usage.cacheCreationInputTokens,
  cacheReadInputTokens: head.usage.cacheReadInputTokens,
  runMs: (head.runMs ?? 0) + runningMs(head.openTurns[0], nowMs),
  toolRuns: head.toolRuns ?? 0,
  toolMs: head.toolMs ?? 0,
});

const runningMs = (turn: OpenTurn | undefined, nowMs: number): number =>
  turn?.startedAtMs === undefined ? 0 : Math.max(0, nowMs - turn.startedAtMs);
