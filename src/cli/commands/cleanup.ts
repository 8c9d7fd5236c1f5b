/** `greenroom cleanup`: deletes old sessions, or says which ones it would. */
import type { CleanupReport } from '../../session/api.ts';
import { bytes, several, table } from '../format.ts';
import { act, type Registration } from '../invocation.ts';
import { collect, parseDays } from '../values.ts';

interface Options {
  readonly olderThan?: number;
  readonly dryRun?: boolean;
  readonly tag?: readonly string[];
}

export const registerCleanup = (registration: Registration): void => {
  registration.program
    .command('cleanup')
    .description('delete sessions without activity or import for a while')
    .option('--older-than <span>', 'such as 30d (default: the configured age)', parseDays)
    .option('--tag <tag>', 'only sessions with any of these tags', collect)
    .option('--dry-run', 'only say what would be deleted')
    .action(
      act<[], Options>(registration, (run, _, { olderThan, dryRun = false, tag }) =>
        run.withDaemon(async (daemon) => {
          const report = await daemon.sessions('cleanup', {
            dryRun,
            ...(olderThan === undefined ? {} : { maxAgeDays: olderThan }),
            ...(tag === undefined ? {} : { tags: [...tag] }),
          });
          run.out.one(report, () => reportText(report, run.out.width));
        }),
      ),
    );
};

const reportText = (report: CleanupReport, width: number): string => {
  const rows = report.sessions.map((each) => [each.sessionId, each.updatedAt, each.title ?? '']);
  const list = rows.length === 0 ? '' : table(['session', 'updated', 'title'], rows, width);
  const freed = report.bytes === null ? '' : `, ${bytes(report.bytes)} freed`;
  const what = report.dryRun ? 'would be deleted' : 'deleted';
  return `${list}${several(report.count, 'session')} ${what}${freed}\n`;
};
