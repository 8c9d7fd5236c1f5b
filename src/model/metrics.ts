/**
 * A session's counters at a moment, and which of these moments are kept: the series behind the verb `metrics`.
 *
 * Snapshots are numbered from 1. The newest 64 are all kept; of those before them every second, of those before twice
 * as many every fourth, and so on: each new one makes room with at most one old one, and a million leave about 500.
 */
import type { Head } from './head.ts';
import type { OpenTurn } from './turn.ts';

/** All of them are there; a power of two. */
export const NEWEST_KEPT = 64;

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

/** One of a session's series, and the one that makes room for it. */
export interface Snapshot {
  readonly number: number;
  readonly point: MetricsPoint;
  readonly drops: number | undefined;
}

/**
 * The number that goes when this one comes; undefined: none yet. Of the numbers that two to the `n` divides and no
 * higher power does, it is the one that has just become older than the newest `NEWEST_KEPT` of them.
 */
export const droppedFor = (number: number): number | undefined => {
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
