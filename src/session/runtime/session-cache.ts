/**
 * Which sessions stay in memory: least recently used first out, bounded in sessions and bytes.
 * It owns the order, not the sessions: who is squeezed out is told to rest and goes when it can.
 */

export interface CacheLimits {
  /** Default 20,000. */
  readonly sessions: number;
  /** Bytes of live contexts; default 256 MiB. */
  readonly bytes: number;
}

interface Held {
  bytes: number;
  readonly rest: () => void;
}

export class SessionCache {
  readonly #limits: CacheLimits;
  /** Oldest first: a Map keeps the order of insertion. */
  readonly #held = new Map<string, Held>();
  #bytes = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get sessions(): number {
    return this.#held.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A session is live, or was used, and holds so much. `rest` asks it to leave when it is idle. */
  touch(key: string, bytes: number, rest: () => void): void {
    this.drop(key);
    this.#held.set(key, { bytes, rest });
    this.#bytes += bytes;
    if (this.#isOver()) this.#squeeze(key);
  }

  drop(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#bytes -= held.bytes;
  }

  #isOver(): boolean {
    return this.#held.size > this.#limits.sessions || this.#bytes > this.#limits.bytes;
  }

  /** Asks the oldest to rest until the rest fits. One that is busy comes back with its next touch. */
  #squeeze(newest: string): void {
    for (const [key, held] of this.#held) {
      if (!this.#isOver() || key === newest) return;
      this.drop(key);
      held.rest();
    }
  }
}
