/**
 * Texts that differ from row to row, by slot number; those that repeat belong into a `Dictionary`. What was loaded stays
 * bytes until it is asked for: a million strings would take longer than all the rest.
 *
 * A text is kept as a flat copy: a slice of a decoded record would keep the whole record alive.
 */
import { PAGE_BITS, PAGE_MASK, PAGE_SIZE } from './columns.ts';
import type { Loading, Saving } from './saved.ts';

/** What a string costs besides its characters: its header and the slot that points to it. */
export const TEXT_OVERHEAD_BYTES = 24;

/** Texts of a page as a snapshot has them: a start and a length in `bytes` for each; the length is one more than it is, and 0 is no text. */
interface LoadedPage {
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  readonly bytes: Buffer;
}

export class Texts {
  readonly #pages: (string | undefined)[][] = [];
  readonly #loaded: LoadedPage[] = [];
  #bytes = 0;

  at(slot: number): string | undefined {
    return this.#pages[slot >>> PAGE_BITS]?.[slot & PAGE_MASK] ?? this.#loadedAt(slot);
  }

  /** Its length; 0 for no text, and for one that was loaded and not asked for. */
  weight(slot: number): number {
    return this.#pages[slot >>> PAGE_BITS]?.[slot & PAGE_MASK]?.length ?? 0;
  }

  set(slot: number, text: string | undefined): void {
    const old = this.at(slot);
    if (old === text) return;
    this.#dropLoaded(slot);
    while (this.#pages.length <= slot >>> PAGE_BITS) this.#pages.push([]);
    const page = this.#pages[slot >>> PAGE_BITS] ?? [];
    page[slot & PAGE_MASK] = text === undefined ? undefined : flat(text);
    this.#bytes += textBytes(text) - textBytes(old);
  }

  /** Estimated: characters outside Latin-1 take two bytes and are counted as one. */
  get bytes(): number {
    return this.#bytes;
  }

  save(to: Saving): void {
    const pages = Math.max(this.#pages.length, this.#loaded.length);
    to.number(pages);
    to.number(this.#bytes);
    for (let number = 0; number < pages; number++) this.#savePage(to, number << PAGE_BITS);
  }

  /** Of texts that hold nothing yet. */
  load(from: Loading): void {
    const pages = from.number();
    this.#bytes = from.number();
    for (let left = pages; left > 0; left -= 1)
      this.#loaded.push({ starts: from.uint32(), lengths: from.uint32(), bytes: from.bytes() });
  }

  #savePage(to: Saving, first: number): void {
    const starts = new Uint32Array(PAGE_SIZE);
    const lengths = new Uint32Array(PAGE_SIZE);
    const texts: Buffer[] = [];
    let end = 0;
    for (let offset = 0; offset < PAGE_SIZE; offset++) {
      const text = this.at(first + offset);
      if (text === undefined) continue;
      const bytes = Buffer.from(text, 'utf8');
      texts.push(bytes);
      starts[offset] = end;
      lengths[offset] = bytes.length + 1;
      end += bytes.length;
    }
    to.array(starts);
    to.array(lengths);
    to.array(Buffer.concat(texts));
  }

  #loadedAt(slot: number): string | undefined {
    const page = this.#loaded[slot >>> PAGE_BITS];
    if (page === undefined) return undefined;
    const length = page.lengths[slot & PAGE_MASK] ?? 0;
    if (length === 0) return undefined;
    const start = page.starts[slot & PAGE_MASK] ?? 0;
    return page.bytes.toString('utf8', start, start + length - 1);
  }

  #dropLoaded(slot: number): void {
    const page = this.#loaded[slot >>> PAGE_BITS];
    if (page !== undefined) page.lengths[slot & PAGE_MASK] = 0;
  }
}

const textBytes = (text: string | undefined): number =>
  text === undefined ? 0 : text.length + TEXT_OVERHEAD_BYTES;

const BEYOND_LATIN_1 = /[\u0100-\uffff]/;

/** What is shorter is never a slice of something else. */
const SHORTEST_SLICE = 13;

/** The same text in memory of its own. */
export const flat = (text: string): string => {
  if (text.length < SHORTEST_SLICE) return text;
  const encoding = BEYOND_LATIN_1.test(text) ? 'utf16le' : 'latin1';
  return Buffer.from(text, encoding).toString(encoding);
};
