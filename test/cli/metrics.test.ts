/** A session's counters over time, as a picture, as a table and as JSON lines. */
import { describe, expect, it, test } from 'vitest';
import { sparkline } from '../../src/cli/sparkline.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, jsonLines } from './run-cli.ts';

const snapshot = (minute: number, totalCostUsd: number | null, more: object = {}) => ({
  ...{ snapshotAt: `2026-11-21T11:5${minute}:00Z`, totalMessages: 2 * minute, totalToolCalls: 3 },
  ...{ totalHookExecutions: 0, totalPermissionChecks: 3, totalErrors: 1, totalRetries: 2 },
  ...{ totalCostUsd, totalInputTokens: 1_000 * minute, totalOutputTokens: 200 },
  ...{ totalCacheCreationTokens: 30, totalCacheReadTokens: 4, durationMs: 65_000 },
  ...{ avgToolDurationMs: 1_200, ...more },
});
const SERIES = [snapshot(4, 0.9), snapshot(3, 0.5), snapshot(2, 0.4), snapshot(1, 0)];

test('what came between snapshots is a picture, and below it the totals, newest first', async () => {
  const daemon = new FakeDaemon({ metrics: { snapshots: SERIES } });
  const { out } = await greenroom('metrics work', { daemon, isTerminal: true, columns: 120 });
  const [cost, tokens, tools, , head, newest] = out.split('\n');
  expect(cost).toBe('cost    █▃█');
  expect(tokens).toBe('tokens  ███');
  expect(tools).toBe('tools   ▁▁▁');
  expect(head).toMatch(/^when +messages +cost +tokens +tools +ran +a tool +asked +hooks +errors/);
  expect(newest).toMatch(/^6 min ago +8 +\$0\.9000 +4,234 +3 +1 min +1 s +3 +0 +1 +2$/);
});

test('what is asked for is asked of the daemon, and programs get it as it is', async () => {
  const daemon = new FakeDaemon({ metrics: { snapshots: SERIES } });
  const { out } = await greenroom('metrics work --after 1d --limit 3 --json', { daemon });
  expect(jsonLines(out)).toEqual(SERIES);
  expect(daemon.asked.find(([verb]) => verb === 'work.metrics')?.[1]).toEqual({
    after: '2026-11-20T12:00:00.000Z',
    limit: 3,
  });
});

test('a session without turns says so', async () => {
  const daemon = new FakeDaemon({ metrics: { snapshots: [] } });
  const { out, err } = await greenroom('metrics work', { daemon });
  expect(out).toBe('');
  expect(err).toContain('no turn of it has ended yet');
});

describe('a picture of figures', () => {
  it('gives each its height, and none to what is not known', () => {
    expect(sparkline([0, 7, null, 3.5], 10)).toBe('▁█ ▅');
    expect(sparkline([0, 0], 10)).toBe('▁▁');
    expect(sparkline([], 10)).toBe('');
  });

  it('sums up what there is no room for', () => {
    expect(sparkline([1, 1, 0, 0, 4, 4], 3)).toBe('▃▁█');
    expect(sparkline([1, null, 4, 4], 2)).toBe(' █');
  });
});
