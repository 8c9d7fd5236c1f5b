/** The verb on a session's series: its counters as they were at the end of each turn, and while turns ran. */
import { z } from 'zod';
import { MAX_PAGE, Moment } from '../../model/criteria.ts';
import type { MetricsPoint } from '../../model/metrics.ts';
import { iso } from '../../model/moment.ts';
import { usdOf } from '../../model/money.ts';
import { sessionVerb } from './verb.ts';

const count = z.int().min(0);

/** Totals since the session began; named as classic programs keep them. */
const SnapshotView = z.strictObject({
  snapshotAt: z.iso.datetime(),
  ...{ totalMessages: count, totalToolCalls: count, totalHookExecutions: count },
  ...{ totalPermissionChecks: count, totalErrors: count, totalRetries: count },
  /** null: a model without a price has answered. */
  totalCostUsd: z.number().min(0).nullable(),
  ...{ totalInputTokens: count, totalOutputTokens: count },
  ...{ totalCacheCreationTokens: count, totalCacheReadTokens: count },
  /** How long its turns have run. */
  durationMs: count,
  /** null: no tool has run. */
  avgToolDurationMs: count.nullable(),
});
export type SnapshotView = z.output<typeof SnapshotView>;

const metrics = sessionVerb('metrics', {
  request: z.strictObject({
    after: Moment.optional().describe('taken then or later'),
    limit: z.int().min(1).max(MAX_PAGE).default(100),
    latest: z.boolean().default(false).describe('the newest alone'),
  }),
  reply: z.strictObject({ snapshots: z.array(SnapshotView) }),
  run: async ({ caller, key }, { after = Number.NEGATIVE_INFINITY, limit, latest }) => {
    const session = await caller.openKnown(key);
    const points = await session.metrics(latest ? 1 : limit);
    return { snapshots: points.filter(({ atMs }) => atMs >= after).map(viewOf) };
  },
});

export const metricsVerbs = { metrics };

const viewOf = (point: MetricsPoint): SnapshotView => ({
  snapshotAt: iso(point.atMs),
  totalMessages: point.messages,
  totalToolCalls: point.toolCalls,
  totalHookExecutions: point.hookExecutions,
  totalPermissionChecks: point.permissionChecks,
  totalErrors: point.errors,
  totalRetries: point.retries,
  totalCostUsd: point.costNanoUsd === null ? null : usdOf(point.costNanoUsd),
  totalInputTokens: point.inputTokens,
  totalOutputTokens: point.outputTokens,
  totalCacheCreationTokens: point.cacheCreationInputTokens,
  totalCacheReadTokens: point.cacheReadInputTokens,
  durationMs: point.runMs,
  avgToolDurationMs: point.toolRuns === 0 ? null : Math.round(point.toolMs / point.toolRuns),
});
