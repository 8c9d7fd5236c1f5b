/**
 * A pool of short runs of numbers: what each row has a few of, without an object or an allocation per row. A run that
 * is given back is used again for one of the same length.
 */

import type { Loading, Saving } from './saved.ts';

type Numbers = Uint8Array | Uint32Array;

const PAGE_BITS = 16;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;
/** The first page starts small, for the many tenants that have few sessions. */
const FIRST_PAGE_SIZE = 256;

export class Pool<N extends Numbers> {
  readonly #make: (length: number) => N;
  readonly #load: (from: Loading) => N;
  readonly #pages: N[] = [];
  /** Runs that were given back, by their length. */
  readonly #free: number[][] = [];
  #freeCount = 0;
  /** Where the next run goes. 0 is no run. */
  #end = 1;

  private constructor(make: (length: number) => N, load: (from: Loading) => N) {
    this.#make = make;
    this.#load = load;
  }

  static ofBytes(): Pool<Buffer> {
    return new Pool(
      (length) => Buffer.alloc(length),
      (from) => from.bytes(),
    );
  }

  static ofNumbers(): Pool<Uint32Array> {
    return new Pool(
      (length) => new Uint32Array(length),
      (from) => from.uint32(),
    );
  }

  /** The place of a run of `length` numbers, at most a page; what is in it is not defined. */
  take(length: number): number {
    const again = this.#free[length]?.pop();
    if (again !== undefined) {
      this.#freeCount -= 1;
      return again;
    }
    if ((this.#end & PAGE_MASK) + length > PAGE_SIZE) this.#end = (this.#end | PAGE_MASK) + 1;
    const place = this.#end;
    this.#reserve(place >>> PAGE_BITS, (place & PAGE_MASK) + length);
    this.#end += length;
    return place;
  }

  give(place: number, length: number): void {
    while (this.#free.length <= length) this.#free.push([]);
    this.#free[length]?.push(place);
    this.#freeCount += 1;
  }

  /** The page that a run is in; the run begins at `offset(place)`. */
  page(place: number): N {
    return this.#pages[place >>> PAGE_BITS] as N;
  }

  offset(place: number): number {
    return place & PAGE_MASK;
  }

  get bytes(): number {
    return this.#pages.reduce((sum, page) => sum + page.byteLength, this.#freeCount * 8);
  }

  save(to: Saving): void {
    to.number(this.#end);
    to.number(this.#free.length);
    for (const places of this.#free) to.array(Uint32Array.from(places));
    to.number(this.#pages.length);
    for (const page of this.#pages) to.array(page);
  }

  /** Of a pool that nothing was taken of. */
  load(from: Loading): void {
    this.#end = from.number();
    for (let left = from.number(); left > 0; left -= 1) this.#free.push([...from.uint32()]);
    for (let left = from.number(); left > 0; left -= 1) this.#pages.push(this.#load(from));
    this.#freeCount = this.#free.reduce((sum, places) => sum + places.length, 0);
  }

  #reserve(number: number, needed: number): void {
    const old = this.#pages[number];
    if (old !== undefined && old.length >= needed) return;
    const first = Math.max(needed, FIRST_PAGE_SIZE, (old?.length ?? 0) * 2);
    const page = this.#make(number === 0 ? Math.min(first, PAGE_SIZE) : PAGE_SIZE);
    if (old !== undefined) page.set(old);
    this.#pages[number] = page;
  }
}
