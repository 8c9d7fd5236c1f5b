/** Verbs on the budgets of a tenant. A session's own is a setting of it. */
import { z } from 'zod';
import { type BudgetName, periodOf, usdLimit } from '../../model/budget.ts';
import { GreenroomError } from '../../model/errors.ts';
import { nanoUsdOf, usdOf } from '../../model/money.ts';
import { BUDGET_PERIODS, BUDGET_SCOPES } from '../../model/words.ts';
import { normaliseTag } from '../../tags/tags.ts';
import { catalogName } from '../ports/catalog.ts';
import { type BudgetState, type Ledger, ledgerName } from '../ports/ledger.ts';
import { type Ground, type SessionsWork, sessionsVerb } from './verb.ts';

const usd = z.number();

const BudgetView = z.strictObject({
  scope: z.enum(BUDGET_SCOPES),
  /** The owner or tag; absent: it is for all of the tenant. */
  value: z.string().exactOptional(),
  per: z.enum(BUDGET_PERIODS),
  maxUsd: usd,
  /** The present one, as `2026-11-29` or `2026-11`, of UTC; absent: it counts for ever. */
  period: z.string().exactOptional(),
  /** What people have allowed beyond `maxUsd` in this period. */
  extraUsd: usd,
  /** By answers that came. */
  spentUsd: usd,
  /** By calls whose answers were lost: the most that they can have cost. */
  estimatedUsd: usd,
  /** The most that the calls under way can cost. */
  reservedUsd: usd,
  /** What is left beside all three. */
  leftUsd: usd,
  /** It stands in `USER_MONTHLY_BUDGET_USD`. */
  isConfigured: z.literal(true).exactOptional(),
});

const nameShape = {
  scope: z
    .enum(['tag', 'owner', 'tenant'])
    .describe('whom it is for; that of one session is its setting `budget`'),
  value: z.string().min(1).max(256).optional().describe('the owner or tag'),
  per: z
    .enum(BUDGET_PERIODS)
    .default('total')
    .describe('calendar days and months of UTC, or for ever'),
};

/** Owners whose configured budget is shown where none is named. */
const MAX_OWNERS = 100;

const budgets = sessionsVerb('budgets', {
  request: z.strictObject({
    owner: z.string().min(1).max(256).optional().describe('only what holds for this owner'),
    scope: z.enum(BUDGET_SCOPES).optional().describe('only budgets of this kind'),
  }),
  reply: z.strictObject({ budgets: z.array(BudgetView) }),
  run: async (work, { owner, scope }) => {
    const owners = owner === undefined ? await ownersOf(work) : [owner];
    const all = ledgerOf(work).list(work.context.tenant, owners);
    const wanted = all.filter(
      ({ budget }) =>
        (scope === undefined || budget.scope === scope) &&
        (owner === undefined || budget.scope !== 'owner' || budget.value === owner),
    );
    return { budgets: wanted.map((state) => viewOf(state, nowMs(work))) };
  },
});

const putBudget = sessionsVerb('put-budget', {
  request: z.strictObject({ ...nameShape, maxUsd: usdLimit.describe('in dollars') }),
  reply: z.strictObject({ budget: BudgetView }),
  run: async (work, { maxUsd, ...name }) => {
    const budget = { ...nameOf(name), limitNanoUsd: nanoUsdOf(maxUsd) };
    const state = await ledgerOf(work).put(work.context.tenant, budget);
    return { budget: viewOf(state, nowMs(work)) };
  },
});

const deleteBudget = sessionsVerb('delete-budget', {
  request: z.strictObject(nameShape),
  reply: z.strictObject({ deleted: z.boolean() }),
  run: async (work, name) => ({
    deleted: await ledgerOf(work).delete(work.context.tenant, nameOf(name)),
  }),
});

export const budgetVerbs = {
  ...{ budgets, 'put-budget': putBudget, 'delete-budget': deleteBudget },
};

const ledgerOf = ({ caller }: Ground): Ledger => caller.system.fetch(ledgerName);
const nowMs = ({ caller }: Ground): number => caller.system.clock.now();

/** Throws `invalid_settings` where the value does not go with the scope. */
const nameOf = ({
  scope,
  value,
  per,
}: {
  scope: 'tag' | 'owner' | 'tenant';
  value?: string | undefined;
  per: BudgetName['per'];
}): BudgetName => {
  if ((scope === 'tenant') !== (value === undefined))
    throw new GreenroomError(
      'invalid_settings',
      scope === 'tenant' ? 'value: a tenant has one budget for all' : `value: which ${scope}?`,
      { details: { field: 'value' } },
    );
  return { scope, per, value: scope === 'tag' ? normaliseTag(value ?? '') : (value ?? '') };
};

const ownersOf = async ({ caller, context }: SessionsWork): Promise<readonly string[]> => {
  const { facets } = await caller.system
    .fetch(catalogName)
    .facets(context.tenant, { by: 'owner', limit: MAX_OWNERS });
  return facets.map(({ value }) => value);
};

const viewOf = (
  { budget, tally, isConfigured }: BudgetState,
  atMs: number,
): z.output<typeof BudgetView> => {
  const { scope, value, per, limitNanoUsd } = budget;
  const period = periodOf(per, atMs);
  const left = limitNanoUsd + tally.extra - tally.spent - tally.estimated - tally.reserved;
  return {
    ...{ scope, per, maxUsd: usdOf(limitNanoUsd) },
    ...(value === '' ? {} : { value }),
    ...(period === '' ? {} : { period }),
    ...{ extraUsd: usdOf(tally.extra), spentUsd: usdOf(tally.spent) },
    ...{ estimatedUsd: usdOf(tally.estimated), reservedUsd: usdOf(tally.reserved) },
    leftUsd: usdOf(left),
    ...(isConfigured ? { isConfigured } : {}),
  };
};
