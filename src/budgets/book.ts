/**
 * The budgets of all tenants, as they were put: `budgets.json` of the data directory. It owns the file, and the table that
 * every session looks into before a model call.
 *
 * 1. A change is on disk before it holds.
 * 2. While there are none, to ask costs two comparisons.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type Budget,
  type BudgetName,
  budgetKey,
  ownBudget,
  type Payer,
  usdLimit,
} from '../model/budget.ts';
import { GreenroomError } from '../model/errors.ts';
import type { Tenant } from '../model/ids.ts';
import { nanoUsdOf, usdOf } from '../model/money.ts';
import { BUDGET_PERIODS, BUDGET_SCOPES } from '../model/words.ts';
import type { BudgetsInForce } from '../session/machine/rules.ts';
import { writeDurably } from '../storage/files/durable-files.ts';

const FILE = 'budgets.json';
/** Budgets of one tenant. */
export const MAX_BUDGETS = 10_000;

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** Tenants are looked at one by one: a record of zod's passes over one that is called `__proto__`. */
const Stored = z.strictObject({ tenants: z.custom<object>(isObject) });
const StoredBudgets = z.array(
  z.strictObject({
    scope: z.enum(BUDGET_SCOPES),
    value: z.string(),
    per: z.enum(BUDGET_PERIODS),
    maxUsd: usdLimit,
  }),
);

type OfTenant = ReadonlyMap<string, Budget>;
const NONE: OfTenant = new Map();

export class BudgetBook implements BudgetsInForce {
  /** What every owner may spend a month, unless a budget says otherwise. */
  readonly #ownersMonthNanoUsd: number | undefined;
  #dir: string | undefined;
  #tenants = new Map<string, OfTenant>();

  /** @param ownersMonthUsd of `USER_MONTHLY_BUDGET_USD`. */
  constructor(ownersMonthUsd: number | undefined) {
    this.#ownersMonthNanoUsd = ownersMonthUsd === undefined ? undefined : nanoUsdOf(ownersMonthUsd);
  }

  /** @param dir undefined: nothing is kept. Throws for a file that cannot be read: without it nobody knows what may be spent. */
  load(dir: string | undefined): void {
    this.#dir = dir;
    if (dir !== undefined) this.#tenants = storedIn(join(dir, FILE));
  }

  holdFor(payer: Payer): boolean {
    if (this.#ownersMonthNanoUsd !== undefined && payer.owner !== undefined) return true;
    if (this.#tenants.size === 0) return false;
    return this.#ofTenant(payer.key.tenant).size > 0 && this.of(payer).length > 0;
  }

  of(payer: Payer): readonly Budget[] {
    const { owner, tags } = payer;
    const { tenant } = payer.key;
    const own = ownBudget(payer);
    const put = this.#ofTenant(tenant);
    const found = own === undefined ? [] : [own];
    if (put.size > 0)
      for (const name of namesOf(tags))
        for (const budget of this.#each(put, name)) found.push(budget);
    if (owner !== undefined) found.push(...this.ofOwner(tenant, owner));
    if (put.size > 0) found.push(...this.#each(put, { scope: 'tenant', value: '' }));
    return found;
  }

  /** What holds for an owner, the configured one included. */
  ofOwner(tenant: Tenant, owner: string): readonly Budget[] {
    const put = this.#ofTenant(tenant);
    const found = put.size === 0 ? [] : this.#each(put, { scope: 'owner', value: owner });
    const month = this.#ownersMonthNanoUsd;
    if (month === undefined || found.some(({ per }) => per === 'month')) return found;
    return [...found, { scope: 'owner', value: owner, per: 'month', limitNanoUsd: month }];
  }

  /** Those that were put, in the order of their names. */
  list(tenant: Tenant): readonly Budget[] {
    return [...this.#ofTenant(tenant)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  }

  /** The budget of that name; undefined: there is none by now. Of a session's own nothing is known here. */
  find(tenant: Tenant, name: BudgetName): Budget | undefined {
    const put = this.#ofTenant(tenant).get(budgetKey(name));
    if (put !== undefined || name.scope !== 'owner') return put;
    return this.ofOwner(tenant, name.value).find(({ per }) => per === name.per);
  }

  /** @returns whether it was put, not configured. */
  has(tenant: Tenant, name: BudgetName): boolean {
    return this.#ofTenant(tenant).has(budgetKey(name));
  }

  put(tenant: Tenant, budget: Budget): void {
    const known = this.#ofTenant(tenant);
    if (known.size >= MAX_BUDGETS && !known.has(budgetKey(budget)))
      throw new GreenroomError('unavailable', `a tenant has ${MAX_BUDGETS} budgets at most`);
    this.#store(tenant, new Map(known).set(budgetKey(budget), budget));
  }

  /** @returns whether there was one. */
  delete(tenant: Tenant, name: BudgetName): boolean {
    const left = new Map(this.#ofTenant(tenant));
    if (!left.delete(budgetKey(name))) return false;
    this.#store(tenant, left);
    return true;
  }

  #each(put: OfTenant, whose: Omit<BudgetName, 'per'>): Budget[] {
    return BUDGET_PERIODS.flatMap((per) => put.get(budgetKey({ ...whose, per })) ?? []);
  }

  #ofTenant(tenant: Tenant): OfTenant {
    return this.#tenants.get(tenant) ?? NONE;
  }

  #store(tenant: Tenant, budgets: OfTenant): void {
    const next = new Map(this.#tenants).set(tenant, budgets);
    if (budgets.size === 0) next.delete(tenant);
    if (this.#dir !== undefined) writeDurably(this.#dir, FILE, textOf(next));
    this.#tenants = next;
  }
}

const namesOf = (tags: readonly string[]): readonly Omit<BudgetName, 'per'>[] =>
  tags.map((value) => ({ scope: 'tag', value }));

const textOf = (all: ReadonlyMap<string, OfTenant>): string => {
  const tenants = [...all].map(([tenant, budgets]) => [
    tenant,
    [...budgets.values()].map(({ limitNanoUsd, scope, value, per }) => ({
      ...{ scope, value, per, maxUsd: usdOf(limitNanoUsd) },
    })),
  ]);
  return `${JSON.stringify({ tenants: Object.fromEntries(tenants) }, undefined, 1)}\n`;
};

const storedIn = (file: string): Map<string, OfTenant> => {
  if (!existsSync(file)) return new Map();
  try {
    const { tenants } = Stored.parse(JSON.parse(readFileSync(file, 'utf8')));
    const all = Object.entries(tenants);
    return new Map(all.map(([tenant, budgets]) => [tenant, budgetsIn(budgets)]));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new GreenroomError('corrupt_record', `${file} cannot be read: ${why}`, { cause: error });
  }
};

const budgetsIn = (stored: unknown): OfTenant =>
  new Map(
    StoredBudgets.parse(stored).map(({ maxUsd, ...name }) => [
      budgetKey(name),
      { ...name, limitNanoUsd: nanoUsdOf(maxUsd) },
    ]),
  );
