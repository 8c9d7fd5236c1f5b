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

/** Between the one that was used before it and the one that was used after it. */
interface Held {
  readonly key: string;
  bytes: number;
  rest: () => void;
  older: Held | undefined;
  newer: Held | undefined;
}

export class SessionCache {
  readonly #limits: CacheLimits;
  readonly #held = new Map<string, Held>();
  /** The order is a chain, for a session that is used again is the common case: nothing is allocated for it. */
  #oldest: Held | undefined;
  #newest: Held | undefined;
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
    const held = this.#held.get(key);
    if (held === undefined) this.#take({ key, bytes, rest, older: undefined, newer: undefined });
    else this.#renew(held, bytes, rest);
    if (this.#isOver()) this.#squeeze(key);
  }

  drop(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#unlink(held);
    this.#bytes -= held.bytes;
  }

  #take(held: Held): void {
    this.#held.set(held.key, held);
    this.#bytes += held.bytes;
    this.#link(held);
  }

  #renew(held: Held, bytes: number, rest: () => void): void {
    this.#bytes += bytes - held.bytes;
    held.bytes = bytes;
    held.rest = rest;
    if (held === this.#newest) return;
    this.#unlink(held);
    this.#link(held);
  }

  #link(held: Held): void {
    held.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = held;
    else this.#newest.newer = held;
    this.#newest = held;
  }

  /** It points to nobody afterwards: what is gone would keep its neighbours from the frequent collections. */
  #unlink(held: Held): void {
    const { older, newer } = held;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    held.older = undefined;
    held.newer = undefined;
  }

  #isOver(): boolean {
    return this.#held.size > this.#limits.sessions || this.#bytes > this.#limits.bytes;
  }

  /** Asks the oldest to rest until the rest fits. One that is busy comes back with its next touch. */
  #squeeze(newest: string): void {
    for (let held = this.#oldest; held !== undefined; held = this.#oldest) {
      if (!this.#isOver() || held.key === newest) return;
      this.drop(held.key);
      held.rest();
    }
  }
}
