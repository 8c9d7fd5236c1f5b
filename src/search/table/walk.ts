/**
 * A walk over many rows of a table, in slices between which the loop has its turn.
 *
 * 1. It sees each row as it was when the walk began: a row that is about to change before its turn is visited first.
 * 2. It visits a row at most once, and none that is newer than the walk.
 */

/** @returns false to end the walk. `isInTurn`: not ahead of its turn, because it is about to change. */
type Visit = (slot: number, isInTurn: boolean) => boolean;

export class Walk {
  readonly #slots: Uint32Array;
  readonly #visit: Visit;
  /** By slot: 1 until it is visited. */
  readonly #pending: Uint8Array;
  #at = 0;
  #isOver = false;

  /**
   * @param slots of rows, each once, in the order in which they are visited
   * @param end a number that is greater than any slot's
   */
  constructor(slots: Uint32Array, end: number, visit: Visit) {
    this.#slots = slots;
    this.#visit = visit;
    this.#pending = new Uint8Array(end);
    for (const slot of slots) this.#pending[slot] = 1;
  }

  /** The row of this slot is about to change, or to go. */
  meet(slot: number): void {
    if (!this.#isOver && this.#pending[slot] === 1) this.#take(slot, false);
  }

  /** Passes so many rows, or fewer at the end; true when the walk is over. */
  step(most: number): boolean {
    const stop = Math.min(this.#slots.length, this.#at + most);
    while (this.#at < stop && !this.#isOver) {
      const slot = this.#slots[this.#at] ?? 0;
      this.#at += 1;
      if (this.#pending[slot] === 1) this.#take(slot, true);
    }
    this.#isOver ||= this.#at === this.#slots.length;
    return this.#isOver;
  }

  #take(slot: number, isInTurn: boolean): void {
    this.#pending[slot] = 0;
    if (!this.#visit(slot, isInTurn)) this.#isOver = true;
  }
}
