// biome-ignore-all lint/plugin: this is where the real time and the real dice come in
/**
 * The real clock and the real dice. The only file that may touch `Date.now`, `performance`, `setTimeout`
 * and `Math.random`: everything else takes them from its `System`.
 */
import type { Clock, Timer } from './clock.ts';

/** Node fires at once, with a warning, what is due later than this; so later timers go in several hops. */
const LONGEST_HOP_MS = 2_147_483_647;

class NodeTimer implements Timer {
  readonly #fn: () => void;
  #leftMs: number;
  #handle: NodeJS.Timeout | undefined;

  constructor(fn: () => void, ms: number) {
    this.#fn = fn;
    this.#leftMs = ms;
    this.#hop();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  #hop(): void {
    const ms = Math.min(this.#leftMs, LONGEST_HOP_MS);
    this.#leftMs -= ms;
    this.#handle = setTimeout(() => (this.#leftMs > 0 ? this.#hop() : this.#fn()), ms);
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (fn, ms) => new NodeTimer(fn, ms),
  defer: (fn) => void setImmediate(fn),
};

/** A number in [0, 1), not for secrets. */
export const systemRandom = (): number => Math.random();
