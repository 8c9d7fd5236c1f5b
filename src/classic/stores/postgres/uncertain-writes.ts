/**
 * Sessions of which a change may still be under way in a server that did not answer: before they are read again,
 * the reader waits for their lock. Above the limit every session counts as one of them.
 */
const MAX_DOUBTS = 10_000;

export class UncertainWrites {
  readonly #ids = new Set<string>();
  #isAboutAll = false;

  add(id: string): void {
    this.#isAboutAll ||= this.#ids.size >= MAX_DOUBTS;
    if (!this.#isAboutAll) this.#ids.add(id);
  }

  has(id: string): boolean {
    return this.#isAboutAll || this.#ids.has(id);
  }

  /** Whoever holds the lock knows that nothing older is still to come. */
  settle(id: string): void {
    this.#ids.delete(id);
  }

  get ids(): readonly string[] {
    return [...this.#ids];
  }
}
