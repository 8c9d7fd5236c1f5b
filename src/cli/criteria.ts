/** Search criteria from options, and search results over any number of pages. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { MODES, STATUSES } from '../model/words.ts';
import type { SessionsRequests } from '../session/verbs/registry.ts';
import type { FoundSession } from '../session/verbs/reply-schemas.ts';
import { usageError } from './failure.ts';
import { queryCriteria } from './query.ts';
import { sessionNamedOrAsTyped } from './session-name.ts';
import type { DaemonClient } from './shell.ts';
import { collect, collectWord, parseCount, parseMoment, parseMoney, parseWord } from './values.ts';

type Filter = SessionsRequests['count'];
type Criteria = SessionsRequests['search'];

export interface FilterOptions {
  readonly query?: string;
  readonly tag?: readonly string[];
  readonly allTags?: readonly string[];
  readonly withoutTag?: readonly string[];
  readonly tagPrefix?: string;
  readonly after?: string;
  readonly before?: string;
  readonly updatedAfter?: string;
  readonly updatedBefore?: string;
  readonly minCost?: number;
  readonly maxCost?: number;
  readonly cwd?: string;
  readonly under?: string;
  readonly model?: string;
  readonly mode?: string;
  readonly status?: readonly string[];
  readonly tool?: string;
  readonly hasErrors?: boolean;
  readonly hasArchive?: boolean;
  readonly hasApproval?: boolean;
  readonly owner?: string;
  readonly parent?: string;
  readonly externalKey?: string;
  readonly projectKey?: string;
}

export interface PageOptions {
  readonly sort?: string;
  readonly order?: string;
  readonly limit: number;
}

const SORTS: Readonly<Record<string, NonNullable<Criteria['sortBy']>>> = {
  updated: 'updatedAt',
  created: 'createdAt',
  cost: 'cost',
  turns: 'turns',
};

export const addPageOptions = (command: Command): Command => {
  const sorts = Object.keys(SORTS);
  return command
    .option('--sort <by>', `${sorts.join(', ')} (default: updated)`, parseWord(sorts))
    .option('--order <order>', 'asc or desc (default: desc)', parseWord(['asc', 'desc']))
    .option('--limit <n>', 'most sessions shown', parseCount, 50);
};

export const addCriteria = (command: Command, nowMs: () => number): Command => {
  const moment = parseMoment(nowMs);
  return command
    .option('--query <text>', "such as 'tag:review cost:>0.5 -status:parked'")
    .option('--tag <tag>', 'has any of these tags', collect)
    .option('--all-tags <tag>', 'has all of these tags', collect)
    .option('--without-tag <tag>', 'has none of these tags', collect)
    .option('--tag-prefix <text>', 'has a tag that begins so')
    .option(
      '--after <date>',
      'created then or later: 2026-11-20, RFC 3339, yesterday, or 7d ago',
      moment,
    )
    .option('--before <date>', 'created then or earlier', moment)
    .option('--updated-after <date>', 'changed then or later', moment)
    .option('--updated-before <date>', 'changed then or earlier', moment)
    .option('--min-cost <usd>', 'cost at least that much', parseMoney)
    .option('--max-cost <usd>', 'cost at most that much', parseMoney)
    .option('--cwd <dir>', 'worked in exactly that directory; dir/* is the same as --under dir')
    .option('--under <dir>', 'worked in that directory or below it; a relative one from here')
    .option('--model <name>', 'model')
    .option('--mode <mode>', MODES.join(', '), parseWord(MODES))
    .option('--status <status>', `any of ${STATUSES.join(', ')}`, collectWord(STATUSES))
    .option('--tool <name>', 'in which that tool was used')
    .option('--has-archive', 'that stand in an archive')
    .option('--has-approval', 'of which something waits for the answer of a person')
    .option('--has-errors', 'in which a turn, a model call or a tool failed')
    .option('--owner <name>', 'owner')
    .option('--parent <session>', 'forked from that session')
    .option('--external-key <key>', 'with that key of yours; of imports claude-code/ and their id')
    .option('--project-key <key>', "of that project of the Agent SDK's");
};

/** The names of options, in the words of the criteria. */
const NAMES = {
  tag: 'tags',
  allTags: 'allTags',
  withoutTag: 'noTags',
  tagPrefix: 'tagPrefix',
  after: 'createdAfter',
  before: 'createdBefore',
  updatedAfter: 'updatedAfter',
  updatedBefore: 'updatedBefore',
  minCost: 'minCostUsd',
  maxCost: 'maxCostUsd',
  cwd: 'workingDirectory',
  under: 'underDirectory',
  model: 'model',
  mode: 'mode',
  status: 'status',
  tool: 'tool',
  hasErrors: 'hasErrors',
  hasArchive: 'hasArchive',
  hasApproval: 'hasApproval',
  owner: 'owner',
  parent: 'parentId',
  externalKey: 'externalKey',
  projectKey: 'projectKey',
} as const satisfies Partial<Record<keyof FilterOptions, keyof Filter>>;

/** What is asked in an option and what stands behind the command: both must hold. */
export const together = (query: string, words: string): string =>
  query === '' || words === '' ? query + words : `(${query}) ${words}`;

/** The daemon checks the values: its words name the field. */
export const criteriaOf = async (daemon: DaemonClient, options: FilterOptions): Promise<Filter> => {
  const { cwd: _, under: __, parent, query = '', ...rest } = options;
  const parentId =
    parent === undefined ? {} : { parent: await sessionNamedOrAsTyped(daemon, parent) };
  const asked: FilterOptions = { ...rest, ...directoryOf(options), ...parentId };
  const plain = Object.fromEntries(
    Object.entries(NAMES).flatMap(([option, criterion]) => {
      const value = asked[option as keyof typeof NAMES];
      return value === undefined ? [] : [[criterion, value]];
    }),
  );
  return { ...plain, ...queryCriteria(query) };
};

/** `--cwd '/srv/app/*'` asks for what lies under `/srv/app`. */
const directoryOf = ({ cwd, under }: FilterOptions): FilterOptions => {
  const [, below] = /^(.*?)[/\\]\*{1,2}$/.exec(cwd ?? '') ?? [];
  if (below === undefined)
    return {
      ...(cwd === undefined ? {} : { cwd }),
      ...(under === undefined ? {} : { under: absolute(under) }),
    };
  if (under !== undefined) throw usageError('--cwd with * and --under are the same', 'give one');
  return { under: below === '' ? '/' : below };
};

/** Sessions name whole paths, so `.` is the directory that the command runs in. A path of Windows stays as it is. */
const absolute = (directory: string): string =>
  /^[A-Za-z]:[/\\]/.test(directory) ? directory : resolve(directory);

/** The verb gives at most 1,000 at a time. */
const PAGE = 1_000;

export interface Found {
  readonly sessions: readonly FoundSession[];
  /** There are more. */
  readonly isCut: boolean;
  /** Sessions whose newest words cannot be found yet. */
  readonly textWaiting: number;
}

export const searchAll = async (
  daemon: DaemonClient,
  options: FilterOptions & PageOptions,
): Promise<Found> => {
  const { sort, order, limit } = options;
  const criteria = await criteriaOf(daemon, options);
  const sessions: FoundSession[] = [];
  let cursor: string | undefined;
  let textWaiting = 0;
  do {
    const page = await daemon.sessions('search', {
      ...criteria,
      ...(sort === undefined ? {} : { sortBy: SORTS[sort] ?? (sort as Criteria['sortBy']) }),
      ...(order === undefined ? {} : { order: order as Criteria['order'] }),
      ...(cursor === undefined ? {} : { cursor }),
      limit: Math.min(PAGE, limit - sessions.length),
    });
    sessions.push(...page.sessions);
    cursor = page.nextCursor;
    textWaiting = page.textWaiting ?? 0;
  } while (cursor !== undefined && sessions.length < limit);
  return { sessions, isCut: cursor !== undefined, textWaiting };
};
