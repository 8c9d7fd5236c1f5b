/** Chance that can be had again: the same seed throws the same numbers. Not for secrets. */
export class Dice {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed;
  }

  /** In [0, 1): Mulberry32. An arrow, so that it may be handed to a system as its `random`. */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };

  /** A whole number, both ends included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** True once in so many throws, on average. */
  once(inThrows: number): boolean {
    return this.next() * inThrows < 1;
  }

  /** One of them. Throws a `TypeError` when there are none. */
  pick<const T>(list: readonly T[]): T {
    const index = this.int(0, list.length - 1);
    if (index >= list.length) throw new TypeError('there is nothing to pick from');
    return list[index] as T;
  }

  /** In an order of chance. */
  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, place: this.next() }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  }

  /** Dice of their own, so that more throws here change nothing there. */
  fork(): Dice {
    return new Dice(this.int(0, 2 ** 31 - 1));
  }
}
