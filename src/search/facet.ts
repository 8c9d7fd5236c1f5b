/**
 * A facet: a field of which a row has one value or none and that many rows share (model, owner,
 * status, ...). It owns the dictionary of its values, the column, and a posting per value.
 */
import { Column } from './columns.ts';
import { Dictionary } from './dictionary.ts';
import { Postings } from './postings.ts';

export class Facet {
  readonly #dictionary = new Dictionary();
  readonly #values = Column.uint32();
  readonly #postings = new Postings();

  set(slot: number, text: string | undefined): void {
    const old = this.#values.at(slot);
    if (text === this.#textOf(old)) return;
    if (old !== 0) {
      this.#postings.unlink(old, slot);
      this.#dictionary.release(old);
    }
    const value = text === undefined ? 0 : this.#dictionary.acquire(text);
    if (value !== 0) this.#postings.link(value, slot);
    this.#values.set(slot, value);
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

  each(value: number, visit: (slot: number) => void): void {
    this.#postings.each(value, visit);
  }

  get bytes(): number {
    return this.#dictionary.bytes + this.#values.bytes + this.#postings.bytes;
  }

  #textOf(value: number): string | undefined {
    return value === 0 ? undefined : this.#dictionary.text(value);
  }
}
