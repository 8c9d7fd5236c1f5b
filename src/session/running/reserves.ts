/**
 * Which run money is being asked for: one at a time, and none twice; and how much.
 *
 * What a call may cost is estimated, rather too high than too low. Where that could decide, the API is asked how many
 * tokens the prompt has: a budget must not stop a call that it can pay.
 */
import { GreenroomError } from '../../model/errors.ts';
import type { RunId } from '../../model/turn.ts';
import type { Granted, Ledger, ReserveOrder, Short } from '../ports/ledger.ts';

/** With so many estimates left in each budget it does not matter how exact they are. */
const NEAR = 3;

/** What the API says of a prompt. */
export interface PromptCount {
  /** undefined: it has not said. */
  readonly tokens: () => Promise<number | undefined>;
  /** The most that a call with such a prompt may cost, in nano-dollars. */
  readonly priceOf: (tokens: number) => number;
}

export class Reserves {
  #run: RunId | undefined;
  #isWanted = true;

  get isBusy(): boolean {
    return this.#run !== undefined;
  }

  has(run: RunId): boolean {
    return this.#run === run;
  }

  /** The turn is being cancelled: what is not asked for yet is not asked for. */
  cancel(run: RunId): void {
    if (this.#run === run) this.#isWanted = false;
  }

  /** The session ends: the same. */
  stop(): void {
    this.#isWanted = false;
  }

  end(run: RunId): void {
    if (this.#run === run) this.#run = undefined;
  }

  /** @param order with an estimate. Rejects as `Ledger.reserve`, and with `unavailable` when it was cancelled meanwhile. */
  async reserve(
    run: RunId,
    ledger: Pick<Ledger, 'hasLeft' | 'reserve'>,
    order: ReserveOrder,
    { tokens, priceOf }: PromptCount,
  ): Promise<Granted | Short> {
    this.#run = run;
    this.#isWanted = true;
    const { payer, nanoUsd: estimate } = order;
    const couldDecide =
      !ledger.hasLeft(payer, NEAR * estimate) && ledger.hasLeft(payer, priceOf(0));
    if (!couldDecide) return ledger.reserve(order);
    const counted = await tokens();
    // By now another run may be the one that is waited for: whoever cancelled this one has given its money back.
    if (this.#run !== run || !this.#isWanted)
      throw new GreenroomError('unavailable', 'the turn is being cancelled');
    const nanoUsd = counted === undefined ? estimate : priceOf(counted);
    return ledger.reserve({ ...order, nanoUsd });
  }
}
