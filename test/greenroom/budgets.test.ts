/** Budgets in a whole Greenroom: reserved before a model call, settled with its answer, and asked of a person at the limit. */
import { describe, expect, it } from 'vitest';
import { type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

const budgetOf = async (test: TestGreenroom, owner: string) => {
  const [budget] = await test.sessions.budgets({ owner });
  if (budget === undefined) throw new Error(`${owner} has none`);
  return budget;
};

const waits = (test: TestGreenroom, id: string) =>
  until(async () => (await test.sessions.get(id)).status === 'waiting');

describe('a budget', () => {
  it('counts what answers cost, and nothing stays reserved', async () => {
    const test = await testGreenroom();
    await test.sessions.putBudget({ scope: 'owner', value: 'ann', per: 'month', maxUsd: 10 });
    for (const prompt of ['One', 'Two']) await test.run('s', prompt, { session: { owner: 'ann' } });
    const { totalCostUsd } = await test.sessions.get('s');
    expect(totalCostUsd).toBeGreaterThan(0);
    const budget = await budgetOf(test, 'ann');
    expect(budget).toMatchObject({ spentUsd: totalCostUsd, reservedUsd: 0, estimatedUsd: 0 });
    await test.run('other', 'Three', { session: { owner: 'bob' } });
    expect((await budgetOf(test, 'ann')).spentUsd).toBe(totalCostUsd);
    await test.sessions.deleteBudget({ scope: 'owner', value: 'ann', per: 'month' });
  });

  it('asks for more at its limit, and the turn goes on when a person allows it', async () => {
    const test = await testGreenroom();
    const reading = test.begin('s', 'Hello', { session: { budget: { maxUsd: 0.000_001 } } });
    const requested = await reading.saw('budget.requested');
    await waits(test, 's');
    const { approvals } = await test.sessions.approvals();
    expect(approvals).toMatchObject([
      { approvalId: requested.approvalId, toolName: 'Budget', budget: { limitUsd: 0.000_001 } },
    ]);
    expect(test.modelCalls).toHaveLength(0);
    await test.sessions.approve('s', { approvalId: requested.approvalId, decision: 'allow' });
    expect(await reading.finished()).toMatchObject({ status: 'completed' });
    const again = { approvalId: requested.approvalId, decision: 'allow' } as const;
    await expect(test.sessions.approve('s', again)).rejects.toMatchObject({
      code: 'approval_not_found',
    });
  });

  it('ends the turn as failed when a person denies it', async () => {
    const test = await testGreenroom();
    const reading = test.begin('s', 'Hello', { session: { budget: { maxUsd: 0.000_001 } } });
    const { approvalId } = await reading.saw('budget.requested');
    await test.sessions.approve('s', { approvalId, decision: 'deny', reason: 'not today' });
    const { status, error } = await reading.finished();
    expect(status).toBe('failed');
    expect(error).toMatchObject({ code: 'budget_exceeded' });
    expect(error?.message).toContain('not today');
  });

  it('is not asked for by a background session', async () => {
    const test = await testGreenroom();
    const session = { mode: 'background', budget: { maxUsd: 0.000_001 } } as const;
    const finished = (await test.run('s', 'Hello', { session })).at(-1);
    expect(finished).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });
    expect((await test.sessions.get('s')).status).toBe('failed');
  });

  it('that is raised or lifted has all turns go on that wait for it', async () => {
    const test = await testGreenroom();
    const tight = { scope: 'tag', value: 'Lab', per: 'day', maxUsd: 0.000_001 } as const;
    await test.sessions.putBudget(tight);
    const session = { tags: ['lab'] };
    const first = test.begin('a', 'Hello', { session });
    await first.saw('budget.requested');
    await test.sessions.putBudget({ ...tight, maxUsd: 5 });
    expect(await first.finished()).toMatchObject({ status: 'completed' });
    await test.sessions.putBudget(tight);
    const second = test.begin('b', 'Hello', { session });
    await second.saw('budget.requested');
    expect(await test.sessions.deleteBudget({ scope: 'tag', value: 'lab', per: 'day' })).toBe(true);
    expect(await second.finished()).toMatchObject({ status: 'completed' });
  });

  it('of a model without a price is refused', async () => {
    const test = await testGreenroom();
    const session = { model: 'unheard-of-1', budget: { maxUsd: 1 } };
    await expect(test.run('s', 'Hello', { session })).rejects.toMatchObject({
      code: 'price_unknown',
    });
  });

  it('of an owner, from the configuration, begins anew with the month', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock, userMonthlyBudgetUsd: 0.000_001 });
    const reading = test.begin('s', 'Hello', { session: { owner: 'ann' } });
    await reading.saw('budget.requested');
    await test.run('free', 'Hello');
    const [budget] = await test.sessions.budgets({ owner: 'ann' });
    expect(budget).toMatchObject({ isConfigured: true, per: 'month', maxUsd: 0.000_001 });
    await test.sessions.putBudget({ scope: 'owner', value: 'ann', per: 'month', maxUsd: 1 });
    expect(await reading.finished()).toMatchObject({ status: 'completed' });
  });
});
