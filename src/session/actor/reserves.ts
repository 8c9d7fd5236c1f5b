/** Which run money is being asked for: one at a time, and none twice. */
import type { RunId } from '../../model/turn.ts';

export class Reserves {
  #run: RunId | undefined;

  get isBusy(): boolean {
    return this.#run !== undefined;
  }

  has(run: RunId): boolean {
    return this.#run === run;
  }

  begin(run: RunId): void {
    this.#run = run;
  }

  end(run: RunId): void {
    if (this.#run === run) this.#run = undefined;
  }
}
