/** `greenroom metrics`: how a session's cost, tokens and calls have grown, as a picture and as a table. */
import type { SnapshotView } from '../../session/verbs/metrics-verbs.ts';
import type { SessionRequests } from '../../session/verbs/registry.ts';
import { ago, grouped, money, span } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { withSession } from '../session-name.ts';
import { sparkline } from '../sparkline.ts';
import { type Column, table } from '../table.ts';
import { parseCount, parseMoment } from '../values.ts';

interface MetricsOptions extends Pick<SessionRequests['metrics'], 'after'> {
  readonly limit: number;
}

export const registerMetrics = (registration: Registration): void => {
  const { program, shell } = registration;
  program
    .command('metrics <session>')
    .description("a session's counters over time: at the end of each turn, and while it ran")
    .option(
      '--after <date>',
      'then or later: 2026-11-20, RFC 3339, yesterday, or 7d ago',
      parseMoment(() => shell.nowMs()),
    )
    .option('--limit <n>', 'most snapshots shown, the newest first', parseCount, 20)
    .action(
      act<[string], MetricsOptions>(registration, (run, [words], options) =>
        run.withDaemon(async (daemon) => {
          const { snapshots } = await withSession(daemon, words, (id) =>
            daemon.session(id, 'metrics', options),
          );
          run.out.many(snapshots, () => growth(snapshots, run) + seriesTable(snapshots, run));
          if (snapshots.length === 0) run.out.note('no turn of it has ended yet');
        }),
      ),
    );
};

/** Widest picture, in characters. */
const MAX_PICTURE = 60;
const LABEL = 8;

/** What came between one snapshot and the next, oldest first. */
const growth = (newestFirst: readonly SnapshotView[], run: Invocation): string => {
  if (newestFirst.length < 3) return '';
  const width = Math.min(MAX_PICTURE, run.out.width - LABEL);
  const oldestFirst = [...newestFirst].reverse();
  const line = (label: string, of: (snapshot: SnapshotView) => number | null): string =>
    `${label.padEnd(LABEL)}${sparkline(steps(oldestFirst.map(of)), width)}\n`;
  return [
    line('cost', ({ totalCostUsd }) => totalCostUsd),
    line('tokens', tokensOf),
    line('tools', ({ totalToolCalls }) => totalToolCalls),
    '\n',
  ].join('');
};

const steps = (totals: readonly (number | null)[]): readonly (number | null)[] =>
  totals.slice(1).map((total, at) => {
    const before = totals[at];
    return total === null || before === null || before === undefined ? null : total - before;
  });

const tokensOf = (snapshot: SnapshotView): number =>
  snapshot.totalInputTokens +
  snapshot.totalOutputTokens +
  snapshot.totalCacheCreationTokens +
  snapshot.totalCacheReadTokens;

const COLUMNS: readonly Column[] = [
  { head: 'when' },
  { head: 'messages' },
  { head: 'cost' },
  { head: 'tokens' },
  { head: 'tools' },
  { head: 'ran' },
  { head: 'a tool', leftOut: 1 },
  { head: 'asked', leftOut: 2 },
  { head: 'hooks', leftOut: 3 },
  { head: 'errors', leftOut: 5 },
  { head: 'retries', leftOut: 4 },
];

const seriesTable = (snapshots: readonly SnapshotView[], run: Invocation): string => {
  const nowMs = run.shell.nowMs();
  const rows = snapshots.map((snapshot) => [
    ago(snapshot.snapshotAt, nowMs),
    grouped(snapshot.totalMessages),
    money(snapshot.totalCostUsd),
    grouped(tokensOf(snapshot)),
    grouped(snapshot.totalToolCalls),
    span(snapshot.durationMs),
    snapshot.avgToolDurationMs === null ? '' : span(snapshot.avgToolDurationMs),
    ...[snapshot.totalPermissionChecks, snapshot.totalHookExecutions].map(grouped),
    ...[snapshot.totalErrors, snapshot.totalRetries].map(grouped),
  ]);
  return snapshots.length === 0 ? '' : table(COLUMNS, rows, run.out.width);
};
