/**
 * Figures of interleaved rounds. Rivals take turns within a round, so that what else the machine does
 * hits them alike; a ratio is made within each round, and the median over rounds is what counts.
 */
import { median } from './figures.ts';

export class Rounds<T> {
  readonly #byName = new Map<string, T[]>();

  add(name: string, measured: T): void {
    const values = this.#byName.get(name);
    if (values === undefined) this.#byName.set(name, [measured]);
    else values.push(measured);
  }

  all(name: string): readonly T[] {
    const values = this.#byName.get(name);
    if (values === undefined) throw new Error(`nothing was measured as ${name}`);
    return values;
  }

  /** One figure of each round. */
  each(name: string, figure: (measured: T) => number): readonly number[] {
    return this.all(name).map(figure);
  }

  median(name: string, figure: (measured: T) => number): number {
    return median(this.each(name, figure));
  }

  /** The figure of one rival by that of another, in each round. */
  ratios(name: string, other: string, figure: (measured: T) => number): readonly number[] {
    const others = this.each(other, figure);
    return this.each(name, figure).map((value, round) => value / (others[round] ?? Number.NaN));
  }

  ratio(name: string, other: string, figure: (measured: T) => number): number {
    return median(this.ratios(name, other, figure));
  }
}
