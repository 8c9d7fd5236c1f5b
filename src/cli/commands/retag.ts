/** `greenroom sessions retag`: changes tags on many sessions; at a terminal it asks first, and shows how far it is. */
import type { RetagJob } from '../../session/ports/retagger.ts';
import type { SessionsReplies, SessionsRequests } from '../../session/verbs/registry.ts';
import { addCriteria, criteriaOf, type FilterOptions, together } from '../criteria.ts';
import { CliError, usageError } from '../failure.ts';
import { ago, grouped, several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { type Column, table } from '../table.ts';
import { collect } from '../values.ts';

type Order = SessionsRequests['retag'];

interface Options extends FilterOptions {
  readonly rename?: readonly string[];
  readonly remove?: readonly string[];
  readonly add?: readonly string[];
  readonly dryRun?: boolean;
  readonly background?: boolean;
  readonly yes?: boolean;
}

export const registerRetag = (registration: Registration): void => {
  const { program, shell } = registration;
  const retag = program
    .command('retag [query...]')
    .description('rename, merge, remove or add tags on all sessions that meet the query');
  addCriteria(retag, () => shell.nowMs())
    .option(
      '--rename <old=new>',
      "such as bug=defect; 'team/*=squad/*' for all that begin so",
      collect,
    )
    .option('--remove <tag>', "take a tag away; 'team/*' for all that begin so", collect)
    .option('--add <tag>', 'add a tag', collect)
    .option('--dry-run', 'only say what would become of which sessions')
    .option('--background', 'do not wait for its end')
    .option('--yes', 'without asking')
    .action(
      act<[string[]], Options>(registration, (run, [words], options) =>
        run.withDaemon((daemon) => change(daemon, run, words, options)),
      ),
    );
  program
    .command('retags')
    .description(
      'such changes since the daemon began: what they change, and how far they have come',
    )
    .option('--stop <job>', 'end one; what is changed stays')
    .action(
      act<[], { readonly stop?: string }>(registration, (run, _, { stop }) =>
        run.withDaemon(async (daemon) => {
          const { jobs } =
            stop === undefined
              ? await daemon.sessions('retags', {})
              : await daemon.sessions('stop-retag', { jobId: stop });
          if (stop !== undefined && jobs.length === 0)
            throw new CliError(1, `no change of tags is called ${stop}`);
          run.out.many(jobs, () => jobsTable(jobs, run));
          if (jobs.length === 0) run.out.note(NO_JOBS);
        }),
      ),
    );
};

/** The daemon keeps them in memory. */
const NO_JOBS =
  'none since the daemon began; one that its end has cut off goes on when it is asked for again';

const change = async (
  daemon: DaemonClient,
  run: Invocation,
  words: readonly string[],
  { rename, remove, add, dryRun, background, yes, ...options }: Options,
): Promise<void> => {
  const query = together(options.query ?? '', words.join(' '));
  const order: Order = {
    ...(await criteriaOf(daemon, { ...options, query })),
    ...(rename && { rename: rename.map(pair) }),
    ...(remove && { remove: [...remove] }),
    ...(add && { add: [...add] }),
  };
  if (!rename && !remove && !add)
    throw usageError('nothing to rename, remove or add', "such as --rename 'bug=defect'");
  const look = () => daemon.sessions('retag', { ...order, dryRun: true });
  if (dryRun) {
    const { matched, sessions = [] } = await look();
    return run.out.one(
      { matched, sessions },
      () =>
        `${previewText(sessions, matched, run)}${several(matched, 'session')} would be looked at\n`,
    );
  }
  if (!yes && run.shell.ask !== undefined) {
    const { matched, sessions = [] } = await look();
    const list = previewText(sessions, matched, run);
    const question = `${list}Change the tags of up to ${several(matched, 'session')}?`;
    if (!(await run.isWanted(question))) throw new CliError(1, 'nothing was changed');
  }
  const { job } = await daemon.sessions('retag', { ...order, wait: background !== true });
  if (job === null) return;
  run.out.one(job, () => jobText(job));
  if (job.state === 'failed') throw new CliError(1, job.error?.message ?? 'it failed');
};

type Preview = NonNullable<SessionsReplies['retag']['sessions']>[number];

/** What is not shown may be left as it is: how many are changed is known when each was looked at. */
const previewText = (
  sessions: readonly Preview[],
  matched: number,
  { out }: Invocation,
): string => {
  if (sessions.length === 0) return '';
  const rows = sessions.map(({ sessionId, title = '', tags, newTags }) => [
    ...[sessionId, tags.join(',')],
    ...[newTags === null ? '(too many tags)' : newTags.join(','), title],
  ]);
  const left = matched - sessions.length;
  const more = left > 0 ? `… and up to ${several(left, 'session')} more\n` : '';
  return `${table(PREVIEW, rows, out.width)}${more}`;
};

const PREVIEW: readonly Column[] = [
  { head: 'session', least: 14 },
  { head: 'tags', least: 10 },
  { head: 'new tags', least: 10 },
  { head: 'title', least: 10, leftOut: 1 },
];

/** `old=new`; a tag with `=` in it is changed by other means. */
const pair = (text: string): { from: string; to: string } => {
  const [from = '', to = '', ...more] = text.split('=');
  if (from === '' || to === '' || more.length > 0)
    throw usageError(
      `--rename ${text}: write the old tag, = and the new one`,
      "such as 'bug=defect'",
    );
  return { from, to };
};

const jobText = (job: RetagJob): string => {
  const failed = job.failed === 0 ? '' : `, ${grouped(job.failed)} could not be changed`;
  const why = job.error === undefined ? '' : `: ${job.error.message}`;
  const next = isUnderWay(job) ? `; it goes on: greenroom sessions retags` : '';
  return `${several(job.changed, 'session')} changed${failed}${why}${next}\n`;
};

const isUnderWay = ({ state }: RetagJob): boolean => state === 'waiting' || state === 'running';

const jobsTable = (jobs: readonly RetagJob[], { out, shell }: Invocation): string =>
  table(
    JOBS,
    jobs.map(({ jobId, state, askedAt, matched, changed, failed, ...asked }) => [
      ...[jobId, ago(askedAt, shell.nowMs()), state],
      ...[matched === null ? '-' : grouped(matched), grouped(changed), grouped(failed)],
      ...[changeText(asked.change), criteriaText(asked.criteria)],
    ]),
    out.width,
  );

const JOBS: readonly Column[] = [
  { head: 'job' },
  { head: 'asked', leftOut: 1 },
  { head: 'state' },
  { head: 'looks at' },
  { head: 'changed' },
  { head: 'failed' },
  { head: 'change', least: 16 },
  { head: 'of', least: 10, leftOut: 2 },
];

/** As it is typed. */
const changeText = ({ rename = [], remove = [], add = [] }: RetagJob['change']): string =>
  [
    ...rename.map(({ from, to }) => `--rename ${from}=${to}`),
    ...remove.map((tag) => `--remove ${tag}`),
    ...add.map((tag) => `--add ${tag}`),
  ].join(' ');

/** The query, and what options asked for in the words of the criteria. */
const criteriaText = ({ q, timeZone: _, ...others }: RetagJob['criteria']): string =>
  [
    ...(q === undefined ? [] : [String(q)]),
    ...Object.entries(others).map(([name, value]) => `${name}=${JSON.stringify(value)}`),
  ].join(' ') || 'all';
