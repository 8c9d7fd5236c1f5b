/**
 * Requests that have come in one turn of the loop are begun together, when all of them are read: what is done next is then done for
 * one after the other, with its code and data at hand, and the answers leave in a row. Under load that saves a fifth of a
 * request; one alone waits for no other. It owns what has come and is not begun.
 *
 * So many at a time: between two lots what was begun goes on, and what can be answered is.
 */
import type { Clock } from '../../otp/clock.ts';

/** Of one lot. Well below what may be under way. */
export const LOT = 64;

export class Together<T> {
  readonly #begin: (one: T) => void;
  readonly #defer: Clock['defer'];
  #lot: T[] = [];

  /** @param begin must not throw. */
  constructor(begin: (one: T) => void, { defer }: Pick<Clock, 'defer'>) {
    this.#begin = begin;
    this.#defer = defer;
  }

  /** In the order in which they come. */
  take(one: T): void {
    if (this.#lot.length === LOT) this.#lot = [];
    const lot = this.#lot;
    if (lot.push(one) === 1) this.#defer(() => this.#beginAll(lot));
  }

  #beginAll(lot: readonly T[]): void {
    if (this.#lot === lot) this.#lot = [];
    for (const one of lot) this.#begin(one);
  }
}
