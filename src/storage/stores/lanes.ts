/**
 * Work in the order in which it was asked for, one at a time per key; other keys do not wait. Work that needs
 * several keys takes its place behind all of them at once, so nobody waits in a circle. A failure does not
 * hold up what comes next.
 */
export class Lanes {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = keys.flatMap((key) => this.#last.get(key) ?? []);
    const mine = before.length === 0 ? work() : Promise.allSettled(before).then(work);
    for (const key of keys) this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      for (const key of keys) if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
