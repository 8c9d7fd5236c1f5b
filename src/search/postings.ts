/**
 * Postings: for each value the nodes that have it, as doubly linked lists through columns: adding and
 * removing are O(1), and a value that one session alone has costs four bytes and no object. A node
 * is in at most one list. 0 ends a list.
 */
import { Column } from './columns.ts';

export class Postings {
  readonly #first = Column.uint32();
  readonly #next = Column.uint32();
  readonly #previous = Column.uint32();

  link(value: number, node: number): void {
    const next = this.#first.at(value);
    this.#next.set(node, next);
    this.#previous.set(node, 0);
    if (next !== 0) this.#previous.set(next, node);
    this.#first.set(value, node);
  }

  unlink(value: number, node: number): void {
    const next = this.#next.at(node);
    const previous = this.#previous.at(node);
    if (next !== 0) this.#previous.set(next, previous);
    if (previous === 0) this.#first.set(value, next);
    else this.#next.set(previous, next);
  }

  /** The node that was linked last; 0 if there is none. */
  first(value: number): number {
    return this.#first.at(value);
  }

  /** Latest first. */
  each(value: number, visit: (node: number) => void): void {
    for (let node = this.#first.at(value); node !== 0; node = this.#next.at(node)) visit(node);
  }

  get bytes(): number {
    return this.#first.bytes + this.#next.bytes + this.#previous.bytes;
  }
}
