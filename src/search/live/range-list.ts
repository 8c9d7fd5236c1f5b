/**
 * Watches that stand under ranges of one number, in an order in which those that a value lies in are found without a look
 * at the others: most ranges are open at one end, so of these the ones that a value has passed stand first.
 */
import type { AskedRange } from './row-test.ts';

interface Ranged<W> {
  readonly item: W;
  readonly range: AskedRange;
}

export class RangeList<W> {
  /** Without a lowest value: the highest `max` first. */
  #upTo: readonly Ranged<W>[] = [];
  /** The others: the lowest `min` first. */
  #from: readonly Ranged<W>[] = [];

  get size(): number {
    return this.#upTo.length + this.#from.length;
  }

  add(item: W, range: AskedRange): void {
    const ranged = { item, range };
    if (range.min === -Infinity)
      this.#upTo = [...this.#upTo, ranged].sort((a, b) => b.range.max - a.range.max);
    else this.#from = [...this.#from, ranged].sort((a, b) => a.range.min - b.range.min);
  }

  delete(item: W): void {
    const isAnother = (one: Ranged<W>): boolean => one.item !== item;
    this.#upTo = this.#upTo.filter(isAnother);
    this.#from = this.#from.filter(isAnother);
  }

  /** Visits each whose range one of the two values lies in, once. */
  eachOfEither(one: number, other: number, visit: (item: W) => void): void {
    const [low, high] = one < other ? [one, other] : [other, one];
    for (const { item, range } of this.#upTo) {
      if (range.max < low) break;
      visit(item);
    }
    for (const { item, range } of this.#from) {
      if (range.min > high) break;
      if ((range.min <= low && low <= range.max) || high <= range.max) visit(item);
    }
  }
}
