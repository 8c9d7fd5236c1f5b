/** Which sessions have a step or a commit under way, and whether the daemon is about to stop. */
export class Activity {
  /** From now on no new turn is accepted and no step begins: what is open is left to recovery. */
  isDraining = false;
  readonly #busy = new Set<string>();

  /** Sessions with something under way. */
  get size(): number {
    return this.#busy.size;
  }

  set(session: string, isBusy: boolean): void {
    if (isBusy) this.#busy.add(session);
    else this.#busy.delete(session);
  }
}
