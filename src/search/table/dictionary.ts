/**
 * A dictionary: each distinct text once, under a small number that rows hold instead of it. A text
 * lives while somebody uses it; then its number is free for another. 0 is no text.
 */
import { Column } from './columns.ts';
import type { Loading, Saving } from './saved.ts';
import { flat, TEXT_OVERHEAD_BYTES } from './texts.ts';

/** Estimated bytes of one entry in a Map of V8, with its share of free room. */
export const MAP_ENTRY_BYTES = 42;

export class Dictionary {
  readonly #ids = new Map<string, number>();
  readonly #texts: string[] = [''];
  readonly #uses = Column.uint32();
  readonly #free: number[] = [];
  #textBytes = 0;

  /** The number of `text`, which has one more user now. */
  acquire(text: string): number {
    const id = this.#ids.get(text) ?? this.#add(flat(text));
    this.#uses.set(id, this.#uses.at(id) + 1);
    return id;
  }

  /** One user less; the last one takes the text along. */
  release(id: number): void {
    const uses = this.#uses.at(id) - 1;
    this.#uses.set(id, uses);
    if (uses === 0) this.#drop(id);
  }

  /** 0 if nobody uses it. */
  find(text: string): number {
    return this.#ids.get(text) ?? 0;
  }

  text(id: number): string {
    return this.#texts[id] ?? '';
  }

  uses(id: number): number {
    return this.#uses.at(id);
  }

  /** Each text that is in use. */
  each(visit: (id: number, text: string) => void): void {
    for (const [text, id] of this.#ids) visit(id, text);
  }

  get bytes(): number {
    const perEntry = MAP_ENTRY_BYTES + TEXT_OVERHEAD_BYTES;
    return this.#uses.bytes + this.#ids.size * perEntry + this.#textBytes;
  }

  save(to: Saving): void {
    this.#uses.save(to);
    to.array(Uint32Array.from(this.#free));
    to.number(this.#texts.length);
    for (const text of this.#texts) to.text(text);
  }

  /** Of a dictionary that holds nothing yet. */
  load(from: Loading): void {
    this.#uses.load(from);
    this.#free.push(...from.uint32());
    const size = from.number();
    for (let id = 0; id < size; id++) {
      const text = from.text();
      this.#texts[id] = text;
      if (this.#uses.at(id) === 0) continue;
      this.#ids.set(text, id);
      this.#textBytes += text.length;
    }
  }

  #add(text: string): number {
    const id = this.#free.pop() ?? this.#texts.length;
    this.#ids.set(text, id);
    this.#texts[id] = text;
    this.#textBytes += text.length;
    return id;
  }

  #drop(id: number): void {
    const text = this.text(id);
    this.#ids.delete(text);
    this.#texts[id] = '';
    this.#textBytes -= text.length;
    this.#free.push(id);
  }
}
