/** Search criteria from options, and search results over any number of pages. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { SESSIONS_VERBS, SessionSummary } from '../session/api.ts';
import { MODES, STATUSES } from '../session/head.ts';
import type { DaemonClient } from './shell.ts';
import { collect, parseCount, parseMoment, parseMoney, parseWord } from './values.ts';

type Filter = z.input<(typeof SESSIONS_VERBS)['count']>;
type Criteria = z.input<(typeof SESSIONS_VERBS)['search']>;

export interface SearchOptions {
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
  readonly model?: string;
  readonly mode?: string;
  readonly status?: readonly string[];
  readonly owner?: string;
  readonly sort?: string;
  readonly order?: string;
  readonly limit: number;
  readonly count?: boolean;
}

const SORTS: Readonly<Record<string, NonNullable<Criteria['sortBy']>>> = {
  updated: 'updatedAt',
  created: 'createdAt',
  cost: 'cost',
  turns: 'turns',
};

/** `list` takes the order and the limit only. */
export const addSearchOptions = (
  command: Command,
  nowMs: () => number,
  kind: 'search' | 'list',
): Command => {
  if (kind === 'search') addFilterOptions(command, parseMoment(nowMs));
  const sorts = Object.keys(SORTS);
  return command
    .option('--sort <by>', `${sorts.join(', ')} (default: updated)`, parseWord(sorts))
    .option('--order <order>', 'asc or desc (default: desc)', parseWord(['asc', 'desc']))
    .option('--limit <n>', 'most sessions shown', parseCount, 50);
};

const collectWord = (words: readonly string[]) => (text: string, before?: readonly string[]) =>
  collect(parseWord(words)(text), before);

const addFilterOptions = (command: Command, moment: (text: string) => string): Command =>
  command
    .option('--tag <tag>', 'has any of these tags', collect)
    .option('--all-tags <tag>', 'has all of these tags', collect)
    .option('--without-tag <tag>', 'has none of these tags', collect)
    .option('--tag-prefix <text>', 'has a tag that begins so')
    .option('--after <date>', 'created then or later: 2026-11-20, RFC 3339, or 7d ago', moment)
    .option('--before <date>', 'created then or earlier', moment)
    .option('--updated-after <date>', 'changed then or later', moment)
    .option('--updated-before <date>', 'changed then or earlier', moment)
    .option('--min-cost <usd>', 'cost at least that much', parseMoney)
    .option('--max-cost <usd>', 'cost at most that much', parseMoney)
    .option('--cwd <dir>', 'worked in that directory')
    .option('--model <name>', 'model')
    .option('--mode <mode>', MODES.join(', '), parseWord(MODES))
    .option('--status <status>', `any of ${STATUSES.join(', ')}`, collectWord(STATUSES))
    .option('--owner <name>', 'owner')
    .option('--count', 'only how many, and their cost');

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
  model: 'model',
  mode: 'mode',
  status: 'status',
  owner: 'owner',
} as const satisfies Partial<Record<keyof SearchOptions, keyof Filter>>;

/** The daemon checks the values: its words name the field. */
export const criteriaOf = (options: SearchOptions): Filter =>
  Object.fromEntries(
    Object.entries(NAMES).flatMap(([option, criterion]) => {
      const value = options[option as keyof typeof NAMES];
      return value === undefined ? [] : [[criterion, value]];
    }),
  );

/** The verb gives at most 1,000 at a time. */
const PAGE = 1_000;

export const searchAll = async (
  daemon: DaemonClient,
  options: SearchOptions,
): Promise<{ sessions: readonly SessionSummary[]; isCut: boolean }> => {
  const { sort, order, limit } = options;
  const sessions: SessionSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await daemon.sessions('search', {
      ...criteriaOf(options),
      ...(sort === undefined ? {} : { sortBy: SORTS[sort] ?? (sort as Criteria['sortBy']) }),
      ...(order === undefined ? {} : { order: order as Criteria['order'] }),
      ...(cursor === undefined ? {} : { cursor }),
      limit: Math.min(PAGE, limit - sessions.length),
    });
    sessions.push(...page.sessions);
    cursor = page.nextCursor;
  } while (cursor !== undefined && sessions.length < limit);
  return { sessions, isCut: cursor !== undefined };
};
