/**
 * Budgets: how much money may be spent for whom, and in which time. One is known by what it is for, so to put it again
 * changes it, and what was spent already still counts.
 *
 * What is spent stands in a tally: one small record per budget and period, which only commits of sessions change.
 */
import { z } from 'zod';
import type { SessionKey } from './ids.ts';
import { nanoUsdOf } from './money.ts';
import { tagKey } from './tag-key.ts';
import { BUDGET_PERIODS, type BUDGET_SCOPES } from './words.ts';

export type BudgetScope = (typeof BUDGET_SCOPES)[number];
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

/** What a budget is known by, within its tenant. */
export interface BudgetName {
  readonly scope: BudgetScope;
  /** The owner, the tag, or the session with the moment of its making; '' for the tenant. */
  readonly value: string;
  readonly per: BudgetPeriod;
}

export interface Budget extends BudgetName {
  readonly limitNanoUsd: number;
}

/** A budget in one period, for example an owner's in November 2026. */
export type TallyName = string & { readonly tally: true };

/** Money of one budget in one period, in nano-dollars. */
export interface Tally {
  /** Of answers that came. */
  readonly spent: number;
  /** Of model calls whose answers were lost: the most that they can have cost. */
  readonly estimated: number;
  /** The most that the calls under way can cost. */
  readonly reserved: number;
  /** What people have allowed beyond the limit. */
  readonly extra: number;
}

export const NO_TALLY: Tally = { spent: 0, estimated: 0, reserved: 0, extra: 0 };

/** What a session's change does to a tally. */
export interface TallyChange extends Partial<Tally> {
  readonly name: TallyName;
  /** The reservation that is taken with it. */
  readonly grant?: string;
}

/** The sum of a tally and what a change does to it. */
export const addedTo = (tally: Tally, change: Partial<Tally>): Tally => ({
  spent: tally.spent + (change.spent ?? 0),
  estimated: tally.estimated + (change.estimated ?? 0),
  reserved: tally.reserved + (change.reserved ?? 0),
  extra: tally.extra + (change.extra ?? 0),
});

/** What is gone, as far as anybody knows. */
export const goneOf = ({ spent, estimated }: Tally): number => spent + estimated;

/** Least and most dollars of a budget: less is nothing where nano-dollars are counted. */
export const LEAST_USD = 1e-9;
export const MOST_USD = 1_000_000;

export const usdLimit = z.number().min(LEAST_USD).max(MOST_USD);

/** A session's own; `none` lifts it. */
export const SessionBudget = z.union([
  z.literal('none'),
  z.strictObject({
    /** In dollars. */
    maxUsd: usdLimit,
    /** Calendar days and months of UTC; default `total`. */
    per: z.enum(BUDGET_PERIODS).optional(),
  }),
]);
export type SessionBudget = z.infer<typeof SessionBudget>;

/** What of a head says which budgets it is under. */
export interface Payer {
  readonly key: SessionKey;
  readonly createdAtMs: number;
  readonly owner?: string | undefined;
  readonly tags: readonly string[];
  readonly budget?: SessionBudget | undefined;
  readonly costNanoUsd: number;
  readonly childrenCostNanoUsd?: number | undefined;
}

/** The session's own budget; undefined: it has none. */
export const ownBudget = ({ key, budget, createdAtMs }: Payer): Budget | undefined =>
  budget === undefined || budget === 'none'
    ? undefined
    : {
        ...{ scope: 'session', per: budget.per ?? 'total' },
        value: `${key.sessionId}@${createdAtMs}`, // a later session of that id begins anew
        limitNanoUsd: nanoUsdOf(budget.maxUsd),
      };

/** What a session's own budget counts that was spent before it was set. */
export const spentBefore = (payer: Payer, { scope, per }: BudgetName): number =>
  scope === 'session' && per === 'total' ? payer.costNanoUsd + (payer.childrenCostNanoUsd ?? 0) : 0;

/** One text for one budget. Tags are compared as tags are. */
export const budgetKey = ({ scope, value, per }: BudgetName): string =>
  JSON.stringify([scope, scope === 'tag' ? tagKey(value) : value, per]);

export const tallyName = ({ scope, value, per }: BudgetName, atMs: number): TallyName =>
  JSON.stringify([
    ...[scope, scope === 'tag' ? tagKey(value) : value, per],
    periodOf(per, atMs),
  ]) as TallyName;

/** The budget of a tally. */
export const ofTallyName = (name: TallyName): BudgetName => {
  const [scope, value, per] = JSON.parse(name) as [BudgetScope, string, BudgetPeriod];
  return { scope, value, per };
};

/** Characters of a day and of a month in RFC 3339. */
const DAY_LENGTH = 10;
const MONTH_LENGTH = 7;

/** The calendar's, of UTC: `2026-11-29`, `2026-11`, or '' for all time. */
export const periodOf = (per: BudgetPeriod, atMs: number): string => {
  if (per === 'total') return '';
  return new Date(atMs).toISOString().slice(0, per === 'day' ? DAY_LENGTH : MONTH_LENGTH);
};

/** When the next period begins; undefined: never. */
export const periodEndMs = (per: BudgetPeriod, atMs: number): number | undefined => {
  if (per === 'total') return undefined;
  const at = new Date(atMs);
  const day = per === 'day' ? at.getUTCDate() + 1 : 1;
  const month = per === 'day' ? at.getUTCMonth() : at.getUTCMonth() + 1;
  return Date.UTC(at.getUTCFullYear(), month, day);
};

/** How long tallies of past periods are kept: longer than any call that reserved in them can wait for its answer. */
const KEPT_DAYS = { day: 62, month: 400 } as const;
const DAY_MS = 86_400_000;

/** The names of the same budget's tallies that are long past when this one begins: from the first, up to the second. */
export const longPast = (name: TallyName): readonly [TallyName, TallyName] | undefined => {
  const [scope, value, per, period = ''] = JSON.parse(name) as [
    string,
    string,
    BudgetPeriod,
    string,
  ];
  if (per === 'total') return undefined;
  const beginMs = Date.parse(period);
  if (Number.isNaN(beginMs)) return undefined;
  const oldest = periodOf(per, beginMs - KEPT_DAYS[per] * DAY_MS);
  const nameOf = (at: string) => JSON.stringify([scope, value, per, at]) as TallyName;
  return [nameOf(''), nameOf(oldest)];
};

/** For people: `owner ann (month)`. */
export const describeBudget = ({ scope, value, per }: BudgetName): string => {
  const whose = scope === 'session' ? value.slice(0, value.lastIndexOf('@')) : value;
  return `${[scope, whose].filter((part) => part !== '').join(' ')} (${per})`;
};

/** A reservation's name, of one run of a session. */
export const grantName = ({ tenant, sessionId }: SessionKey, runId: string): string =>
  `${tenant}/${sessionId}/${runId}`;
