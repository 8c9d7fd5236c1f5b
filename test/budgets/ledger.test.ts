/** The ledger's decisions: nothing is granted twice, whoever waits is answered, and what is asked for is what is missing. */

import { describe, expect, it } from 'vitest';
import { LedgerBook } from '../../src/budgets/ledger.ts';
import {
  type Budget,
  NO_TALLY,
  type Payer,
  type Tally,
  tallyName,
} from '../../src/model/budget.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { rounds } from '../support/rounds.ts';
import { playLedger } from './ledger-play.ts';

const SEEDS = Array.from({ length: rounds(25) }, (_, seed) => seed + 1);

describe('sequences of chance', () => {
  it('never take more of a budget than its limit, and leave nobody waiting', () => {
    const seen = SEEDS.map((seed) => ({ seed, ...playLedger(seed) }));
    expect(seen.flatMap(({ seed, faults }) => faults.map((fault) => `${seed}: ${fault}`))).toEqual(
      [],
    );
    for (const count of ['granted', 'short', 'waited'] as const)
      expect(
        seen.reduce((sum, each) => sum + each[count], 0),
        count,
      ).toBeGreaterThan(50);
  });

  it.each([['forgets'], ['ignoresReserved'], ['ignoresEstimates'], ['sleeps']] as const)(
    'notice a ledger that %s',
    (mistake) => {
      const noticed = SEEDS.filter(
        (seed) => playLedger(seed, { [mistake]: true }).faults.length > 0,
      );
      expect(noticed.length).toBeGreaterThan(SEEDS.length / 4);
    },
  );
});

const AT_MS = Date.UTC(2026, 10, 29);
const PAYER: Payer = {
  ...{ key: sessionKey('default', 's'), owner: 'ann', tags: [], budget: undefined },
  ...{ createdAtMs: 0, costNanoUsd: 0, childrenCostNanoUsd: undefined },
};
const BUDGET: Budget = { scope: 'owner', value: 'ann', per: 'month', limitNanoUsd: 100 };

const ledgerOf = (tally: Partial<Tally>, budget = BUDGET) =>
  new LedgerBook<string>({
    budgetsOf: () => [budget],
    tally: () => ({ ...NO_TALLY, ...tally }),
  });

describe('an order', () => {
  it('that no budget holds for is granted, and nothing is kept of it', () => {
    const ledger = new LedgerBook<string>({ budgetsOf: () => [], tally: () => NO_TALLY });
    const order = { payer: PAYER, grant: 'g', nanoUsd: 1_000 };
    expect(ledger.reserve(order, 'me', AT_MS)).toMatchObject({ type: 'granted', tallies: [] });
    expect(ledger.isIdle).toBe(true);
  });

  it('beyond the limit is told what is missing, and when the next period begins', () => {
    const order = { payer: PAYER, grant: 'g', nanoUsd: 50 };
    expect(ledgerOf({ spent: 60 }).reserve(order, 'me', AT_MS)).toEqual({
      ...{ type: 'short', tally: tallyName(BUDGET, AT_MS), limitNanoUsd: 100, usedNanoUsd: 60 },
      ...{ neededNanoUsd: 50, endsMs: Date.UTC(2026, 11, 1) },
    });
  });

  it('within what people have allowed beyond the limit is granted', () => {
    const order = { payer: PAYER, grant: 'g', nanoUsd: 50 };
    const decision = ledgerOf({ spent: 60, extra: 10 }).reserve(order, 'me', AT_MS);
    expect(decision).toMatchObject({ type: 'granted' });
  });

  it('that is taken back holds up nobody', () => {
    const ledger = ledgerOf({ spent: 10, reserved: 60 });
    const orderOf = (name: string, nanoUsd: number) => ({
      ...{ payer: { ...PAYER, key: sessionKey('default', name) }, grant: name, nanoUsd },
    });
    expect(ledger.reserve(orderOf('a', 50), 'a', AT_MS)).toBeUndefined();
    expect(ledger.reserve(orderOf('b', 20), 'b', AT_MS)).toBeUndefined();
    expect(ledger.look(AT_MS)).toEqual([]);
    expect(ledger.withdraw('a')).toBe('a');
    expect(ledger.withdraw('a')).toBeUndefined();
    expect(ledger.look(AT_MS)).toMatchObject([['b', { type: 'granted', nanoUsd: 20 }]]);
    expect(ledger.sizes.waiting).toBe(0);
  });

  it('waits for calls under way two minutes, then a person is asked', () => {
    const ledger = ledgerOf({ spent: 10, reserved: 60 });
    const order = { payer: PAYER, grant: 'g', nanoUsd: 50 };
    expect(ledger.reserve(order, 'me', AT_MS)).toBeUndefined();
    expect(ledger.look(AT_MS + 119_000)).toEqual([]);
    expect(ledger.look(AT_MS + 120_000)).toMatchObject([
      ['me', { type: 'short', usedNanoUsd: 70 }],
    ]);
    expect(ledger.isIdle).toBe(true);
  });

  it('that was granted and is never committed is free again after half a minute', () => {
    const ledger = ledgerOf({});
    const order = { payer: PAYER, grant: 'g', nanoUsd: 80 };
    ledger.reserve(order, 'me', AT_MS);
    const other = { ...order, payer: { ...PAYER, key: sessionKey('default', 't') }, grant: 'h' };
    expect(ledger.reserve(other, 'you', AT_MS)).toBeUndefined();
    expect(ledger.look(AT_MS + 30_000)).toMatchObject([['you', { type: 'granted' }]]);
  });

  it('of a session replaces the one that its actor had before', () => {
    const ledger = ledgerOf({});
    const order = { payer: PAYER, grant: 'g', nanoUsd: 80 };
    ledger.reserve(order, 'me', AT_MS);
    expect(ledger.reserve({ ...order, grant: 'h' }, 'me', AT_MS)).toMatchObject({ grant: 'h' });
  });

  it('of a session under its own budget begins with what the session has cost', () => {
    const own: Budget = { scope: 'session', value: 's', per: 'total', limitNanoUsd: 100 };
    const payer = { ...PAYER, costNanoUsd: 30, childrenCostNanoUsd: 5 };
    const order = { payer, grant: 'g', nanoUsd: 60 };
    expect(ledgerOf({}, own).reserve(order, 'me', AT_MS)).toMatchObject({
      tallies: [{ before: 35 }],
    });
    expect(ledgerOf({}, own).reserve({ ...order, nanoUsd: 66 }, 'me', AT_MS)).toMatchObject({
      ...{ type: 'short', usedNanoUsd: 35 },
    });
  });
});
