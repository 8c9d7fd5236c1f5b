/** Which sessions have a step or a commit under way, and whether the daemon is about to stop. */
import { ChurnMap } from '../../platform/churn-map.ts';

export class Activity {
  /** From now on no new turn is accepted and no step begins: what is open is left to recovery. */
  isDraining = false;
  readonly #busy = new ChurnMap<string, true>();

  /** Sessions with something under way. */
  get size(): number {
    return this.#busy.size;
  }

  set(session: string, isBusy: boolean): void {
    if (isBusy) this.#busy.set(session, true);
    else this.#busy.delete(session);
  }
}
