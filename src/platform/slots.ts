/** So many at a time, so many wait in the order in which they came; one more is refused. */
export class Slots {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #waiting = new Set<(isIn: boolean) => void>();
  #taken = 0;

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with false when too many wait, or when the signal comes first. What was taken is given back by `give`. */
  take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#taken < this.#most) {
      this.#taken += 1;
      return Promise.resolve(true);
    }
    if (this.#waiting.size >= this.#mostWaiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (isIn: boolean) => {
        this.#waiting.delete(settle);
        signal.removeEventListener('abort', leave);
        resolve(isIn);
      };
      const leave = () => settle(false);
      signal.addEventListener('abort', leave);
      this.#waiting.add(settle);
    });
  }

  give(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#taken -= 1;
    else next(true); // the place goes on to it
  }
}
