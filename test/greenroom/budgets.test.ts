/** Budgets in a whole Greenroom: reserved before a model call, settled with its answer, and asked of a person at the limit. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { onTelemetry } from '../../src/model/telemetry.ts';
import { ledgerName } from '../../src/session/ports/ledger.ts';
import type { SessionsRequests } from '../../src/session/verbs/registry.ts';
import { ownGreenroom, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

const budgetOf = async (test: TestGreenroom, owner: string) => {
  const [budget] = await test.sessions.budgets({ owner });
  if (budget === undefined) throw new Error(`${owner} has none`);
  return budget;
};

const waits = (test: TestGreenroom, id: string) =>
  until(async () => (await test.sessions.get(id)).status === 'waiting');

/** Whether the turn asks for money; else it has ended. */
const endsOrAsks = (reading: ReturnType<TestGreenroom['begin']>): Promise<boolean> =>
  Promise.race([
    reading.saw('budget.requested').then(() => true),
    reading.finished().then(() => false),
  ]);

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
      { approvalId: requested.approvalId, budget: { limitUsd: 0.000_001 } },
    ]);
    expect(approvals[0]).not.toHaveProperty('toolName');
    const little = { ...requested, decision: 'allow', input: { usd: 0.000_001 } } as const;
    const { approvalId, decision, input } = little;
    await expect(test.sessions.approve('s', { approvalId, decision, input })).rejects.toMatchObject(
      {
        ...{ code: 'invalid_request', details: { field: 'input', leastUsd: expect.any(Number) } },
      },
    );
    expect(test.modelCalls).toHaveLength(0);
    await test.sessions.approve('s', { approvalId: requested.approvalId, decision: 'allow' });
    expect(await reading.finished()).toMatchObject({ status: 'completed' });
    const again = { approvalId: requested.approvalId, decision: 'allow' } as const;
    await expect(test.sessions.approve('s', again)).rejects.toMatchObject({
      code: 'approval_not_found',
    });
  });

  it('of a tag is not waited for by a session that a retag takes out of it', async () => {
    const test = await testGreenroom();
    await test.sessions.putBudget({ scope: 'tag', value: 'dear', maxUsd: 0.000_001 });
    const reading = test.begin('s', 'Hello', { session: { tags: ['dear'] } });
    await reading.saw('budget.requested');
    await test.sessions.retag({ tags: ['dear'], remove: ['dear'] });
    expect(await reading.finished()).toMatchObject({ status: 'completed' });
    await test.sessions.deleteBudget({ scope: 'tag', value: 'dear' });
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

  it('that others have reserved all of is waited for, and a turn that waits can be cancelled', async () => {
    const test = await testGreenroom();
    await test.sessions.putBudget({ scope: 'owner', value: 'eve', maxUsd: 0.09 });
    const session = { owner: 'eve' };
    const first = test.begin('a', '[[rehearse: wait-ms=600000]]', { session });
    await until(async () => (await test.sessions.explain('a')).waitsFor === 'model');
    const second = test.begin('b', 'Hello', { session });
    await until(async () => (await test.sessions.explain('b')).waitsFor === 'budget');
    await test.sessions.cancel('b');
    expect(await second.finished()).toMatchObject({ status: 'cancelled' });
    expect(await test.sessions.explain('a')).toMatchObject({ waitsFor: 'model' });
    await test.sessions.cancel('a');
    expect(await first.finished()).toMatchObject({ status: 'cancelled' });
    await test.sessions.deleteBudget({ scope: 'owner', value: 'eve' });
  });

  it('has the API count a prompt where that decides, and only there', async () => {
    const test = await testGreenroom();
    const prompt = 'counted '.repeat(1_000);
    const session = { owner: 'kim', maxTokens: 64, mode: 'background' } as const;
    const counts = () => test.modelCounts.length;
    await test.run('plenty', prompt, { session: { ...session, owner: 'lee' } });
    const cost = (await test.sessions.get('plenty')).totalCostUsd ?? 0;
    await test.sessions.putBudget({ scope: 'owner', value: 'lee', maxUsd: 1 });
    await test.run('far', prompt, { session: { ...session, owner: 'lee' } });
    expect(counts()).toBe(0);
    // Written to the cache the prompt costs twice as much, and so many bytes may be twice as many tokens.
    await test.sessions.putBudget({ scope: 'owner', value: 'kim', maxUsd: 2.5 * cost });
    const [finished] = (await test.run('near', prompt, { session })).slice(-1);
    expect(finished).toMatchObject({ status: 'completed' });
    expect(counts()).toBe(1);
    expect((await test.run('asked', prompt, { session })).at(-1)).toMatchObject({
      status: 'failed',
    });
    expect(counts()).toBe(2);
    // Not even an empty prompt could be paid: there is nothing to count.
    await test.sessions.putBudget({ scope: 'owner', value: 'kim', maxUsd: cost });
    expect((await test.run('gone', prompt, { session })).at(-1)).toMatchObject({
      status: 'failed',
    });
    await test.sessions.deleteBudget({ scope: 'owner', value: 'kim' });
    await test.sessions.deleteBudget({ scope: 'owner', value: 'lee' });
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

  it('that is lowered is asked about anew, so that a yes is enough', async () => {
    const test = await testGreenroom();
    const budget = { scope: 'owner', value: 'pat' } as const;
    await test.sessions.putBudget({ ...budget, maxUsd: 0.01 });
    const reading = test.begin('s', 'Hello', { session: { owner: 'pat' } });
    const first = await reading.saw('budget.requested');
    await test.sessions.putBudget({ ...budget, maxUsd: 0.001 });
    await until(async () => {
      const { approvals } = await test.sessions.approvals();
      return approvals[0] !== undefined && approvals[0].approvalId !== first.approvalId;
    });
    const [asked] = (await test.sessions.approvals()).approvals;
    const yes = { approvalId: asked?.approvalId ?? '', decision: 'allow' } as const;
    await test.sessions.approve('s', yes);
    expect(await reading.finished()).toMatchObject({ status: 'completed' });
    await test.sessions.deleteBudget(budget);
  });

  it('of a model without a price is refused', async () => {
    const test = await testGreenroom();
    const session = { model: 'unheard-of-1', budget: { maxUsd: 1 } };
    await expect(test.run('s', 'Hello', { session })).rejects.toMatchObject({
      code: 'price_unknown',
    });
  });

  it('of an owner, from the configuration, holds where no other does, and begins again with the month', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock, userMonthlyBudgetUsd: 0.004 });
    const session = { owner: 'ann', maxTokens: 64 };
    await test.run('free', 'Hello');
    let turns = 0;
    let reading = test.begin('s', 'Hello', { session });
    while (!(await endsOrAsks(reading)) && turns < 100) {
      turns += 1;
      reading = test.begin('s', 'Hello');
    }
    expect(turns).toBeGreaterThan(0);
    const spent = await budgetOf(test, 'ann');
    expect(spent).toMatchObject({ isConfigured: true, per: 'month', maxUsd: 0.004 });
    clock.skip(32 * 86_400_000);
    expect(await reading.finished()).toMatchObject({ status: 'completed' });
    expect((await budgetOf(test, 'ann')).spentUsd).toBeLessThan(spent.spentUsd);
  });
});

describe('what was spent', () => {
  it('is warned of once when four fifths are gone', async () => {
    const test = await testGreenroom();
    const prompt = `[[rehearse: text="${'word '.repeat(800)}"]]`; // what is reserved is near to what it costs
    const run = async (id: string, owner?: string) =>
      test.run(id, prompt, {
        session: { maxTokens: 1_010, ...(owner === undefined ? {} : { owner }) },
      });
    await run('measure');
    const cost = (await test.sessions.get('measure')).totalCostUsd ?? 0;
    const news: unknown[] = [];
    onTestFinished(onTelemetry('greenroom.budget.warning', (fields) => news.push(fields)));
    const watch = test.greenroom.watch()[Symbol.asyncIterator]();
    await test.sessions.putBudget({ scope: 'owner', value: 'ann', maxUsd: cost * 4.9 });
    const told = (async () => {
      for (;;) {
        const { value } = await watch.next();
        if (value?.['type'] === 'budget.warning') return value;
      }
    })();
    for (const id of ['a', 'b', 'c']) await run(id, 'ann');
    expect(news).toEqual([]);
    await run('d', 'ann');
    const warning = { budget: 'owner ann (total)', usedUsd: expect.closeTo(cost * 4, 9) };
    expect(news).toMatchObject([{ tenant: 'default', ...warning }]);
    expect(await told).toMatchObject({ type: 'budget.warning', ...warning });
    await watch.return?.();
    await test.sessions.deleteBudget({ scope: 'owner', value: 'ann' });
  });

  it('is told by owner, tag, model and period, and adds up to what the sessions have cost', async () => {
    const test = await testGreenroom();
    await test.run('a', 'One', { session: { owner: 'ann', tags: ['x', 'y'] } });
    await test.run('a', 'Two');
    await test.run('b', 'Three', { session: { owner: 'bob', tags: ['y'] } });
    await test.run('c', 'Four');
    const cost = async (id: string) => (await test.sessions.get(id)).totalCostUsd ?? 0;
    const [a, b, c] = [await cost('a'), await cost('b'), await cost('c')];
    const told = async (by: SessionsRequests['costs']['by']) =>
      Object.fromEntries(
        (await test.sessions.costs({ by })).map(({ value, costUsd, turns }) => [
          value,
          { costUsd, turns },
        ]),
      );
    const near = (usd: number, turns: number) => ({ costUsd: expect.closeTo(usd, 9), turns });
    expect(await told('owner')).toEqual({ ann: near(a, 2), bob: near(b, 1), '': near(c, 1) });
    expect(await told('tag')).toEqual({ x: near(a, 2), y: near(a + b, 3), '': near(c, 1) });
    for (const [by, name] of [
      ['day', /^\d{4}-\d\d-\d\d$/],
      ['week', /^\d{4}-W\d\d$/],
      ['month', /^\d{4}-\d\d$/],
    ] as const) {
      const groups = await told(by);
      expect(Object.values(groups)).toEqual([near(a + b + c, 4)]);
      expect(Object.keys(groups)).toEqual([expect.stringMatching(name)]);
    }
    const { total } = await test.greenroom.api.sessions('costs', { by: 'tag' });
    expect(total).toMatchObject({ ...near(a + b + c, 4), sessions: 3 }); // `a` has two tags
    expect(Object.values(await told('model'))).toEqual([near(a + b + c, 4)]);
    expect(await test.sessions.costs({ by: 'day', spentBefore: '2020-01-01' })).toEqual([]);
    const since = (spentAfter: string) =>
      test.greenroom.api.sessions('costs', { by: 'owner', spentAfter, limit: 1 });
    expect((await since('2020-01-01')).nextCursor).toBeDefined();
    expect(await since('2999-01-01')).toMatchObject({ groups: [], total: { sessions: 0 } }); // nothing of them is read
    await test.sessions.create('unspent', { owner: 'cleo' });
    const read = () => test.greenroom.status().journal?.reads;
    const before = read();
    expect(await test.sessions.costs({ by: 'owner', owner: 'cleo' })).toEqual([]);
    expect(read()).toBe(before); // the catalog knows that there is nothing to read
    const ofAnn = await test.sessions.costs({ by: 'tag', owner: 'ann' });
    expect(ofAnn.map(({ value }) => value).toSorted()).toEqual(['x', 'y']);
  });
});

describe('the ledger', () => {
  it('that crashes is back with what was spent, and turns that wait for money go on', async () => {
    const test = await testGreenroom({ userMonthlyBudgetUsd: 50 });
    const session = { owner: 'ann' };
    await test.run('s', 'One', { session });
    const before = await budgetOf(test, 'ann');
    const ledger = test.greenroom.system.fetch(ledgerName);
    test.greenroom.system.exit(ledger.ref, { crashed: new Error('as the test wants') });
    expect((await test.run('s', 'Two')).at(-1)).toMatchObject({ status: 'completed' });
    const after = await budgetOf(test, 'ann');
    expect(after.spentUsd).toBeGreaterThan(before.spentUsd);
    expect(after.spentUsd).toBe((await test.sessions.get('s')).totalCostUsd);
  });

  it('knows after a restart what was put and spent, and what is asked waits on', async () => {
    const test = await ownGreenroom();
    await test.sessions.putBudget({ scope: 'tag', value: 'lab', maxUsd: 5 });
    await test.run('s', 'One', { session: { tags: ['lab'] } });
    const asking = test.begin('t', 'Hello', { session: { budget: { maxUsd: 0.000_001 } } });
    const { approvalId } = await asking.saw('budget.requested');
    asking.done.catch(() => undefined); // its Greenroom stops
    const before = await test.sessions.budgets();
    await test.restart();
    expect(await test.sessions.budgets()).toEqual(before);
    expect(await test.sessions.asked('t')).toMatchObject([{ approvalId, budget: {} }]);
    await test.sessions.update('t', { budget: 'none' });
    await until(async () => (await test.sessions.get('t')).status === 'idle');
    expect((await test.sessions.get('t')).numTurns).toBe(1);
    expect(await test.sessions.explain('t')).toMatchObject({ waitsFor: 'nothing' });
  });

  it('has a tally that cannot be read cost those alone who pay from it', async () => {
    const test = await ownGreenroom();
    for (const value of ['ann', 'bob'])
      await test.sessions.putBudget({ scope: 'owner', value, maxUsd: 5 });
    const tally = test.journal.tally.bind(test.journal);
    test.journal.tally = (tenant, name) => {
      if (name.includes('bob')) throw new GreenroomError('corrupt_record', 'a damaged tally');
      return tally(tenant, name);
    };
    const { ref } = test.greenroom.system.fetch(ledgerName);
    const damaged = await test.run('damaged', 'Hello', { session: { owner: 'bob' } });
    expect(damaged.at(-1)).toMatchObject({ status: 'interrupted' });
    expect((await test.sessions.get('damaged')).status).toBe('parked');
    const sound = await test.run('sound', 'Hello', { session: { owner: 'ann' } });
    expect(sound.at(-1)).toMatchObject({ status: 'completed' });
    expect(test.greenroom.system.fetch(ledgerName).ref.id).toBe(ref.id);
  });

  it('refuses what is no budget', async () => {
    const test = await testGreenroom();
    for (const wrong of [
      { scope: 'owner', maxUsd: 1 },
      { scope: 'tenant', value: 'x', maxUsd: 1 },
      { scope: 'tag', value: ' ', maxUsd: 1 },
      { scope: 'owner', value: 'ann', maxUsd: 0 },
    ] as const)
      await expect(test.sessions.putBudget(wrong)).rejects.toMatchObject({
        code: 'invalid_settings',
      });
    expect(await test.sessions.budgets()).toEqual([]);
    expect(await test.sessions.deleteBudget({ scope: 'owner', value: 'nobody' })).toBe(false);
  });
});

it('without cost tracking costs are unknown, and no budget can hold', async () => {
  const test = await testGreenroom({ costTracking: 'off' });
  await test.run('s', 'Hello');
  expect((await test.sessions.get('s')).totalCostUsd).toBeNull();
  const session = { budget: { maxUsd: 1 } };
  await expect(test.run('t', 'Hello', { session })).rejects.toMatchObject({
    code: 'price_unknown',
  });
});
