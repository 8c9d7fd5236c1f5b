/** Under which number the text index has each session of a table: by its slot, and the other way round. 0 is no number. */
import { Column } from './columns.ts';

export class TextNumbers {
  readonly #numbers = Column.uint32();
  readonly #slots = Column.uint32();

  set(slot: number, number: number): void {
    this.forget(slot);
    this.#numbers.set(slot, number);
    if (number !== 0) this.#slots.set(number, slot);
  }

  /** The slot is free, or will get another number. */
  forget(slot: number): void {
    const number = this.#numbers.at(slot);
    if (number === 0) return;
    this.#slots.set(number, 0);
    this.#numbers.set(slot, 0);
  }

  numberOf(slot: number): number {
    return this.#numbers.at(slot);
  }

  /** The slots that have these numbers; sessions of other tables have none here. */
  slotsOf(numbers: Uint32Array): readonly number[] {
    const slots: number[] = [];
    for (const number of numbers) {
      const slot = this.#slots.at(number);
      if (slot !== 0) slots.push(slot);
    }
    return slots;
  }

  get bytes(): number {
    return this.#numbers.bytes + this.#slots.bytes;
  }
}
