/**
 * The ledger: it says whether a model call may be paid, before the session commits that it is made. Owned here as an
 * interface, implemented in `src/budgets`.
 */
import type { Budget, BudgetName, Payer, Tally, TallyName } from '../../model/budget.ts';
import type { SessionKey, Tenant } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';
import type { ActorRef } from '../../otp/ref.ts';

export interface ReserveOrder {
  readonly payer: Payer;
  /** Names the reservation, for good: of one run of a session. */
  readonly grant: string;
  readonly nanoUsd: number;
}

/** What is missing, and of which budget. */
export interface Short {
  readonly type: 'short';
  readonly tally: TallyName;
  /** With what people have allowed beyond it. */
  readonly limitNanoUsd: number;
  readonly usedNanoUsd: number;
  readonly neededNanoUsd: number;
  /** When the budget's next period begins. */
  readonly endsMs?: number | undefined;
}

export interface Granted {
  readonly type: 'granted';
  /** The ledger's actor: what one that is gone has granted must not be committed any more. */
  readonly ledger: ActorRef['id'];
  readonly grant: string;
  readonly nanoUsd: number;
  /** Those that it is taken from, with what they begin with if this is the first of all. */
  readonly tallies: readonly { readonly name: TallyName; readonly before: number }[];
}

/** A budget, and what is spent of it in its present period. */
export interface BudgetState {
  readonly budget: Budget;
  readonly tally: Tally;
  /** It stands in the configuration, not among those that were put. */
  readonly isConfigured: boolean;
}

export interface Ledger {
  readonly ref: ActorRef;
  /**
   * The money, once it is free: it waits for calls under way that have reserved more than they will cost, at most two
   * minutes. Rejects `unavailable` while too many wait.
   */
  reserve(order: ReserveOrder): Promise<Granted | Short>;
  /** Whether so much is left beside what is gone; what calls under way may cost is not looked at. */
  hasLeft(payer: Payer, nanoUsd: number): boolean;
  /** The grant is not used; one that is waited for rejects with `unavailable`. */
  giveBack(key: SessionKey, grant: string): void;
  /** Resolves when it is on disk. Rejects `unavailable` beyond the number that a tenant may have. */
  put(tenant: Tenant, budget: Budget): Promise<BudgetState>;
  /** Resolves with whether there was one, when that is on disk. */
  delete(tenant: Tenant, name: BudgetName): Promise<boolean>;
  /** Those of a tenant; `owners`: of which the configured budget is wanted too. */
  list(tenant: Tenant, owners: readonly string[]): readonly BudgetState[];
  /** A session's own. */
  of(payer: Payer): BudgetState | undefined;
}

export const ledgerName = nameOf<Ledger>('ledger');
