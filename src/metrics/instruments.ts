/**
 * What counts: plain numbers, changed in the middle of the work that they count.
 *
 * 1. Adding makes no object, once the value of the label is known.
 * 2. A label has at most `MAX_VALUES` values; further ones are counted together, as `other` (P6).
 */
import type { Declared } from './declared.ts';
import type { Family, Sample } from './text-format.ts';

/** Models and codes come from outside: a client may send any name. */
export const MAX_VALUES = 100;
export const OTHER = 'other';

interface Cell {
  value: number;
}

export class Counter {
  readonly #declared: Declared;
  readonly #cells = new Map<string, Cell>();

  constructor(declared: Declared) {
    this.#declared = declared;
    const known = declared.label === undefined ? [''] : (declared.known ?? []);
    for (const value of known) this.#cells.set(value, { value: 0 });
  }

  /** Without a label its value is empty. */
  add(labelValue: string, amount = 1): void {
    const cell = this.#cells.get(labelValue) ?? this.#newCell(labelValue);
    cell.value += amount;
  }

  #newCell(labelValue: string): Cell {
    const name = this.#cells.size < MAX_VALUES ? labelValue : OTHER;
    const cell = this.#cells.get(name) ?? { value: 0 };
    this.#cells.set(name, cell);
    return cell;
  }

  family(): Family {
    const { label } = this.#declared;
    const samples = [...this.#cells].map(
      ([value, cell]): Sample =>
        label === undefined
          ? { value: cell.value }
          : { labels: { [label]: value }, value: cell.value },
    );
    return { declared: this.#declared, samples };
  }
}

export class Histogram {
  readonly #declared: Declared;
  readonly #bounds: readonly number[];
  /** By bucket, each without those below it; last what is above all bounds. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(declared: Declared) {
    this.#declared = declared;
    this.#bounds = declared.bounds ?? [];
    this.#counts = new Float64Array(this.#bounds.length + 1);
  }

  /** A clock that was set back may give a negative time: it counts as 0. */
  observeMs(ms: number): void {
    const seconds = ms > 0 ? ms / 1_000 : 0;
    let at = 0;
    for (const bound of this.#bounds) {
      if (seconds <= bound) break;
      at += 1;
    }
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += seconds;
  }

  family(): Family {
    const samples: Sample[] = [];
    let total = 0;
    for (const [at, count] of this.#counts.entries()) {
      total += count;
      const bound = this.#bounds[at];
      const le = bound === undefined ? '+Inf' : String(bound);
      samples.push({ suffix: '_bucket', labels: { le }, value: total });
    }
    samples.push({ suffix: '_sum', value: this.#sum }, { suffix: '_count', value: total });
    return { declared: this.#declared, samples };
  }
}
