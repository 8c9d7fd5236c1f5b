/**
 * A column with its order: by value, and by session id where values are equal, so that every row has
 * one place and a cursor can name it although rows around it come and go.
 */
import type { Column } from './columns.ts';
import { alphabetical, OrderedIndex } from './ordered-index.ts';

/** Both ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

export class SortedColumn {
  readonly #values: Column;
  readonly #idAt: (slot: number) => string;
  readonly index: OrderedIndex;

  constructor(values: Column, idAt: (slot: number) => string) {
    this.#values = values;
    this.#idAt = idAt;
    this.index = new OrderedIndex((a, b) => this.compare(a, b));
  }

  at(slot: number): number {
    return this.#values.at(slot);
  }

  /** Puts a new row into the order. */
  add(slot: number, value: number): void {
    this.#values.set(slot, value);
    this.index.insert(slot);
  }

  set(slot: number, value: number): void {
    if (value === this.#values.at(slot)) return;
    this.index.delete(slot);
    this.add(slot, value);
  }

  delete(slot: number): void {
    this.index.delete(slot);
    this.#values.set(slot, 0);
  }

  compare(a: number, b: number): number {
    return this.at(a) - this.at(b) || alphabetical(this.#idAt(a), this.#idAt(b));
  }

  /** Where a row stands to a place that a cursor names: negative before it, 0 at it. */
  compareTo(slot: number, value: number, sessionId: string): number {
    return this.at(slot) - value || alphabetical(this.#idAt(slot), sessionId);
  }

  /** The ranks of a range's rows in the index: the first, and the one after the last. */
  ranks({ min, max }: Range): readonly [from: number, to: number] {
    return [
      this.index.rank((slot) => this.at(slot) >= min),
      this.index.rank((slot) => this.at(slot) > max),
    ];
  }

  get bytes(): number {
    return this.#values.bytes + this.index.bytes;
  }
}
