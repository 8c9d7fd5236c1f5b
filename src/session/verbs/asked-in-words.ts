/** What a search is asked for, with the criteria that its `q` says in words. */
import { contradictions } from '../../model/contradictions.ts';
import type { CountRequest, Criteria, Filter, SearchRequest } from '../../model/criteria.ts';
import { GreenroomError } from '../../model/errors.ts';
import { conditionOf } from '../../query/condition.ts';
import { UTC, zoneNamed } from '../../query/moments.ts';
import { parse } from '../../query/parser.ts';
import type { SortKey } from '../../query/syntax.ts';

const SORT_BY = {
  updated: 'updatedAt',
  created: 'createdAt',
  cost: 'cost',
  turns: 'turns',
  relevance: 'relevance',
} as const satisfies Readonly<Record<SortKey, NonNullable<SearchRequest['sortBy']>>>;

type Words = Pick<CountRequest, 'q' | 'timeZone'>;
type Order = Pick<SearchRequest, 'sortBy' | 'order'>;

/** Criteria as the catalog knows them, which has no order by relevance: there the newest come first. */
export type Asked = Criteria & { readonly isByRelevance?: true };

/** Throws `invalid_criteria`. */
export const criteriaOf = (
  { q, timeZone, sortBy, order, ...others }: SearchRequest,
  nowMs: number,
): Asked => {
  const asked = askedBy({ q, timeZone }, nowMs);
  const named = asked.order;
  if (named !== undefined && (sortBy ?? order) !== undefined)
    throw new GreenroomError('invalid_criteria', 'q has sort: already, so give no sortBy or order');
  const by = named?.sortBy ?? sortBy ?? 'updatedAt';
  const criteria = withCondition(others, asked.condition);
  if (by === 'relevance')
    return { ...criteria, sortBy: 'updatedAt', order: 'desc', isByRelevance: true };
  return { ...criteria, sortBy: by, order: named?.order ?? order ?? 'desc' };
};

/** Of what has no order. Throws `invalid_criteria`. */
export const filterOf = <T extends Words & Filter>(
  { q, timeZone, ...others }: T,
  nowMs: number,
): Omit<T, keyof Words> => withCondition(others, askedBy({ q, timeZone }, nowMs).condition);

/** Throws where what one of them asks leaves nothing for the other. */
const withCondition = <T extends Filter>(others: T, condition: Filter | undefined): T => {
  if (condition === undefined) return others;
  const all = { ...others, allOf: [...(others.allOf ?? []), condition] };
  const [contradiction] = contradictions(all);
  if (contradiction === undefined) return all;
  const { field, why } = contradiction;
  throw new GreenroomError('invalid_criteria', `nothing can meet them all: ${field} ${why}`, {
    details: { field: 'q' },
  });
};

const askedBy = (
  { q, timeZone }: Words,
  nowMs: number,
): { readonly condition?: Filter; readonly order?: Required<Order> } => {
  const zone = timeZone === undefined ? UTC : zoneNamed(timeZone);
  if (zone === undefined)
    throw new GreenroomError('invalid_criteria', `${timeZone} is no time zone that is known here`, {
      details: { field: 'timeZone' },
    });
  if (q === undefined) return NOTHING_ASKED;
  const { where, sort } = parse(q);
  return {
    ...(where && { condition: conditionOf(where, { nowMs, zone }) }),
    ...(sort && { order: { sortBy: SORT_BY[sort.by], order: sort.order } }),
  };
};

const NOTHING_ASKED = {};
