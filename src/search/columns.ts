/**
 * Columns: one field of every row, by slot number, in pages of 4,096.
 *
 * 1. A slot never written reads as 0 (or no text), and a page that holds nothing else is never made:
 *    a field that no session uses costs nothing.
 * 2. Growing copies no more than the first page, so a million rows grow without a pause.
 * 3. A text is kept as a flat copy: a slice of a decoded record would keep the whole record alive.
 */
import type { Loading, Saving } from './saved.ts';

const PAGE_BITS = 12;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;
/** The first page starts small, for the many tenants that have few sessions. */
const FIRST_PAGE_SIZE = 16;

type NumberArray = Float64Array | Uint32Array;

const NO_NUMBERS = new Uint32Array(0);

/** Numbers: 8 bytes each for money and times, 4 for counts and slot numbers. */
export class Column {
  readonly #make: (length: number) => NumberArray;
  readonly #load: (from: Loading) => NumberArray;
  readonly #pages: (NumberArray | undefined)[] = [];

  private constructor(make: (length: number) => NumberArray, load: (from: Loading) => NumberArray) {
    this.#make = make;
    this.#load = load;
  }

  static float64(): Column {
    return new Column(
      (length) => new Float64Array(length),
      (from) => from.float64(),
    );
  }

  static uint32(): Column {
    return new Column(
      (length) => new Uint32Array(length),
      (from) => from.uint32(),
    );
  }

  /** A page that was never made is saved as an empty one. */
  save(to: Saving): void {
    to.number(this.#pages.length);
    for (const page of this.#pages) to.array(page ?? NO_NUMBERS);
  }

  /** Of a column that holds nothing yet. */
  load(from: Loading): void {
    for (let left = from.number(); left > 0; left -= 1) {
      const page = this.#load(from);
      this.#pages.push(page.length === 0 ? undefined : page);
    }
  }

  at(slot: number): number {
    return this.#pages[slot >>> PAGE_BITS]?.[slot & PAGE_MASK] ?? 0;
  }

  set(slot: number, value: number): void {
    const offset = slot & PAGE_MASK;
    let page = this.#pages[slot >>> PAGE_BITS];
    if (page === undefined || offset >= page.length) {
      if (value === 0) return;
      page = this.#grow(slot >>> PAGE_BITS, offset + 1);
    }
    page[offset] = value;
  }

  get bytes(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.byteLength ?? 0), 0);
  }

  #grow(number: number, needed: number): NumberArray {
    const old = this.#pages[number];
    const first = Math.max(needed, FIRST_PAGE_SIZE, (old?.length ?? 0) * 2);
    const page = this.#make(number === 0 ? Math.min(first, PAGE_SIZE) : PAGE_SIZE);
    if (old !== undefined) page.set(old);
    while (this.#pages.length <= number) this.#pages.push(undefined);
    this.#pages[number] = page;
    return page;
  }
}

/** What a string costs besides its characters: its header and the slot that points to it. */
export const TEXT_OVERHEAD_BYTES = 24;

/** Texts of a page as a snapshot has them: a start and a length in `bytes` for each; the length is one more than it is, and 0 is no text. */
interface LoadedPage {
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  readonly bytes: Buffer;
}

/**
 * Texts that differ from row to row; those that repeat belong into a `Dictionary`. What was loaded stays bytes until it
 * is asked for: a million strings would take longer than all the rest.
 */
export class Texts {
  readonly #pages: (string | undefined)[][] = [];
  readonly #loaded: LoadedPage[] = [];
  #bytes = 0;

  at(slot: number): string | undefined {
    return this.#pages[slot >>> PAGE_BITS]?.[slot & PAGE_MASK] ?? this.#loadedAt(slot);
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
    const length = page?.lengths[slot & PAGE_MASK] ?? 0;
    if (page === undefined || length === 0) return undefined;
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

/** The same text in memory of its own (invariant 3). */
export const flat = (text: string): string => {
  if (text.length < SHORTEST_SLICE) return text;
  const encoding = BEYOND_LATIN_1.test(text) ? 'utf16le' : 'latin1';
  return Buffer.from(text, encoding).toString(encoding);
};
