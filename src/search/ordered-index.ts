/**
 * Items kept in an order, as a list of sorted chunks of at most 512: what a B+-tree of two levels is. Beside each item
 * stands a key of 32 bits that mostly decides: so a search stays within two small arrays, and looks at rows only where
 * keys are equal.
 *
 * 1. Chunks are in order, within and among each other, and none is empty.
 * 2. The order of an item must not change while it is in here: take it out, change it, put it back.
 */
import type { Loading, Saving } from './saved.ts';

const CHUNK_SIZE = 512;
/** Neighbours that fit into half a chunk together are made one. */
const MERGE_SIZE = CHUNK_SIZE / 2;
/** An only chunk starts small: most values are those of a few rows. */
const FIRST_CHUNK_SIZE = 4;
/** Estimated bytes of a chunk besides its items: two objects and their headers. */
const CHUNK_OVERHEAD_BYTES = 200;

/** Of numbers that stand for something else: slots of rows, values of a dictionary. */
export interface Order {
  /** A whole number of 32 bits that never falls along the order. The same for all where nothing better is known. */
  keyOf(item: number): number;
  /** A total order: 0 only for an item and itself. */
  compare(a: number, b: number): number;
}

interface Chunk {
  /** Key, item, key, item, … */
  pairs: Uint32Array;
  size: number;
}

/** True from some item of the order on, false before. */
type Reached = (item: number) => boolean;

export class OrderedIndex {
  readonly #order: Order;
  readonly #chunks: Chunk[] = [];
  /** The last key of each chunk. */
  readonly #lastKeys: number[] = [];
  #size = 0;

  constructor(order: Order) {
    this.#order = order;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#chunks.reduce(
      (sum, { pairs }) => sum + pairs.byteLength + CHUNK_OVERHEAD_BYTES,
      CHUNK_OVERHEAD_BYTES,
    );
  }

  insert(item: number): void {
    const key = this.#order.keyOf(item);
    const isLast = this.#isLast(key, item);
    const end = Math.max(0, this.#chunks.length - 1);
    const number = isLast ? end : this.#chunkFor(key, item);
    const chunk = this.#chunks[number] ?? this.#addChunk(0, FIRST_CHUNK_SIZE);
    const offset = isLast ? chunk.size : this.#offsetFor(chunk, key, item);
    this.#size += 1;
    if (chunk.size < CHUNK_SIZE) this.#insertAt(number, offset, key, item);
    else this.#insertInFull(number, offset, key, item);
  }

  delete(item: number): void {
    const key = this.#order.keyOf(item);
    const number = this.#chunkFor(key, item);
    const chunk = this.#chunks[number];
    if (chunk === undefined) return;
    const offset = this.#offsetFor(chunk, key, item);
    if (offset === chunk.size || itemAt(chunk, offset) !== item) return;
    chunk.pairs.copyWithin(2 * offset, 2 * offset + 2, 2 * chunk.size);
    chunk.size -= 1;
    this.#size -= 1;
    this.#shrink(number, chunk);
  }

  /** How many items come before the first for which `reached` is true. */
  rank(reached: Reached): number {
    const number = this.#chunkReached(reached);
    let rank = 0;
    for (let before = 0; before < number; before++) rank += this.#chunks[before]?.size ?? 0;
    const chunk = this.#chunks[number];
    return chunk === undefined ? rank : rank + offsetReached(chunk, reached);
  }

  /** Visits the items of rank `from` to `to` (exclusive) until `visit` says false. */
  ascend(from: number, to: number, visit: (item: number) => boolean): void {
    let rank = 0;
    for (const { pairs, size } of this.#chunks) {
      if (rank >= to) return;
      const end = Math.min(size, to - rank);
      for (let offset = Math.max(0, from - rank); offset < end; offset++)
        if (!visit(pairs[2 * offset + 1] ?? 0)) return;
      rank += size;
    }
  }

  /** The same from the last to the first. */
  descend(from: number, to: number, visit: (item: number) => boolean): void {
    let rank = this.#size;
    for (let number = this.#chunks.length - 1; number >= 0 && rank > from; number--) {
      const { pairs, size } = this.#chunks[number] as Chunk;
      rank -= size;
      const end = Math.max(0, from - rank);
      for (let offset = Math.min(size, to - rank) - 1; offset >= end; offset--)
        if (!visit(pairs[2 * offset + 1] ?? 0)) return;
    }
  }

  /** Visits all items in order. */
  each(visit: (item: number) => void): void {
    for (const { pairs, size } of this.#chunks)
      for (let offset = 0; offset < size; offset++) visit(pairs[2 * offset + 1] ?? 0);
  }

  save(to: Saving): void {
    to.array(Uint32Array.from(this.#chunks, ({ size }) => size));
    for (const { pairs, size } of this.#chunks) to.array(pairs.subarray(0, 2 * size));
  }

  /** Of an index that is empty. A chunk gets room of its own when something is put into it. */
  load(from: Loading): void {
    for (const size of from.uint32()) {
      const chunk = { pairs: from.uint32(), size };
      this.#chunks.push(chunk);
      this.#lastKeys.push(lastKey(chunk));
      this.#size += size;
    }
  }

  /** The first chunk that ends with the item or behind it; the last one if none does. */
  #chunkFor(key: number, item: number): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = this.#lastKeys[middle] ?? 0;
      const isBefore =
        last < key ||
        (last === key && this.#order.compare(lastItem(this.#chunks[middle]), item) < 0);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the item is in the chunk, or belongs. */
  #offsetFor({ pairs, size }: Chunk, key: number, item: number): number {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = pairs[2 * middle] ?? 0;
      const isBefore =
        other < key || (other === key && this.#order.compare(pairs[2 * middle + 1] ?? 0, item) < 0);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #chunkReached(reached: Reached): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(lastItem(this.#chunks[middle]))) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** What changes now becomes the newest: worth a look before searching. */
  #isLast(key: number, item: number): boolean {
    const last = this.#lastKeys.at(-1);
    if (last === undefined || last > key) return last === undefined;
    return last < key || this.#order.compare(lastItem(this.#chunks.at(-1)), item) < 0;
  }

  /** Splits a full chunk; at the very end it starts a new one, as what grows with time fills chunks so. */
  #insertInFull(number: number, offset: number, key: number, item: number): void {
    const isEnd = offset === CHUNK_SIZE && number === this.#chunks.length - 1;
    const kept = isEnd ? CHUNK_SIZE : CHUNK_SIZE / 2;
    const chunk = this.#chunks[number] as Chunk;
    const right = this.#addChunk(number + 1, CHUNK_SIZE);
    right.pairs.set(chunk.pairs.subarray(2 * kept, 2 * chunk.size));
    right.size = chunk.size - kept;
    chunk.size = kept;
    this.#lastKeys[number] = lastKey(chunk);
    this.#lastKeys[number + 1] = lastKey(right);
    if (isEnd || offset > kept) this.#insertAt(number + 1, offset - kept, key, item);
    else this.#insertAt(number, offset, key, item);
  }

  #insertAt(number: number, offset: number, key: number, item: number): void {
    const chunk = this.#chunks[number] as Chunk;
    reserve(chunk, chunk.size + 1);
    const { pairs } = chunk;
    pairs.copyWithin(2 * offset + 2, 2 * offset, 2 * chunk.size);
    pairs[2 * offset] = key;
    pairs[2 * offset + 1] = item;
    chunk.size += 1;
    this.#lastKeys[number] = lastKey(chunk);
  }

  #shrink(number: number, chunk: Chunk): void {
    if (chunk.size === 0) this.#removeChunk(number);
    else {
      this.#lastKeys[number] = lastKey(chunk);
      if (chunk.size < MERGE_SIZE)
        this.#merge(number, number + 1) || this.#merge(number - 1, number);
    }
  }

  #merge(left: number, right: number): boolean {
    const into = this.#chunks[left];
    const from = this.#chunks[right];
    if (into === undefined || from === undefined || into.size + from.size > MERGE_SIZE)
      return false;
    reserve(into, into.size + from.size);
    into.pairs.set(from.pairs.subarray(0, 2 * from.size), 2 * into.size);
    into.size += from.size;
    this.#lastKeys[left] = lastKey(into);
    this.#removeChunk(right);
    return true;
  }

  #addChunk(number: number, length: number): Chunk {
    const chunk = { pairs: new Uint32Array(2 * length), size: 0 };
    this.#chunks.splice(number, 0, chunk);
    this.#lastKeys.splice(number, 0, 0);
    return chunk;
  }

  #removeChunk(number: number): void {
    this.#chunks.splice(number, 1);
    this.#lastKeys.splice(number, 1);
  }
}

const itemAt = ({ pairs }: Chunk, offset: number): number => pairs[2 * offset + 1] ?? 0;

const lastItem = (chunk: Chunk | undefined): number =>
  chunk === undefined ? 0 : itemAt(chunk, chunk.size - 1);

const lastKey = ({ pairs, size }: Chunk): number => pairs[2 * size - 2] ?? 0;

const offsetReached = (chunk: Chunk, reached: Reached): number => {
  let low = 0;
  let high = chunk.size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(itemAt(chunk, middle))) high = middle;
    else low = middle + 1;
  }
  return low;
};

const reserve = (chunk: Chunk, needed: number): void => {
  if (2 * needed <= chunk.pairs.length) return;
  const length = Math.min(CHUNK_SIZE, Math.max(needed, chunk.pairs.length));
  const pairs = new Uint32Array(2 * length);
  pairs.set(chunk.pairs.subarray(0, 2 * chunk.size));
  chunk.pairs = pairs;
};

/** The order of texts by their UTF-16 units; what an index of texts compares them by. */
export const alphabetical = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** An order of texts: their first two units decide mostly. */
export const alphabeticalOrder = (textOf: (item: number) => string): Order => ({
  keyOf: (item) => {
    const text = textOf(item);
    return ((text.charCodeAt(0) || 0) * 0x1_0000 + (text.charCodeAt(1) || 0)) >>> 0;
  },
  compare: (a, b) => alphabetical(textOf(a), textOf(b)),
});
