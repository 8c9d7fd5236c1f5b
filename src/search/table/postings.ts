/**
 * Postings: for each value the rows that have it, newest update last. So the newest 50 of a tag are the end of its
 * list, and a range of update times is a part of it.
 *
 * A value that one row alone has costs four bytes and no object: most ids of other systems are such.
 */
import { Column } from './columns.ts';
import { type Order, OrderedIndex } from './ordered-index.ts';
import type { Loading, Saving } from './saved.ts';
import { type Addends, addRow, loadSums, noSums, type Sums, saveSums, takeRow } from './sums.ts';

/** The order that all postings of a table have, by update and then by id; and what a row adds to their sums. */
export interface Recency extends Order, Addends {}

/** The rows of one value. */
interface List {
  readonly index: OrderedIndex;
  readonly sums: ReturnType<typeof noSums>;
}

/** Estimated bytes of a list besides its index: an object and its entry in a map. */
const LIST_OVERHEAD_BYTES = 140;

export class Postings {
  readonly #recency: Recency;
  /** The only row of a value. */
  readonly #single = Column.uint32();
  readonly #lists = new Map<number, List>();

  constructor(recency: Recency) {
    this.#recency = recency;
  }

  /** The row's place in the order must be its new one. */
  add(value: number, slot: number): void {
    const list = this.#lists.get(value) ?? this.#listFor(value);
    if (list === undefined) this.#single.set(value, slot);
    else this.#addTo(list, slot);
  }

  /** The row's place in the order must still be its old one. */
  delete(value: number, slot: number): void {
    const list = this.#lists.get(value);
    if (list === undefined) {
      if (this.#single.at(value) === slot) this.#single.set(value, 0);
      return;
    }
    const before = list.index.size;
    list.index.delete(slot);
    if (list.index.size < before) takeRow(list.sums, this.#recency, slot);
    if (list.index.size === 0) this.#lists.delete(value);
  }

  /** Some row that has the value; 0 if none has. */
  first(value: number): number {
    let first = this.#single.at(value);
    this.#lists.get(value)?.index.ascend(0, 1, (slot) => {
      first = slot;
      return false;
    });
    return first;
  }

  /** Of all rows that have the value, as they are now. */
  sums(value: number): Sums {
    const list = this.#lists.get(value);
    if (list !== undefined) return { ...list.sums };
    const sums = noSums();
    const single = this.#single.at(value);
    if (single !== 0) addRow(sums, this.#recency, single);
    return sums;
  }

  /** The rows in their order. It is the list itself, or a copy of its one row: to be read at once. */
  ordered(value: number): OrderedIndex {
    const list = this.#lists.get(value);
    if (list !== undefined) return list.index;
    const index = new OrderedIndex(this.#recency);
    const single = this.#single.at(value);
    if (single !== 0) index.insert(single);
    return index;
  }

  each(value: number, visit: (slot: number) => void): void {
    const single = this.#single.at(value);
    if (single !== 0) return visit(single);
    this.#lists.get(value)?.index.each(visit);
  }

  get bytes(): number {
    let bytes = this.#single.bytes;
    for (const { index } of this.#lists.values()) bytes += index.bytes + LIST_OVERHEAD_BYTES;
    return bytes;
  }

  save(to: Saving): void {
    this.#single.save(to);
    to.array(Uint32Array.from(this.#lists.keys()));
    for (const { index, sums } of this.#lists.values()) {
      saveSums(to, sums);
      index.save(to);
    }
  }

  load(from: Loading): void {
    this.#single.load(from);
    for (const value of from.uint32()) {
      const list: List = { index: new OrderedIndex(this.#recency), sums: loadSums(from) };
      list.index.load(from);
      this.#lists.set(value, list);
    }
  }

  /** A list that begins with the only row so far; undefined if there is none. */
  #listFor(value: number): List | undefined {
    const single = this.#single.at(value);
    if (single === 0) return undefined;
    const list: List = { index: new OrderedIndex(this.#recency), sums: noSums() };
    this.#addTo(list, single);
    this.#single.set(value, 0);
    this.#lists.set(value, list);
    return list;
  }

  #addTo(list: List, slot: number): void {
    list.index.insert(slot);
    addRow(list.sums, this.#recency, slot);
  }
}
