/**
 * Memory that the bodies of a history are in while a context is made from it. A history is read in several steps, and
 * others are read meanwhile: each has a run of its own.
 *
 * 1. Those that are read within a turn of the loop, as from a journal in this process, share one run, one after the
 *    other. A further one is made only for one that has waited longer, and there are a few at the most.
 * 2. Those behind them wait in the order in which they came; there are no more of them than sessions that are awake.
 */
import type { Clock } from '../../otp/clock.ts';
import { type Bodies, BodyRun } from './bodies.ts';

/** Of each buffer: more than most histories need; those that are longer take further ones. */
const CHUNK_BYTES = 512 * 1024;
/** Histories that are read at a time. */
const AT_ONCE = 4;

export class Scratch {
  /** The one that was used last comes first. */
  readonly #free: BodyRun[] = [];
  readonly #runs: BodyRun[] = [];
  readonly #waiting: ((run: BodyRun) => void)[] = [];

  /** Buffers made since the beginning. */
  get made(): number {
    return this.#runs.reduce((sum, { made }) => sum + made, 0);
  }

  /** What is placed is there until `work` has ended. */
  async use<T>(clock: Pick<Clock, 'defer'>, work: (bodies: Bodies) => Promise<T>): Promise<T> {
    const run = this.#take() ?? (await this.#next(clock));
    try {
      return await work(run);
    } finally {
      run.reset();
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(run);
      else next(run);
    }
  }

  #take(): BodyRun | undefined {
    return this.#free.pop() ?? (this.#runs.length === 0 ? this.#make() : undefined);
  }

  #next(clock: Pick<Clock, 'defer'>): Promise<BodyRun> {
    clock.defer(() => {
      if (this.#waiting.length > 0 && this.#runs.length < AT_ONCE)
        this.#waiting.shift()?.(this.#make());
    });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #make(): BodyRun {
    const made = new BodyRun(CHUNK_BYTES);
    this.#runs.push(made);
    return made;
  }
}
