/** The budgets that were put, as they stand in the data directory: what was taken is there again at the next start. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BudgetBook } from '../../src/budgets/book.ts';
import { type Budget, LEAST_USD, MOST_USD, usdLimit } from '../../src/model/budget.ts';
import type { Tenant } from '../../src/model/ids.ts';
import { nanoUsdOf } from '../../src/model/money.ts';

const ownDirectory = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-budgets-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
};

const loaded = (dir: string): BudgetBook => {
  const book = new BudgetBook(undefined);
  book.load(dir);
  return book;
};

const ofOwner = (value: string, usd: number): Budget => ({
  ...{ scope: 'owner', value, per: 'month', limitNanoUsd: nanoUsdOf(usd) },
});

describe('a budget that was put', () => {
  it.each([
    ['default', 'ann', 5],
    ['__proto__', '__proto__', 5],
    ['default', 'of the least', LEAST_USD],
    ['default', 'of the most', MOST_USD],
  ])('is there after a restart: of %s, %s, %d dollars', (tenant, owner, usd) => {
    const dir = ownDirectory();
    const budget = ofOwner(owner, usd);
    loaded(dir).put(tenant as Tenant, budget);
    expect(loaded(dir).list(tenant as Tenant)).toEqual([budget]);
  });

  it('has at least a nano-dollar: none that is less is taken', () => {
    for (const usd of [0, -1, 1e-12, LEAST_USD / 2, MOST_USD + 1, 1e300, Number.NaN])
      expect(usdLimit.safeParse(usd).success, String(usd)).toBe(false);
  });
});

describe('a file that is damaged', () => {
  it.each(['', '{', '[]', '{"tenants":[]}', '{"tenants":{"a":{}}}', '{"tenants":{"a":[{}]}}'])(
    'is named, and nothing is taken from it: %s',
    (text) => {
      const dir = ownDirectory();
      writeFileSync(join(dir, 'budgets.json'), text);
      expect(() => loaded(dir)).toThrow(/budgets\.json cannot be read: /);
    },
  );
});
