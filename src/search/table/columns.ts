/**
 * Columns: one field of every row, by slot number, in pages of 4,096 rows. What nearly every row has, and a page of a
 * search shows, stands side by side in one `Fields`: reading a row is then a matter of two lines of the processor's cache,
 * not of one for each field. Among a million rows that is what a page costs.
 *
 * 1. A slot never written reads as 0, and a page that holds nothing else is never made: a field that stands alone and
 *    that no session uses costs nothing.
 * 2. Growing copies no more than the first page, so a million rows grow without a pause.
 */
import type { Loading, Saving } from './saved.ts';

export const PAGE_BITS = 12;
export const PAGE_SIZE = 1 << PAGE_BITS;
export const PAGE_MASK = PAGE_SIZE - 1;
/** The first page starts small, for the many tenants that have few sessions. */
const FIRST_PAGE_SIZE = 16;

type NumberArray = Float64Array | Uint32Array;
type Pages<Numbers extends NumberArray> = (Numbers | undefined)[];

const NO_NUMBERS = new Uint32Array(0);

/** Numbers: 8 bytes each for money and times, 4 for counts and slot numbers. */
export class Column {
  readonly #fields: Fields;
  readonly #pages: Readonly<Pages<NumberArray>>;
  /** Numbers from one row to the next, and to this field from where the row begins. */
  readonly #stride: number;
  readonly #offset: number;

  constructor(
    fields: Fields,
    pages: Readonly<Pages<NumberArray>>,
    place: { readonly stride: number; readonly offset: number },
  ) {
    this.#fields = fields;
    this.#pages = pages;
    this.#stride = place.stride;
    this.#offset = place.offset;
  }

  static float64(): Column {
    return new Fields({ float64: 1 }).float64();
  }

  static uint32(): Column {
    return new Fields({ uint32: 1 }).uint32();
  }

  at(slot: number): number {
    const at = (slot & PAGE_MASK) * this.#stride + this.#offset;
    return this.#pages[slot >>> PAGE_BITS]?.[at] ?? 0;
  }

  set(slot: number, value: number): void {
    const at = (slot & PAGE_MASK) * this.#stride + this.#offset;
    let page = this.#pages[slot >>> PAGE_BITS];
    if (page === undefined || at >= page.length) {
      if (value === 0) return;
      this.#fields.makeRoom(slot);
      page = this.#pages[slot >>> PAGE_BITS] as NumberArray;
    }
    page[at] = value;
  }

  /** 0 for one that stands beside others: their `Fields` counts and saves all of them. */
  get bytes(): number {
    return this.#fields.isOne ? this.#fields.bytes : 0;
  }

  save(to: Saving): void {
    if (this.#fields.isOne) this.#fields.save(to);
  }

  /** Of a column that holds nothing yet. */
  load(from: Loading): void {
    if (this.#fields.isOne) this.#fields.load(from);
  }
}

/** Fields of one row behind each other, those of 8 bytes first, and then the next row. */
export class Fields {
  readonly isOne: boolean;
  readonly #words: Pages<Uint32Array> = [];
  /** The same memory. */
  readonly #floats: Pages<Float64Array> = [];
  /** Of a row, in words of 4 bytes. */
  readonly #width: number;
  #nextFloat = 0;
  #nextWord: number;

  /** How many fields of either kind there will be. */
  constructor({
    float64 = 0,
    uint32 = 0,
  }: { readonly float64?: number; readonly uint32?: number }) {
    this.isOne = float64 + uint32 === 1;
    this.#nextWord = 2 * float64;
    const isOdd = float64 > 0 && uint32 % 2 === 1;
    this.#width = 2 * float64 + uint32 + (isOdd ? 1 : 0);
  }

  float64(): Column {
    const offset = this.#nextFloat++;
    return new Column(this, this.#floats, { stride: this.#width / 2, offset });
  }

  uint32(): Column {
    return new Column(this, this.#words, { stride: this.#width, offset: this.#nextWord++ });
  }

  makeRoom(slot: number): void {
    const number = slot >>> PAGE_BITS;
    const old = this.#words[number];
    const first = Math.max((slot & PAGE_MASK) + 1, FIRST_PAGE_SIZE, 2 * this.#rowsOf(old));
    const rows = number === 0 ? Math.min(first, PAGE_SIZE) : PAGE_SIZE;
    const words = new Uint32Array(rows * this.#width);
    if (old !== undefined) words.set(old);
    while (this.#words.length <= number) this.#add(undefined);
    this.#words[number] = words;
    this.#floats[number] = this.#floatsOf(words);
  }

  get bytes(): number {
    return this.#words.reduce((sum, page) => sum + (page?.byteLength ?? 0), 0);
  }

  /** A page that was never made is saved as an empty one. */
  save(to: Saving): void {
    to.number(this.#words.length);
    for (const page of this.#words) to.array(page ?? NO_NUMBERS);
  }

  /** Of fields that hold nothing yet. */
  load(from: Loading): void {
    for (let left = from.number(); left > 0; left -= 1) this.#add(from.uint32());
  }

  #add(words: Uint32Array | undefined): void {
    this.#words.push(words);
    this.#floats.push(words === undefined ? undefined : this.#floatsOf(words));
  }

  #floatsOf({ buffer, byteOffset, length }: Uint32Array): Float64Array | undefined {
    if (this.#width % 2 === 1) return undefined; // there is no field of 8 bytes
    return new Float64Array(buffer, byteOffset, length / 2);
  }

  #rowsOf(page: Uint32Array | undefined): number {
    return (page?.length ?? 0) / this.#width;
  }
}
