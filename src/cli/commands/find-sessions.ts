/** `greenroom sessions search`, `list`, `tags` and `directories`: which sessions there are. */
import type { FacetsRequest } from '../../model/criteria.ts';
import { FACETS, PERIODS } from '../../model/words.ts';
import {
  addCriteria,
  addPageOptions,
  criteriaOf,
  type FilterOptions,
  type PageOptions,
  searchAll,
  together,
} from '../criteria.ts';
import { usageError } from '../failure.ts';
import { ago, grouped, money, several } from '../format.ts';
import { hitLine } from '../hit-line.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { commaHint, timeZoneHere } from '../query.ts';
import type { DaemonClient } from '../shell.ts';
import { type Column, table } from '../table.ts';
import { parseCount } from '../values.ts';
import { follow } from './follow-search.ts';

type SearchOptions = FilterOptions &
  PageOptions & { readonly count?: boolean; readonly follow?: boolean };

export const registerFinding = (registration: Registration): void => {
  const { program, shell } = registration;
  const nowMs = () => shell.nowMs();
  const search = program
    .command('search [query...]')
    .description(
      'sessions that meet the query and every criterion, newest update first; words stand for what was said',
    )
    .showHelpAfterError(
      '  next: add --help to see the options; a query that begins with - is written NOT tag:done, or behind --',
    );
  addPageOptions(addCriteria(search, nowMs))
    .option('--count', 'only how many, and their cost')
    .option('--follow', 'all of them, then what enters, changes and leaves, until Ctrl-C')
    .action(
      act<[string[]], SearchOptions>(registration, (run, [words], options) =>
        run.withDaemon((daemon) =>
          (options.follow ? follow : options.count ? count : find)(daemon, run, {
            ...options,
            query: together(options.query ?? '', words.join(' ')),
          }),
        ),
      ),
    );
  addPageOptions(program.command('list').description('all sessions, newest update first')).action(
    act<[], SearchOptions>(registration, (run, _, options) =>
      run.withDaemon((daemon) => find(daemon, run, options)),
    ),
  );
  for (const [name, by, about] of [
    ['tags', 'tag', 'the tags that sessions have, the most common first'],
    ['directories', 'workingDirectory', 'the directories that sessions worked in'],
  ] as const)
    addCriteria(program.command(name).description(about), nowMs)
      .option('--limit <n>', 'most values shown, at most 1,000', parseCount, 100)
      .action(
        act<[], FilterOptions & { limit: number }>(registration, (run, _, options) =>
          run.withDaemon((daemon) => countBy(daemon, run, by, options)),
        ),
      );
  const by = program
    .command('by <field> [query...]')
    .description(`what sessions cost by ${FACETS.join(', ')}`);
  addCriteria(by, nowMs)
    .option('--limit <n>', 'most values shown, at most 1,000', parseCount, 100)
    .action(
      act<[string, string[]], FilterOptions & { limit: number }>(
        registration,
        (run, [field, words], options) =>
          run.withDaemon((daemon) =>
            countBy(daemon, run, fieldNamed(field), {
              ...options,
              query: together(options.query ?? '', words.join(' ')),
            }),
          ),
      ),
    );
};

/** An id may be cut where there is little room: its beginning is taken wherever the whole is. */
const COLUMNS: readonly Column[] = [
  { head: 'session', least: 14 },
  { head: 'updated' },
  { head: 'turns', leftOut: 2 },
  { head: 'cost' },
  { head: 'status', least: 6 },
  { head: 'tags', least: 6, leftOut: 1 },
  { head: 'title', least: 10 },
];

const find = async (daemon: DaemonClient, run: Invocation, options: SearchOptions) => {
  const { sessions, isCut, textWaiting } = await searchAll(daemon, options);
  run.out.many(sessions, () => {
    const [head = '', ...lines] = table(
      COLUMNS,
      sessions.map((each) => [
        each.sessionId,
        ago(each.updatedAt, run.shell.nowMs()),
        grouped(each.numTurns),
        money(each.totalCostUsd, each.knownCostUsd),
        each.status,
        each.tags.join(','),
        each.title ?? each.summary ?? '',
      ]),
      run.out.width,
    ).split(/(?<=\n)/);
    const hits = sessions.map(({ hit }) => (hit === undefined ? '' : hitLine(hit, run.out)));
    return head + lines.map((line, at) => line + (hits[at] ?? '')).join('');
  });
  if (textWaiting > 0)
    run.out.note(`${several(textWaiting, 'session')} cannot be found by the newest words yet`);
  if (sessions.length === 0) {
    const hint = commaHint(options.query ?? '', options.tag);
    run.out.note(`no session is found${hint === undefined ? '' : `; ${hint}`}`);
  }
  if (isCut) run.out.note('there are more: raise --limit, or narrow the search');
};

const count = async (daemon: DaemonClient, run: Invocation, options: SearchOptions) => {
  const counted = await daemon.sessions('count', await criteriaOf(daemon, options));
  run.out.one(counted, () => `${several(counted.count, 'session')}, ${sumOf(counted)}\n`);
};

const countBy = async (
  daemon: DaemonClient,
  run: Invocation,
  by: FacetsRequest['by'],
  { limit, ...options }: FilterOptions & { limit: number },
) => {
  const criteria = await criteriaOf(daemon, options);
  const timeZone = PERIODS.some((period) => period === by) ? timeZoneHere() : undefined;
  const { facets, values } = await daemon.sessions('facets', {
    ...criteria,
    ...(timeZone === undefined ? {} : { timeZone }),
    by,
    limit,
  });
  const name = by === 'workingDirectory' ? 'directory' : by;
  run.out.many(facets, () =>
    table(
      [...SUMS, { head: name, least: 20 }],
      facets.map((each) => [
        grouped(each.sessions),
        sumOf(each),
        grouped(each.turns),
        grouped(each.tokens),
        each.value,
      ]),
      run.out.width,
    ),
  );
  if (values === 0) run.out.note(`no session has a ${name}`);
  if (values > facets.length) run.out.note(`there are ${grouped(values)}: raise --limit`);
};

const SUMS: readonly Column[] = [
  { head: 'sessions' },
  { head: 'cost' },
  { head: 'turns', leftOut: 2 },
  { head: 'tokens', leftOut: 1 },
];

/** `>` where some session's cost is known in part only. */
const sumOf = ({ costUsd, costIsPartial }: { costUsd: number; costIsPartial?: true }): string =>
  costIsPartial ? money(null, costUsd) : money(costUsd);

/** Everybody says directory. */
const fieldNamed = (word: string): FacetsRequest['by'] => {
  const field = FACETS.find((each) => each === (word === 'directory' ? 'workingDirectory' : word));
  if (field === undefined)
    throw usageError(`${word} is no field to count by`, `one of ${FACETS.join(', ')}`);
  return field;
};
