/**
 * The ledger's decisions: what is granted, what waits, what is missing. Plain data and no clock; the actor around it is in
 * `ledger-server.ts`.
 *
 * 1. Of each budget: what is gone, what is reserved and what is granted are together never more than its limit.
 * 2. What is gone and reserved stands in the journal's tallies alone. Here is only what was granted and is not there yet: a
 *    grant goes in the very tick in which its commit is told of, when it is given back, or when its time is over.
 * 3. Who finds all of a budget reserved waits, in order: calls reserve the most that they can cost, and mostly cost less.
 */
import {
  type Budget,
  budgetKey,
  goneOf,
  type Payer,
  periodEndMs,
  spentBefore,
  type Tally,
  type TallyName,
  tallyName,
} from '../model/budget.ts';
import { keyString, type SessionKey, type Tenant } from '../model/ids.ts';
import type { Granted, ReserveOrder, Short } from '../session/ports/ledger.ts';

/** A grant that is not committed by then is not used: no commit takes longer, or the journal has stopped. */
const GRANT_MS = 30_000;
/** How long it waits for calls under way. */
export const WAIT_MS = 120_000;
/** Orders that wait. */
const MAX_WAITING = 10_000;

type GrantedHere = Omit<Granted, 'ledger'>;
export type Decision = GrantedHere | Short;

interface Outstanding {
  readonly key: SessionKey;
  readonly granted: GrantedHere;
  readonly untilMs: number;
}

interface Waiting<T> {
  readonly order: ReserveOrder;
  /** What it may wait for. */
  readonly keys: readonly string[];
  readonly who: T;
  readonly untilMs: number;
}

/** What became of an order that waited. */
export type Answered<T> = readonly [who: T, decision: Decision];

export interface LedgerSources {
  /** The budgets that hold for a session. */
  readonly budgetsOf: (payer: Payer) => readonly Budget[];
  /** As it is on disk. */
  readonly tally: (tenant: Tenant, name: TallyName) => Tally;
}

/** @typeParam T who is answered. */
export class LedgerBook<T> {
  readonly #sources: LedgerSources;
  /** By session: each has one actor, and that one asks for one call at a time. */
  readonly #outstanding = new Map<string, Outstanding>();
  /** Sums of what is outstanding, by tenant and tally. */
  readonly #promised = new Map<string, number>();
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiting<T>>();
  /** How many wait for each tally. */
  readonly #queued = new Map<string, number>();

  constructor(sources: LedgerSources) {
    this.#sources = sources;
  }

  get isIdle(): boolean {
    return this.#outstanding.size === 0 && this.#waiting.size === 0;
  }

  get sizes(): { readonly outstanding: number; readonly waiting: number } {
    return { outstanding: this.#outstanding.size, waiting: this.#waiting.size };
  }

  /** undefined: it waits, and is answered by one of the other calls. `full`: too many do. */
  reserve(order: ReserveOrder, who: T, nowMs: number): Decision | 'full' | undefined {
    const decision = this.#decide(order, nowMs, true);
    if (decision !== 'busy') return decision;
    if (this.#waiting.size >= MAX_WAITING) return 'full';
    const keys = this.#keysOf(order, nowMs);
    this.#waiting.add({ order, keys, who, untilMs: nowMs + WAIT_MS });
    for (const key of keys) addTo(this.#queued, key, 1);
    return undefined;
  }

  /** Whether it would be granted by now, calls under way aside. */
  wouldPass({ payer, nanoUsd }: Omit<ReserveOrder, 'grant'>, nowMs: number): boolean {
    return this.#sources
      .budgetsOf(payer)
      .every((budget) => this.#short(payer, budget, nanoUsd, nowMs) === undefined);
  }

  /** What a budget of the session allows by now, with what people have allowed beyond it; undefined: it is under no such budget. */
  limitOf(payer: Payer, key: string, nowMs: number): number | undefined {
    const budget = this.#sources.budgetsOf(payer).find((one) => budgetKey(one) === key);
    if (budget === undefined) return undefined;
    const { extra } = this.#sources.tally(payer.key.tenant, tallyName(budget, nowMs));
    return budget.limitNanoUsd + extra;
  }

  /** The grant is on disk, or is not needed. */
  close(key: SessionKey, grant: string): void {
    const known = this.#outstanding.get(keyString(key));
    if (known?.granted.grant === grant) this.#drop(key);
  }

  /** The order is not wanted any more: it holds up no other one. @returns who waited for it. */
  withdraw(grant: string): T | undefined {
    for (const waiting of this.#waiting) {
      if (waiting.order.grant !== grant) continue;
      this.#forget(waiting);
      return waiting.who;
    }
    return undefined;
  }

  #forget(waiting: Waiting<T>): void {
    this.#waiting.delete(waiting);
    for (const key of waiting.keys) addTo(this.#queued, key, -1);
  }

  /** What the session's actor was granted before is no longer awaited: it, or the one after it, asks anew. */
  #drop(key: SessionKey): void {
    const known = this.#outstanding.get(keyString(key));
    if (known === undefined) return;
    this.#outstanding.delete(keyString(key));
    for (const { name, before } of known.granted.tallies)
      addTo(this.#promised, keyOf(key.tenant, name), -(known.granted.nanoUsd + before));
  }

  /** Something has become free: who can go on now. */
  look(nowMs: number): readonly Answered<T>[] {
    for (const { key, untilMs } of this.#outstanding.values())
      if (untilMs <= nowMs) this.#drop(key);
    const answered: Answered<T>[] = [];
    const blocked = new Set<string>();
    for (const waiting of this.#waiting) {
      const { keys } = waiting;
      const isLate = waiting.untilMs <= nowMs;
      if (!isLate && keys.some((key) => blocked.has(key))) continue;
      const decision = this.#decide(waiting.order, nowMs, false);
      if (decision === 'busy' && !isLate) {
        for (const key of keys) blocked.add(key);
        continue;
      }
      this.#forget(waiting);
      answered.push([
        waiting.who,
        decision === 'busy' ? this.#fullest(waiting.order, nowMs) : decision,
      ]);
    }
    return answered;
  }

  #decide(order: ReserveOrder, nowMs: number, isNew: boolean): Decision | 'busy' {
    const { payer, nanoUsd, grant } = order;
    this.#drop(payer.key);
    const budgets = this.#sources.budgetsOf(payer);
    for (const budget of budgets) {
      const short = this.#short(payer, budget, nanoUsd, nowMs);
      if (short !== undefined) return short;
    }
    const tallies = budgets.map((budget) => {
      const name = tallyName(budget, nowMs);
      return { name, before: this.#before(payer, budget, name) };
    });
    for (const [at, { name }] of tallies.entries()) {
      const budget = budgets[at];
      if (budget === undefined || this.#isFree(payer, budget, name, nanoUsd, isNew)) continue;
      return 'busy';
    }
    const granted: GrantedHere = { type: 'granted', grant, nanoUsd, tallies };
    if (tallies.length === 0) return granted;
    const { key } = payer;
    this.#outstanding.set(keyString(key), { key, granted, untilMs: nowMs + GRANT_MS });
    for (const { name, before } of tallies)
      addTo(this.#promised, keyOf(key.tenant, name), nanoUsd + before);
    return granted;
  }

  #short(payer: Payer, budget: Budget, nanoUsd: number, nowMs: number): Short | undefined {
    const name = tallyName(budget, nowMs);
    const tally = this.#sources.tally(payer.key.tenant, name);
    const usedNanoUsd = goneOf(tally) + this.#before(payer, budget, name);
    const limitNanoUsd = budget.limitNanoUsd + tally.extra;
    if (usedNanoUsd + nanoUsd <= limitNanoUsd) return undefined;
    const endsMs = periodEndMs(budget.per, nowMs);
    return {
      ...{ type: 'short', tally: name, limitNanoUsd, usedNanoUsd, neededNanoUsd: nanoUsd },
      ...(endsMs === undefined ? {} : { endsMs }),
    };
  }

  /** What was spent before the first reservation of a session's own budget. */
  #before(payer: Payer, budget: Budget, name: TallyName): number {
    const { spent, reserved, estimated } = this.#sources.tally(payer.key.tenant, name);
    return spent + reserved + estimated === 0 ? spentBefore(payer, budget) : 0;
  }

  #isFree(payer: Payer, budget: Budget, name: TallyName, nanoUsd: number, isNew: boolean): boolean {
    const { tenant } = payer.key;
    const key = keyOf(tenant, name);
    if (isNew && (this.#queued.get(key) ?? 0) > 0) return false; // others came before it
    const tally = this.#sources.tally(tenant, name);
    const taken = goneOf(tally) + tally.reserved + (this.#promised.get(key) ?? 0);
    const before = this.#before(payer, budget, name);
    return taken + before + nanoUsd <= budget.limitNanoUsd + tally.extra;
  }

  /** It has waited too long: a person may say whether more is to be spent. */
  #fullest({ payer, nanoUsd }: ReserveOrder, nowMs: number): Decision {
    const { tenant } = payer.key;
    const [first] = this.#sources
      .budgetsOf(payer)
      .map((budget): Short => {
        const name = tallyName(budget, nowMs);
        const tally = this.#sources.tally(tenant, name);
        const promised = this.#promised.get(keyOf(tenant, name)) ?? 0;
        const endsMs = periodEndMs(budget.per, nowMs);
        return {
          ...{ type: 'short', tally: name, neededNanoUsd: nanoUsd },
          limitNanoUsd: budget.limitNanoUsd + tally.extra,
          usedNanoUsd: goneOf(tally) + tally.reserved + promised,
          ...(endsMs === undefined ? {} : { endsMs }),
        };
      })
      .toSorted((a, b) => leftOf(a) - leftOf(b));
    if (first === undefined) throw new TypeError('an order waits for no budget');
    return first;
  }

  #keysOf({ payer }: ReserveOrder, nowMs: number): readonly string[] {
    return this.#sources
      .budgetsOf(payer)
      .map((budget) => keyOf(payer.key.tenant, tallyName(budget, nowMs)));
  }
}

const keyOf = (tenant: Tenant, name: TallyName): string => `${tenant}\0${name}`;

const leftOf = ({ limitNanoUsd, usedNanoUsd }: Short): number => limitNanoUsd - usedNanoUsd;

/** What comes to nothing is not kept. */
const addTo = (sums: Map<string, number>, key: string, by: number): void => {
  const sum = (sums.get(key) ?? 0) + by;
  if (sum === 0) sums.delete(key);
  else sums.set(key, sum);
};
