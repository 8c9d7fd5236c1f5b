/** Costs of all pages, added up. */

import { isPeriod } from '../../model/words.ts';
import type { SessionsApi } from '../verbs/api.ts';
import type { SessionsReplies, SessionsRequests } from '../verbs/registry.ts';

type Reply = SessionsReplies['costs'];
export type CostGroup = Reply['groups'][number];
/** Of all sessions, each of them once, whatever it counts under. */
export type CostTotal = Reply['total'];
type Miss = CostTotal['cacheMisses'][number];
type Request = SessionsRequests['costs'];

/** Sessions of one page. */
const PAGE = 200;

export interface Costs {
  readonly groups: readonly CostGroup[];
  /** undefined: of a daemon that was started before there were totals. */
  readonly total: CostTotal | undefined;
}

export const costsOf = async (
  api: Pick<SessionsApi, 'sessions'>,
  request: Omit<Request, 'cursor' | 'limit'>,
): Promise<Costs> => {
  const sums = new Map<string, CostGroup>();
  let total: Costs['total'] = NOTHING;
  let cursor: string | undefined;
  do {
    const from: Pick<Request, 'cursor'> = cursor === undefined ? {} : { cursor };
    const page = await api.sessions('costs', { ...request, limit: PAGE, ...from });
    for (const group of page.groups) {
      const { value } = group;
      sums.set(value, { value, ...together(sums.get(value) ?? NOTHING, group) });
    }
    const { total: ofPage }: { readonly total?: CostTotal } = page;
    total = total && ofPage && together(total, ofPage);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  const { by = 'day' } = request;
  const byValue = (a: CostGroup, b: CostGroup) => (a.value < b.value ? 1 : -1);
  const byCost = (a: CostGroup, b: CostGroup) => b.costUsd - a.costUsd || -byValue(a, b);
  return { groups: [...sums.values()].sort(isPeriod(by) ? byValue : byCost), total };
};

const NOTHING: CostTotal = { sessions: 0, turns: 0, costUsd: 0, unpriced: 0, cacheMisses: [] };

const together = (one: CostTotal, other: CostTotal): CostTotal => {
  const misses = new Map(one.cacheMisses.map((miss) => [miss.type, miss]));
  for (const miss of other.cacheMisses) misses.set(miss.type, added(misses.get(miss.type), miss));
  return {
    sessions: one.sessions + other.sessions,
    turns: one.turns + other.turns,
    costUsd: dollars(one.costUsd + other.costUsd),
    unpriced: one.unpriced + other.unpriced,
    cacheMisses: [...misses.values()],
  };
};

const added = (one: Miss | undefined, other: Miss): Miss =>
  one === undefined
    ? other
    : {
        type: one.type,
        times: one.times + other.times,
        missedInputTokens: one.missedInputTokens + other.missedInputTokens,
        costUsd: dollars(one.costUsd + other.costUsd),
      };

/** Sums of dollars lose what is below a nano-dollar. */
const dollars = (usd: number): number => Math.round(usd * 1e9) / 1e9;
