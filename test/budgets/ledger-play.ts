/**
 * Many sessions under three budgets each, and a store of tallies, played from a seed against the ledger's decisions. It holds
 * what it sees against the ledger's promises; `mistakes` breaks the ledger in a way that it must notice.
 */
import { LedgerBook, type LedgerSources } from '../../src/budgets/ledger.ts';
import {
  addedTo,
  type Budget,
  goneOf,
  NO_TALLY,
  type Payer,
  type Tally,
  type TallyName,
  tallyName,
} from '../../src/model/budget.ts';
import { sessionKey } from '../../src/model/ids.ts';
import type { ReserveOrder } from '../../src/session/ports/ledger.ts';
import { Dice } from '../../src/testing/dice.ts';

export interface Mistakes {
  /** What is granted is forgotten before it is committed. */
  readonly forgets?: true;
  /** What is reserved is not looked at. */
  readonly ignoresReserved?: true;
  /** Estimates are not counted as gone. */
  readonly ignoresEstimates?: true;
  /** Who waits is not looked at again. */
  readonly sleeps?: true;
}

export interface Seen {
  readonly faults: readonly string[];
  readonly granted: number;
  readonly short: number;
  readonly waited: number;
}

const DAY_MS = 86_400_000;
const AT_MS = Date.UTC(2026, 10, 29, 12);
const OWNERS = ['ann', 'bob', 'cy'];
const SESSIONS = 12;
const STEPS = 400;

interface Run {
  readonly session: string;
  readonly order: ReserveOrder;
  state: 'waiting' | 'granted' | 'reserved';
  tallies: readonly TallyName[];
}

export const playLedger = (seed: number, mistakes: Mistakes = {}): Seen => {
  const dice = new Dice(seed);
  const tallies = new Map<TallyName, Tally>();
  const faults: string[] = [];
  const counts = { granted: 0, short: 0, waited: 0 };
  let nowMs = AT_MS;
  let made = 0;
  const limits = new Map(
    ['tenant', ...OWNERS, ...range(SESSIONS)].map((value) => [value, dice.int(200, 3_000)]),
  );
  const limitOf = (value: string) => limits.get(value) ?? 0;
  const ownerOf = (session: string) => OWNERS[Number(session) % OWNERS.length] ?? '';
  const budgetsFor = ({ key, owner = '' }: Payer): readonly Budget[] => [
    { scope: 'session', value: key.sessionId, per: 'total', limitNanoUsd: limitOf(key.sessionId) },
    { scope: 'owner', value: owner, per: 'day', limitNanoUsd: limitOf(owner) },
    { scope: 'tenant', value: '', per: 'month', limitNanoUsd: limitOf('tenant') },
  ];
  const read = (name: TallyName): Tally => tallies.get(name) ?? NO_TALLY;
  const sources: LedgerSources = {
    budgetsOf: budgetsFor,
    tally: (_, name) => {
      const tally = read(name);
      if (mistakes.ignoresReserved) return { ...tally, reserved: 0 };
      return mistakes.ignoresEstimates ? { ...tally, estimated: 0 } : tally;
    },
  };
  const ledger = new LedgerBook<Run>(sources);
  const runs = new Map<string, Run>();
  const payerOf = (session: string): Payer => ({
    ...{ key: sessionKey('default', session), owner: ownerOf(session), tags: [] },
    ...{ budget: undefined, createdAtMs: 0, costNanoUsd: 0, childrenCostNanoUsd: undefined },
  });
  const change = (names: readonly TallyName[], by: Partial<Tally>) => {
    for (const name of names) tallies.set(name, addedTo(read(name), by));
  };

  const decided = (run: Run, decision: NonNullable<ReturnType<typeof ledger.reserve>>) => {
    if (decision === 'full') throw new Error('too many wait');
    if (decision.type === 'short') {
      counts.short += 1;
      runs.delete(run.session);
      return;
    }
    counts.granted += 1;
    run.state = 'granted';
    run.tallies = decision.tallies.map(({ name }) => name);
    if (mistakes.forgets) ledger.close(run.order.payer.key, run.order.grant);
  };
  const look = () => {
    if (mistakes.sleeps) return;
    for (const [run, decision] of ledger.look(nowMs)) decided(run, decision);
  };
  const ask = (session: string) => {
    made += 1;
    const order = { payer: payerOf(session), grant: `g${made}`, nanoUsd: dice.int(20, 200) };
    const run: Run = { session, order, state: 'waiting', tallies: [] };
    runs.set(session, run);
    const decision = ledger.reserve(order, run, nowMs);
    if (decision === undefined) counts.waited += 1;
    else decided(run, decision);
  };
  const commit = (run: Run) => {
    change(run.tallies, { reserved: run.order.nanoUsd });
    ledger.close(run.order.payer.key, run.order.grant);
    run.state = 'reserved';
  };
  const end = (run: Run) => {
    const { nanoUsd } = run.order;
    const gone = dice.once(4) ? { estimated: nanoUsd } : { spent: dice.int(0, nanoUsd) };
    change(run.tallies, { reserved: -nanoUsd, ...gone });
    runs.delete(run.session);
  };
  /** Each budget once, by its tally of that day. */
  const budgetsOfDay = () => {
    const budgets = range(SESSIONS).flatMap((session) => budgetsFor(payerOf(session)));
    return new Map(budgets.map((budget) => [tallyName(budget, nowMs), budget]));
  };
  let today = budgetsOfDay();
  const mustHold = () => {
    const granted = [...runs.values()].filter(({ state }) => state === 'granted');
    for (const [name, budget] of today) {
      const ofIt = granted
        .filter((run) => run.tallies.includes(name))
        .reduce((sum, { order }) => sum + order.nanoUsd, 0);
      const taken = goneOf(read(name)) + read(name).reserved + ofIt;
      const limit = budget.limitNanoUsd + read(name).extra;
      if (taken > limit) faults.push(`${name}: ${taken} of ${limit} are taken`);
    }
  };

  for (let step = 0; step < STEPS && faults.length === 0; step += 1) {
    const session = dice.pick(range(SESSIONS));
    const run = runs.get(session);
    if (run === undefined) ask(session);
    else if (run.state === 'granted') {
      if (dice.once(5)) {
        ledger.close(run.order.payer.key, run.order.grant); // given back
        runs.delete(session);
      } else commit(run);
    } else if (run.state === 'reserved') end(run);
    if (dice.once(60)) {
      for (const each of runs.values()) if (each.state === 'granted') commit(each); // none takes a day
      nowMs += DAY_MS;
      today = budgetsOfDay();
    }
    look();
    mustHold();
  }
  // Whoever waits is answered once nobody is at work any more.
  for (const run of [...runs.values()]) {
    if (run.state === 'granted') commit(run);
    if (run.state === 'reserved') end(run);
    look();
  }
  for (let left = runs.size; left > 0; left -= 1)
    for (const run of [...runs.values()]) {
      if (run.state === 'granted') commit(run);
      if (run.state === 'reserved') end(run);
      look();
    }
  if (runs.size > 0) faults.push(`${runs.size} orders wait, and all money is free`);
  return { faults, ...counts };
};

const range = (length: number): readonly string[] =>
  Array.from({ length }, (_, number) => String(number));
