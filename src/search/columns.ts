/**
 * Columns: one field of every row, by slot number, in pages of 4,096.
 *
 * 1. A slot never written reads as 0 (or no text), and a page that holds nothing else is never made:
 *    a field that no session uses costs nothing.
 * 2. Growing copies no more than the first page, so a million rows grow without a pause.
 * 3. A text is kept as a flat copy: a slice of a decoded record would keep the whole record alive.
 */
const PAGE_BITS = 12;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;
/** The first page starts small, for the many tenants that have few sessions. */
const FIRST_PAGE_SIZE = 16;

type NumberArray = Float64Array | Uint32Array;

/** Numbers: 8 bytes each for money and times, 4 for counts and slot numbers. */
export class Column {
  readonly #make: (length: number) => NumberArray;
  readonly #pages: (NumberArray | undefined)[] = [];

  private constructor(make: (length: number) => NumberArray) {
    this.#make = make;
  }

  static float64(): Column {
    return new Column((length) => new Float64Array(length));
  }

  static uint32(): Column {
    return new Column((length) => new Uint32Array(length));
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

/** Texts that differ from row to row; those that repeat belong into a `Dictionary`. */
export class Texts {
  readonly #pages: (string | undefined)[][] = [];
  #bytes = 0;

  at(slot: number): string | undefined {
    return this.#pages[slot >>> PAGE_BITS]?.[slot & PAGE_MASK];
  }

  set(slot: number, text: string | undefined): void {
    const old = this.at(slot);
    if (old === text) return;
    while (this.#pages.length <= slot >>> PAGE_BITS) this.#pages.push([]);
    const page = this.#pages[slot >>> PAGE_BITS] ?? [];
    page[slot & PAGE_MASK] = text === undefined ? undefined : flat(text);
    this.#bytes += textBytes(text) - textBytes(old);
  }

  /** Estimated: characters outside Latin-1 take two bytes and are counted as one. */
  get bytes(): number {
    return this.#bytes;
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
