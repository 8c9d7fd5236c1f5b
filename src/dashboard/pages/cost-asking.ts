/**
 * What is asked for the costs of a span. How many sessions have changed in it is asked first: of few, each turn counts that
 * ended in it; of very many, which would take minutes to read, what they have cost altogether, as the catalog knows it.
 * Pure: who asks is handed in.
 */
import type { SessionsReplies, SessionsRequests } from '../ground/replies.ts';
import { added } from './cost-sums.ts';

export type Group = SessionsReplies['costs']['groups'][number];
export const WAYS = ['day', 'tag', 'model', 'owner'] as const;
export type Way = (typeof WAYS)[number];

/** Sessions of one question, and of how many each turn is read unasked. */
export const PAGE = 200;
export const MOST_READ = 10 * PAGE;
/** Values that a table has room for. */
const MOST_VALUES = 1_000;

/** Asks the daemon. */
export type Ask = <V extends 'count' | 'costs' | 'facets'>(
  verb: V,
  request: SessionsRequests[V],
) => Promise<SessionsReplies[V]>;

export interface Wanted {
  readonly by: Way;
  readonly q: string;
  /** RFC 3339. */
  readonly spentAfter: string;
  /** Each turn is read, however many there are. */
  readonly isExact: boolean;
}

export interface CostSum {
  readonly groups: readonly Group[];
  readonly totalUsd: number;
  /** Sessions that have changed in the span. */
  readonly sessions: number;
  /** Each turn was read; false: sessions count with all that they have cost, and days are those on which they were made. */
  readonly isExact: boolean;
}

export const askCosts = async (ask: Ask, wanted: Wanted): Promise<CostSum> => {
  const { q, spentAfter, isExact } = wanted;
  const sums = await ask('count', { q, updatedAfter: spentAfter });
  const readsAll = isExact || sums.count <= MOST_READ;
  const groups = await (readsAll ? ofTurns(ask, wanted) : ofSessions(ask, wanted, sums));
  const totalUsd = readsAll ? groups.reduce((sum, { costUsd }) => sum + costUsd, 0) : sums.costUsd;
  return { groups, totalUsd, sessions: sums.count, isExact: readsAll };
};

const ofTurns = async (ask: Ask, { by, q, spentAfter }: Wanted): Promise<readonly Group[]> => {
  let groups: readonly Group[] = [];
  let place: { readonly cursor?: string } = {};
  for (;;) {
    const reply = await ask('costs', { q, by, spentAfter, limit: PAGE, ...place });
    groups = added(groups, reply.groups);
    if (reply.nextCursor === undefined) return groups;
    place = { cursor: reply.nextCursor };
  }
};

type Sums = Pick<SessionsReplies['count'], 'costUsd' | 'costIsPartial' | 'turns'>;

const ofSessions = async (
  ask: Ask,
  { by, q, spentAfter }: Wanted,
  all: SessionsReplies['count'],
): Promise<readonly Group[]> => {
  const request = { q, by, updatedAfter: spentAfter, limit: MOST_VALUES };
  const { facets, values } = await ask('facets', request);
  const groups = facets.map(({ value, sessions, ...sums }) => groupOf(value, sessions, sums));
  const isWhole = values === facets.length;
  return isWhole && (by === 'model' || by === 'owner') ? withRest(groups, all) : groups;
};

const groupOf = (value: string, sessions: number, sums: Sums): Group => ({
  ...{ value, sessions, turns: sums.turns, costUsd: sums.costUsd, cacheMisses: [] },
  unpriced: sums.costIsPartial === true ? 1 : 0,
});

/** With those that have no value: a session has one model and one owner at most. */
const withRest = (groups: readonly Group[], all: SessionsReplies['count']): readonly Group[] => {
  const sum = (of: (group: Group) => number) =>
    groups.reduce((total, group) => total + of(group), 0);
  const sessions = all.count - sum((group) => group.sessions);
  if (sessions <= 0) return groups;
  const turns = all.turns - sum((group) => group.turns);
  const costUsd = Math.max(0, all.costUsd - sum((group) => group.costUsd));
  return [...groups, groupOf('', sessions, { turns, costUsd })];
};
