/**
 * A column with its order: by value, and by session id where values are equal, so that every row has
 * one place and a cursor can name it although rows around it come and go.
 */
import type { Column } from './columns.ts';
import type { IdTable } from './id-table.ts';
import { alphabetical, type Order, OrderedIndex } from './ordered-index.ts';
import type { Loading, Saving } from './saved.ts';
import type { Keys } from './sort-keys.ts';

/** Both ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

export class SortedColumn implements Order {
  readonly values: Column;
  readonly index: OrderedIndex;
  readonly #ids: IdTable;
  readonly #keys: Keys;
  readonly markOf: Order['markOf'];

  constructor(values: Column, ids: IdTable, keys: Keys, markOf?: Order['markOf']) {
    this.values = values;
    this.#ids = ids;
    this.#keys = keys;
    this.markOf = markOf;
    this.index = new OrderedIndex(this);
  }

  keyOf(slot: number): number {
    return this.#keys.of(this.values.at(slot), slot);
  }

  at(slot: number): number {
    return this.values.at(slot);
  }

  /** Small whole numbers: a difference of two moments would be an object of its own. */
  compare(a: number, b: number): number {
    const left = this.values.at(a);
    const right = this.values.at(b);
    if (left !== right) return left < right ? -1 : 1;
    return a === b ? 0 : this.#ids.compare(a, b);
  }

  /** Where a row stands to a place that a cursor names: negative before it, 0 at it. */
  compareTo(slot: number, value: number, sessionId: string): number {
    return this.values.at(slot) - value || alphabetical(this.#ids.at(slot), sessionId);
  }

  /** The ranks of a range's rows in an index of this order: the first, and the one after the last. */
  ranks(
    { min, max }: Range,
    index: OrderedIndex = this.index,
  ): readonly [from: number, to: number] {
    return [
      min === -Infinity ? 0 : this.#rank(index, min, (slot) => this.values.at(slot) >= min),
      max === Infinity ? index.size : this.#rank(index, max, (slot) => this.values.at(slot) > max),
    ];
  }

  /** The rank of the first row in an index of this order that stands behind a place; with `isAt` also of one that stands at it. */
  rankBehind(
    { value, sessionId }: { readonly value: number; readonly sessionId: string },
    index: OrderedIndex,
    { isAt }: { readonly isAt: boolean },
  ): number {
    return this.#rank(index, value, (slot) => {
      const difference = this.compareTo(slot, value, sessionId);
      return isAt ? difference >= 0 : difference > 0;
    });
  }

  #rank(index: OrderedIndex, value: number, reached: (slot: number) => boolean): number {
    return index.rank(reached, this.#keys.span(value));
  }

  save(to: Saving): void {
    this.values.save(to);
    this.index.save(to);
  }

  load(from: Loading): void {
    this.values.load(from);
    this.index.load(from);
  }

  get bytes(): number {
    return this.values.bytes + this.index.bytes;
  }
}
