/**
 * Group commit: what comes while earlier work is under way waits, and goes together. Alone, a piece goes at once.
 */
type Run<T, R> = (items: readonly T[]) => Promise<readonly (R | Promise<R>)[]>;

export class Groups<T, R> {
  readonly #run: Run<T, R>;
  readonly #maxUnderWay: number;
  readonly #maxItems: number;
  readonly #waiting: Waiting<T, R>[] = [];
  #underWay = 0;

  /** @param run gives a result for each item; its own failure is everybody's. */
  constructor(
    run: Run<T, R>,
    { maxUnderWay, maxItems }: { readonly maxUnderWay: number; readonly maxItems: number },
  ) {
    this.#run = run;
    this.#maxUnderWay = maxUnderWay;
    this.#maxItems = maxItems;
  }

  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#underWay >= this.#maxUnderWay || this.#waiting.length === 0) return;
    const group = this.#waiting.splice(0, this.#maxItems);
    this.#underWay += 1;
    void this.#go(group).finally(() => {
      this.#underWay -= 1;
      this.#next();
    });
  }

  async #go(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.#run(group.map(({ item }) => item));
      for (const [at, { resolve }] of group.entries()) resolve(results[at] as R | Promise<R>);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R | Promise<R>) => void;
  readonly reject: (error: unknown) => void;
}
