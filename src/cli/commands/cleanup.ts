/** `greenroom cleanup`: deletes old sessions, or says which ones it would; at a terminal it asks first. */
import type { CleanupReport, RetentionReport } from '../../session/ports/sweeper.ts';
import { addCriteria, criteriaOf, type FilterOptions, together } from '../criteria.ts';
import { CliError, usageError } from '../failure.ts';
import { ago, bytes, several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { wordsSaidIn } from '../query.ts';
import { type Column, table } from '../table.ts';
import { parseDays } from '../values.ts';

interface Options extends FilterOptions {
  readonly olderThan?: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export const registerCleanup = (registration: Registration): void => {
  const { program, shell } = registration;
  const cleanup = program
    .command('cleanup [query...]')
    .description('delete sessions without activity or import for a while that meet the query');
  addCriteria(cleanup, () => shell.nowMs())
    .option('--older-than <span>', 'such as 30d (default: the configured age)', parseDays)
    .option('--dry-run', 'only say what would be deleted')
    .option('--yes', 'without asking')
    .action(
      act<[string[]], Options>(
        registration,
        (run, [words], { olderThan, dryRun = false, yes = false, query = '', ...options }) =>
          run.withDaemon(async (daemon) => {
            const asked = { ...options, query: together(query, withoutSaid(words)) };
            const order = {
              ...(await criteriaOf(daemon, asked)),
              ...(olderThan === undefined ? {} : { maxAgeDays: olderThan }),
            };
            const sweep = (isDry: boolean) =>
              daemon.sessions('cleanup', { ...order, dryRun: isDry });
            if (!dryRun && !yes && run.shell.ask !== undefined)
              await confirm(run, await sweep(true));
            const report = await sweep(dryRun);
            run.out.one(report, () => reportText(report, run));
          }),
      ),
    );
};

/** Who writes the name of a session here wants that one deleted, and not all in which the name was said. */
const withoutSaid = (words: readonly string[]): string => {
  const query = words.join(' ');
  const said = wordsSaidIn(query);
  if (said === undefined) return query;
  throw usageError(
    `cleanup would delete all old sessions in which "${said}" was said`,
    'delete one with greenroom sessions delete SESSION; or write --query, if that is meant',
  );
};

interface RetentionOptions {
  readonly rule?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export const registerRetention = (registration: Registration): void => {
  registration.program
    .command('retention')
    .description('follow the retention rules of the daemon now')
    .option('--rule <name>', 'only that one')
    .option('--dry-run', 'only say what would be deleted')
    .option('--yes', 'without asking')
    .action(
      act<[], RetentionOptions>(registration, (run, _, { rule, dryRun = false, yes = false }) =>
        run.withDaemon(async (daemon) => {
          const order = rule === undefined ? {} : { rule };
          const retain = async (isDry: boolean) =>
            (await daemon.sessions('retention', { ...order, dryRun: isDry })).reports;
          if (!dryRun && !yes && run.shell.ask !== undefined)
            await confirmAll(run, await retain(true));
          const reports = await retain(dryRun);
          run.out.many(reports, () => rulesText(reports, run));
          if (reports.length === 0) run.out.note('the daemon has no retention rules');
        }),
      ),
    );
};

const rulesText = (reports: readonly RetentionReport[], run: Invocation): string =>
  reports.map((report) => `${report.rule}\n${reportText(report, run)}`).join('\n');

const confirmAll = async (run: Invocation, previews: readonly RetentionReport[]): Promise<void> => {
  const count = previews.reduce((sum, report) => sum + report.count, 0);
  if (count === 0) return;
  const question = `${rulesText(previews, run)}Delete ${several(count, 'session')}?`;
  if (!(await run.isWanted(question))) throw new CliError(1, 'nothing was deleted');
};

/** What comes of age between the question and the answer is taken too. */
const confirm = async (run: Invocation, preview: CleanupReport): Promise<void> => {
  if (preview.count === 0) return;
  const question = `${reportText(preview, run)}Delete ${several(preview.count, 'session')}?`;
  if (!(await run.isWanted(question))) throw new CliError(1, 'nothing was deleted');
};

const COLUMNS: readonly Column[] = [
  { head: 'session', least: 14 },
  { head: 'updated' },
  { head: 'title', least: 10 },
];

const archivesText = ({ archives, dryRun }: CleanupReport): string => {
  if (archives === undefined) return '';
  const { asked, kept, storedBytes, freedBytes } = archives;
  const first = `${several(asked, 'session')} ${dryRun ? 'would be archived' : 'archived'} first\n`;
  const freed = freedBytes === 0 ? '' : `; their directories had ${bytes(freedBytes)}`;
  const stand = `${kept} of the deleted in archives, ${bytes(storedBytes)} stored${freed}\n`;
  return `${asked === 0 ? '' : first}${kept === 0 ? '' : stand}`;
};

const reportText = (report: CleanupReport, { out, shell }: Invocation): string => {
  const rows = report.sessions.map((each) => [
    each.sessionId,
    ago(each.updatedAt, shell.nowMs()),
    each.title ?? '',
  ]);
  const list = rows.length === 0 ? '' : table(COLUMNS, rows, out.width);
  const more =
    report.count > rows.length
      ? `… and ${several(report.count - rows.length, 'session')} more\n`
      : '';
  const what = report.dryRun ? 'would be deleted' : 'deleted';
  const freed = `${bytes(report.bytes)} ${report.dryRun ? 'would be freed' : 'freed'}`;
  return `${list}${more}${several(report.count, 'session')} ${what}, ${freed}\n${archivesText(report)}`;
};
