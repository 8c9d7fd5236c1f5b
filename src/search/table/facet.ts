/**
 * A facet: a field of which a row has one value or none and that many rows share (model, owner,
 * status, ...). It owns the dictionary of its values, the column, and a posting per value.
 *
 * A row is in the posting of its value while it is listed: it is taken off the lists before its place in
 * their order changes, and put back afterwards.
 */
import { Column } from './columns.ts';
import { Dictionary } from './dictionary.ts';
import { alphabeticalOrder, OrderedIndex } from './ordered-index.ts';
import { Postings, type Recency } from './postings.ts';
import type { Loading, Saving } from './saved.ts';

export class Facet {
  readonly #dictionary = new Dictionary();
  readonly #values: Column;
  readonly postings: Postings;
  /** Values in alphabetical order: what a prefix asks for. */
  readonly #sorted: OrderedIndex | undefined;

  /**
   * @param isSorted whether `keysWith` will be asked.
   * @param values where each row's value stands, by its number.
   */
  constructor(
    recency: Recency,
    {
      isSorted = false,
      values = Column.uint32(),
    }: { readonly isSorted?: boolean; readonly values?: Column } = {},
  ) {
    this.#values = values;
    this.postings = new Postings(recency);
    const order = alphabeticalOrder((value) => this.#textOf(value) ?? '');
    this.#sorted = isSorted ? new OrderedIndex(order) : undefined;
  }

  list(slot: number): void {
    const value = this.#values.at(slot);
    if (value !== 0) this.postings.add(value, slot);
  }

  unlist(slot: number): void {
    const value = this.#values.at(slot);
    if (value !== 0) this.postings.delete(value, slot);
  }

  /** Of a row that is not listed. */
  set(slot: number, text: string | undefined): void {
    const old = this.#values.at(slot);
    if (text === this.#textOf(old)) return;
    if (old !== 0) {
      if (this.#dictionary.uses(old) === 1) this.#sorted?.delete(old);
      this.#dictionary.release(old);
    }
    const value = text === undefined ? 0 : this.#dictionary.acquire(text);
    if (value !== 0 && this.#dictionary.uses(value) === 1) this.#sorted?.insert(value);
    this.#values.set(slot, value);
  }

  /** Adds to `keys` every value that starts so; false when that makes more than `limit`. */
  keysWith(start: string, limit: number, keys: Set<number>): boolean {
    const sorted = this.#sorted ?? neverSorted();
    const from = sorted.rank((value) => this.#dictionary.text(value) >= start);
    sorted.ascend(from, sorted.size, (value) => {
      const isMatch = this.#dictionary.text(value).startsWith(start);
      if (isMatch) keys.add(value);
      return isMatch && keys.size <= limit;
    });
    return keys.size <= limit;
  }

  /** Each value that some row has. */
  eachValue(visit: (value: number, text: string) => void): void {
    this.#dictionary.each(visit);
  }

  text(slot: number): string | undefined {
    return this.#textOf(this.#values.at(slot));
  }

  /** The number that stands for `text` while any row has it; 0 if none has. */
  valueOf(text: string): number {
    return this.#dictionary.find(text);
  }

  valueAt(slot: number): number {
    return this.#values.at(slot);
  }

  /** How many rows have this value. */
  size(value: number): number {
    return this.#dictionary.uses(value);
  }

  get bytes(): number {
    const sorted = this.#sorted?.bytes ?? 0;
    return this.#dictionary.bytes + this.#values.bytes + this.postings.bytes + sorted;
  }

  save(to: Saving): void {
    this.#dictionary.save(to);
    this.#values.save(to);
    this.postings.save(to);
    this.#sorted?.save(to);
  }

  load(from: Loading): void {
    this.#dictionary.load(from);
    this.#values.load(from);
    this.postings.load(from);
    this.#sorted?.load(from);
  }

  #textOf(value: number): string | undefined {
    return value === 0 ? undefined : this.#dictionary.text(value);
  }
}

const neverSorted = (): never => {
  throw new Error('this facet keeps no order');
};
