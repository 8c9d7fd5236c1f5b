/**
 * Work that takes turns: of one line, one at a time, in the order of asking. It owns who waits; how many that may be, is
 * the business of whoever takes the requests in.
 */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Settles as the work does, whatever became of the work before. */
  async run<T>(line: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(line) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(line, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(line) === mine) this.#last.delete(line);
    }
  }
}
