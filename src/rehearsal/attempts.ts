/**
 * How often the very same request has been seen, for `times=N`. Bounded: beyond `maxKeys` the oldest
 * request is forgotten and would be counted from the start.
 */
export class Attempts {
  readonly #maxKeys: number;
  readonly #counts = new Map<string, number>();

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  /** Counts this attempt and says which it is, from 1. */
  next(key: string): number {
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (this.#counts.size > this.#maxKeys) {
      for (const oldest of this.#counts.keys()) {
        this.#counts.delete(oldest);
        break;
      }
    }
    return count;
  }

  clear(): void {
    this.#counts.clear();
  }
}
