/** What was rung lately. An entry that is still due afterwards, because its session cannot be woken, is rung less and less often. */

/** After the first time, doubled each time, up to the longest, in milliseconds. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** Entries that are remembered; the oldest is forgotten, and may be rung sooner than it should. */
const MAX_REMEMBERED = 1_000;

interface Pause {
  readonly untilMs: number;
  readonly ms: number;
}

export class Rung {
  readonly #pauses = new Map<string, Pause>();

  has(name: string): boolean {
    return this.#pauses.has(name);
  }

  mayRing(name: string, nowMs: number): boolean {
    return (this.#pauses.get(name)?.untilMs ?? nowMs) <= nowMs;
  }

  /** @param nowMs monotonic. */
  note(name: string, nowMs: number): void {
    const last = this.#pauses.get(name)?.ms;
    const ms = last === undefined ? FIRST_MS : Math.min(LONGEST_MS, 2 * last);
    this.#pauses.delete(name);
    this.#pauses.set(name, { untilMs: nowMs + ms, ms });
    const [oldest] = this.#pauses.keys();
    if (this.#pauses.size > MAX_REMEMBERED && oldest !== undefined) this.#pauses.delete(oldest);
  }
}
