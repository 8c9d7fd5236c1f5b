/** The sub-agents of a session as a tree, with what each has cost and what all have. */
import { z } from 'zod';
import { MAX_PAGE } from '../../model/criteria.ts';
import { usdOf } from '../../model/money.ts';
import { catalogName } from '../ports/catalog.ts';
import { costOf, descendantsOf, type FamilyCost } from './descendants.ts';
import { SessionSummary } from './reply-schemas.ts';
import { sessionVerb } from './verb.ts';
import { summaryView } from './views.ts';

const usd = z.number().min(0);

const ChildrenReply = z.strictObject({
  sessionId: z.string(),
  /** Its own; null: the price of a model that answered is not known. */
  costUsd: usd.nullable(),
  /** Of all its sub-agents, theirs included. */
  childrenCostUsd: usd.nullable(),
  /** Both. */
  totalCostUsd: usd.nullable(),
  /** The known part of it, where the total is not known. */
  knownCostUsd: usd.exactOptional(),
  /** Sub-agents in all, theirs included. */
  count: z.int().min(0),
  /** The first of them: each before its own, brothers in the order of their making. `depth` 1: of the session itself. */
  children: z.array(SessionSummary.extend({ depth: z.int().min(1) })),
});

const children = sessionVerb('children', {
  request: z.strictObject({
    limit: z.int().min(1).max(MAX_PAGE).default(100).describe('sub-agents that are listed'),
  }),
  reply: ChildrenReply,
  run: async ({ caller, key }, { limit }) => {
    const head = await caller.known(key);
    const catalog = caller.system.fetch(catalogName);
    const all = await descendantsOf(catalog, key.tenant, key.sessionId);
    const own = { costNanoUsd: head.costNanoUsd, isPartial: head.unpricedAnswers > 0 };
    const theirs = costOf(all.map(({ row }) => row));
    const sum = {
      costNanoUsd: own.costNanoUsd + theirs.costNanoUsd,
      isPartial: own.isPartial || theirs.isPartial,
    };
    return {
      sessionId: key.sessionId,
      costUsd: whole(own),
      childrenCostUsd: whole(theirs),
      totalCostUsd: whole(sum),
      ...(sum.isPartial ? { knownCostUsd: usdOf(sum.costNanoUsd) } : {}),
      count: all.length,
      children: all.slice(0, limit).map(({ row, depth }) => ({ ...summaryView(row), depth })),
    };
  },
});

const whole = ({ costNanoUsd, isPartial }: FamilyCost): number | null =>
  isPartial ? null : usdOf(costNanoUsd);

export const childrenVerbs = { children };
