/** Money of budgets in the state machine: taken with the commit of a model call, and settled with the commit that ends it. */
import { describe, expect, it } from 'vitest';
import {
  addedTo,
  type BudgetPeriod,
  NO_TALLY,
  type Tally,
  type TallyName,
} from '../../../src/model/budget.ts';
import type { TurnId } from '../../../src/model/ids.ts';
import { runIdOf } from '../../../src/model/turn.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import type { Input, InputOf } from '../../../src/session/machine/input.ts';
import type { Change, SessionState } from '../../../src/session/machine/machine.ts';
import type { Rules } from '../../../src/session/machine/rules.ts';
import type { StepOutcome } from '../../../src/session/ports/executor.ts';
import {
  CANCEL,
  effects,
  eventsOf,
  failed,
  fresh,
  NOW,
  prompt,
  RULES,
  recordsOf,
  said,
  step,
} from './support.ts';

const UNDER: Rules = { ...RULES, budgets: { holdFor: () => true, of: () => [] } };
const MONTH = '["owner","ann","month","2026-11"]' as TallyName;
const ALL = '["tenant","","total",""]' as TallyName;

class Life {
  state: SessionState = fresh();
  last: Change | undefined;
  readonly tallies = new Map<TallyName, Tally>();

  say(input: Input, nowMs = NOW): Change {
    const change = apply(this.state, input, UNDER, nowMs);
    this.state = {
      ...change.state,
      head: { ...change.state.head, version: this.state.head.version + 1 },
    };
    for (const write of change.writes)
      if (write.type === 'tally') {
        const { name } = write.change;
        this.tallies.set(name, addedTo(this.tallies.get(name) ?? NO_TALLY, write.change));
      }
    this.last = change;
    return change;
  }

  get phase() {
    return this.state.head.openTurns[0]?.phase;
  }

  get sums(): readonly Tally[] {
    return [...this.tallies.values()];
  }
}

const reserved = (id: string, run: number, outcome: InputOf<'reserved'>['outcome']): Input => ({
  ...{ type: 'reserved', runId: runIdOf(id as TurnId, run), bytes: 400, outcome },
});
const granted = (nanoUsd = 100): InputOf<'reserved'>['outcome'] => ({
  ...{ type: 'granted', ledger: 1, grant: 'g', nanoUsd },
  tallies: [MONTH, ALL].map((name) => ({ name, before: 0 })),
});
const short = (per: BudgetPeriod = 'month'): InputOf<'reserved'>['outcome'] => ({
  ...{ type: 'short', tally: MONTH, limitNanoUsd: 1_000, usedNanoUsd: 950, neededNanoUsd: 100 },
  ...(per === 'month' ? { endsMs: NOW + 1_000 } : {}),
});

const BROKEN: StepOutcome = {
  type: 'failed',
  error: { type: 'api_error', message: 'no', retryable: false },
  partialText: 'Hel',
  provider: 'rehearsal',
};

/** A turn whose first model call is paid. */
const paid = (): Life => {
  const life = new Life();
  life.say(prompt('t'));
  life.say(reserved('t', 1, granted()));
  return life;
};

describe('a turn under a budget', () => {
  it('asks for money before its model call, and starts it with the commit that takes the money', () => {
    const life = new Life();
    life.say(prompt('t'));
    expect(life.phase).toEqual({ kind: 'reserve', run: 1 });
    const change = life.say(reserved('t', 1, granted()));
    expect(life.phase).toMatchObject({ kind: 'model', run: 1, reserved: { nanoUsd: 100 } });
    expect(effects(change)).toEqual(['startModel']);
    expect(life.sums).toEqual([
      { ...NO_TALLY, reserved: 100 },
      { ...NO_TALLY, reserved: 100 },
    ]);
  });

  it('settles with what the answer has cost', () => {
    const life = paid();
    life.say({ ...step('t', said('hi', { costNanoUsd: 70 })), bytes: 300 } as Input);
    expect(life.sums).toEqual([
      { ...NO_TALLY, spent: 70 },
      { ...NO_TALLY, spent: 70 },
    ]);
    expect(life.state.head.contextUse).toMatchObject({ bytes: 300, allBytes: 400, tokens: 10 });
  });

  it('without a budget asks nobody, and writes no tally', () => {
    const change = apply(fresh(), prompt('t'), RULES, NOW);
    expect(change.state.head.openTurns[0]?.phase).toEqual({ kind: 'model', run: 1 });
    expect(change.writes.some(({ type }) => type === 'tally')).toBe(false);
  });

  it.each([
    ['that is refused by the API', failed({ status: 400 }), { spent: 0 }],
    ['that broke in its answer', BROKEN, { estimated: 100 }],
    ['whose price is not known', said('hi', { costNanoUsd: null }), { estimated: 100 }],
    ['that is cancelled', { type: 'cancelled', partialText: '' }, { estimated: 100 }],
    [
      'that is cancelled before it was sent',
      { type: 'cancelled', partialText: '', neverSent: true },
      { spent: 0 },
    ],
    [
      'that is made again much later',
      {
        type: 'postponed',
        delayMs: 60_000,
        tried: 1,
        error: { type: 'overloaded_error', message: 'busy', retryable: true },
      },
      { spent: 0 },
    ],
  ] as const)('settles a call %s', (_, outcome, gone) => {
    const life = paid();
    life.say(step('t', outcome));
    for (const sum of life.sums) expect(sum).toEqual({ ...NO_TALLY, ...gone });
  });

  it.each([
    ['the daemon dies', { type: 'resume' }],
    ['its thread is lost', { type: 'lost', runId: runIdOf('t' as TurnId, 1) }],
    ['it is terminated', { type: 'terminate', reason: undefined, by: 'me' }],
    ['it is parked', { type: 'park', error: { code: 'internal', message: 'x', retryable: false } }],
    [
      'it is deleted',
      { ...{ type: 'delete', by: 'me', ifVersion: undefined }, tombstoneMs: 1_000 },
    ],
  ] as const satisfies readonly (readonly [string, Input])[])(
    'counts all that was reserved as an estimate when %s',
    (_, input) => {
      const life = paid();
      life.say(input);
      for (const sum of life.sums) expect(sum).toEqual({ ...NO_TALLY, estimated: 100 });
    },
  );

  it('asks again for the call that is made again after a crash', () => {
    const life = paid();
    life.say({ type: 'resume' });
    expect(life.phase).toEqual({ kind: 'reserve', run: 2 });
    life.say(reserved('t', 2, granted()));
    life.say(step('t', said('hi'), 2));
    for (const sum of life.sums) expect(sum).toEqual({ ...NO_TALLY, estimated: 100, spent: 70 });
  });

  it('gives back what is granted to a run that it does not await any more', () => {
    const life = paid();
    life.say(step('t', said('hi')));
    const change = life.say(reserved('t', 1, granted()));
    expect(effects(change)).toEqual(['giveBack']);
    expect(change.writes).toEqual([]);
  });

  it('that is cancelled while it asks ends, and gives back what comes', () => {
    const life = new Life();
    life.say(prompt('t'));
    life.say(CANCEL);
    const change = life.say(reserved('t', 1, granted()));
    expect(effects(change)).toContain('giveBack');
    expect(recordsOf(change)).toMatchObject([{ status: 'cancelled' }]);
    expect(life.sums).toEqual([]);
  });

  it('of a model without a price fails', () => {
    const life = new Life();
    life.say(prompt('t'));
    const change = life.say(reserved('t', 1, { type: 'noPrice', model: 'qwen' }));
    expect(recordsOf(change)).toMatchObject([
      { status: 'failed', error: { code: 'price_unknown' } },
    ]);
  });
});

const waiting = (per: BudgetPeriod = 'month'): Life => {
  const life = new Life();
  life.say(prompt('t'));
  life.say(reserved('t', 1, short(per)));
  return life;
};
const approve = (fields: Partial<InputOf<'approve'>['approval']> = {}): Input => ({
  ...{ type: 'approve', approvalId: 't#2', by: 'ann' },
  approval: { decision: 'allow', rules: [], ...fields } as InputOf<'approve'>['approval'],
});

describe('a budget that is used up', () => {
  it('has the turn wait for a person, who is asked for enough', () => {
    const life = waiting();
    expect(life.state.head.status).toBe('waiting');
    expect(life.last && eventsOf(life.last)).toMatchObject([
      {
        ...{ type: 'budget.requested', approvalId: 't#2', budget: 'owner ann (month)' },
        ...{ usedUsd: 950e-9, limitUsd: 1_000e-9, askedUsd: 100e-9 },
      },
    ]);
  });

  it('is raised by a yes, in the commit that has the turn ask again', () => {
    const life = waiting();
    const change = life.say(approve());
    expect(life.sums).toEqual([{ ...NO_TALLY, extra: 100 }]);
    expect(life.phase).toMatchObject({ kind: 'reserve', run: 3 });
    expect(eventsOf(change).map(({ type }) => type)).toEqual(['budget.decided']);
    expect(() => life.say(approve())).toThrow(expect.objectContaining({ code: 'already_decided' }));
  });

  it('is raised by as much as a person says', () => {
    const life = waiting();
    life.say(approve({ input: { usd: 0.5 } }));
    expect(life.sums).toEqual([{ ...NO_TALLY, extra: 500_000_000 }]);
    for (const usd of [0, -1, '5', Number.POSITIVE_INFINITY, 1e300, 1_000_001, 1e-12])
      expect(() => waiting().say(approve({ input: { usd } }))).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      );
  });

  it.each([
    ['owner', MONTH, { type: 'settings', settings: { owner: 'bob' } }],
    ['tags', '["tag","lab","total",""]', { type: 'untag', tags: ['Lab'] }],
    ['tags', '["tag","lab","total",""]', { type: 'settings', settings: { tags: ['other'] } }],
  ] satisfies readonly (readonly [string, string, Input])[])(
    'is asked about no more when the session has other %s',
    (_, tally, input) => {
      const life = new Life();
      life.say(prompt('t'));
      life.say({ type: 'settings', settings: { owner: 'ann', tags: ['Lab'] } });
      life.say(reserved('t', 1, { ...short(), tally } as never));
      life.say({ type: 'settings', settings: { title: 'no other' } });
      life.say({ type: 'tag', tags: ['further'] });
      expect(life.phase).toMatchObject({ kind: 'budget', run: 2 });
      expect(effects(life.say(input))).toContain('startModel');
      expect(life.phase).toMatchObject({ kind: 'reserve', run: 3 });
      expect(life.state.head.status).toBe('running');
    },
  );

  it('ends the turn as failed by a no', () => {
    const life = waiting();
    const change = life.say(approve({ decision: 'deny' } as never));
    expect(recordsOf(change)).toMatchObject([
      { status: 'failed', error: { code: 'budget_exceeded' } },
    ]);
    expect(life.sums).toEqual([]);
  });

  it('is not asked about again by a restart', () => {
    const life = waiting();
    const change = life.say({ type: 'resume' });
    expect(life.phase).toMatchObject({ kind: 'budget', run: 2 });
    expect(effects(change)).toEqual([]);
  });

  it('has the turn go on when it is raised or lifted, and no other when it is another', () => {
    const life = waiting();
    life.say({ type: 'budgetChanged', key: '["owner","bob","month"]' });
    expect(life.phase).toMatchObject({ kind: 'budget' });
    life.say({ type: 'budgetChanged', key: '["owner","ann","month"]' });
    expect(life.phase).toMatchObject({ kind: 'reserve', run: 3 });
  });

  it('has the turn go on when its next period begins, not earlier', () => {
    const life = waiting();
    life.say({ type: 'due' }, NOW + 999);
    expect(life.phase).toMatchObject({ kind: 'budget' });
    life.say({ type: 'due' }, NOW + 1_000);
    expect(life.phase).toMatchObject({ kind: 'reserve' });
  });

  it('ends the turn as failed when nobody answers in time', () => {
    const life = new Life();
    life.say({ type: 'create', settings: { limits: { approvalMinutes: 1 } } });
    life.say(prompt('t'));
    life.say(reserved('t', 1, short('total')));
    life.say({ type: 'due' }, NOW + 59_999);
    expect(life.phase).toMatchObject({ kind: 'budget' });
    const change = life.say({ type: 'due' }, NOW + 60_000);
    expect(recordsOf(change)).toMatchObject([
      { status: 'failed', error: { code: 'budget_exceeded' } },
    ]);
  });

  it('fails the turn of a background session at once', () => {
    const life = new Life();
    life.say({ type: 'create', settings: { mode: 'background' } });
    life.say(prompt('t'));
    const change = life.say(reserved('t', 1, short()));
    expect(recordsOf(change)).toMatchObject([
      { status: 'failed', error: { code: 'budget_exceeded' } },
    ]);
    expect(life.state.head.status).toBe('failed');
  });

  it('of the session itself is raised by its settings', () => {
    const life = new Life();
    life.say(prompt('t'));
    const tally = '["session","s@0","total",""]' as TallyName;
    life.say(reserved('t', 1, { ...short('total'), tally } as never));
    life.say({ type: 'settings', settings: { title: 'x' } });
    expect(life.phase).toMatchObject({ kind: 'budget' });
    life.say({ type: 'settings', settings: { budget: { maxUsd: 5 } } });
    expect(life.phase).toMatchObject({ kind: 'reserve' });
  });

  it('can be cancelled', () => {
    const change = waiting().say(CANCEL);
    expect(recordsOf(change)).toMatchObject([{ status: 'cancelled' }]);
  });
});

describe('money that nobody reserved', () => {
  it('of a summary counts in every budget', () => {
    const budget = { scope: 'owner', value: 'ann', per: 'month', limitNanoUsd: 1 } as const;
    const rules = { ...RULES, budgets: { holdFor: () => true, of: () => [budget] } };
    const life = new Life();
    life.say({
      ...{ type: 'append' },
      messages: [{ role: 'user', body: Buffer.from('{}'), atMs: 1 }],
    } as Input);
    const spent = { usage: life.state.head.usage, costNanoUsd: 30 };
    const compaction = { throughSeq: 1, summary: 's', spent, by: 'me' };
    const { writes } = apply(life.state, { type: 'compact', compaction }, rules, NOW);
    expect(writes.filter(({ type }) => type === 'tally')).toMatchObject([
      { change: { spent: 30 } },
    ]);
  });
});
