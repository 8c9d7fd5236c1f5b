/** Work by lanes: what is in one lane runs one after another, lanes run side by side. */
export class Lanes {
  readonly #last = new Map<string, Promise<unknown>>();

  run<T>(lane: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(lane) ?? Promise.resolve();
    const result = before.then(work, work);
    const done = result.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(lane, done);
    void done.then(() => {
      if (this.#last.get(lane) === done) this.#last.delete(lane);
    });
    return result;
  }
}
