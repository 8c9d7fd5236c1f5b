/**
 * Items kept in an order, as a list of sorted chunks of at most 512: what a B+-tree of two levels is. Beside each item
 * stands a key of 32 bits that mostly decides: so a search stays within two small arrays, and looks at rows only where
 * keys are equal. A mark may stand there too, by which a walk passes by items that are not wanted, without a look at
 * their rows: rows in an order lie anywhere in memory, entries of an index behind each other.
 *
 * 1. Chunks are in order, within and among each other, and none is empty.
 * 2. The order of an item, and its mark, must not change while it is in here: take it out, change it, put it back.
 */
import { ANY as ANY_MARK, type Choice, isChosen } from './marks.ts';
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
  /** What a walk can choose by: see `marks.ts`. */
  readonly markOf?: ((item: number) => number) | undefined;
}

interface Chunk {
  /** Key, item and, where there are marks, mark; key, item, … */
  entries: Uint32Array;
  size: number;
}

/** True from some item of the order on, false before. */
type Reached = (item: number) => boolean;

/** Of keys, both ends included. */
export interface Span {
  readonly least: number;
  readonly most: number;
}

/** Where the mark of an entry stands. Where there are no marks any number will do: then nothing is chosen by them. */
const MARK = 2;

const ANY_KEY: Span = { least: 0, most: 0xffff_ffff };

export class OrderedIndex {
  readonly #order: Order;
  readonly #markOf: Order['markOf'];
  readonly #chunks: Chunk[] = [];
  /** The last key of each chunk. */
  readonly #lastKeys: number[] = [];
  /** Ranks of the first items of the first chunks; what comes behind is not known since the last change. */
  readonly #starts: number[] = [];
  /** Numbers of an entry. */
  readonly #width: number;
  #size = 0;

  constructor(order: Order) {
    this.#order = order;
    this.#markOf = order.markOf;
    this.#width = this.#markOf === undefined ? 2 : 3;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#chunks.reduce(
      (sum, { entries }) => sum + entries.byteLength + CHUNK_OVERHEAD_BYTES,
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
    if (offset === chunk.size || this.#itemAt(chunk, offset) !== item) return;
    const at = this.#width * offset;
    chunk.entries.copyWithin(at, at + this.#width, this.#width * chunk.size);
    chunk.size -= 1;
    this.#size -= 1;
    this.#shrink(number, chunk);
  }

  /**
   * How many items come before the first for which `reached` is true.
   *
   * @param keys of those that have to be asked: what has a smaller key is before, what has a greater one is reached.
   */
  rank(reached: Reached, keys = ANY_KEY): number {
    const number = this.#chunkReached(reached, keys);
    const rank = this.#startOf(number);
    const chunk = this.#chunks[number];
    return chunk === undefined ? rank : rank + this.#offsetReached(chunk, reached, keys);
  }

  /** Visits the items of rank `from` to `to` (exclusive), of these the ones whose marks are chosen, until `visit` says false. */
  ascend(from: number, to: number, visit: (item: number) => boolean, choice?: Choice): void {
    const width = this.#width;
    const { least, most, bits } = choice ?? ANY_MARK;
    let number = this.#chunkAt(from);
    let rank = this.#startOf(number);
    for (; number < this.#chunks.length && rank < to; number++) {
      const { entries, size } = this.#chunks[number] as Chunk;
      const end = width * Math.min(size, to - rank);
      for (let at = width * Math.max(0, from - rank); at < end; at += width) {
        if (!isChosen(entries[at + MARK] ?? 0, least, most, bits)) continue;
        if (!visit(entries[at + 1] ?? 0)) return;
      }
      rank += size;
    }
  }

  /** The same from the last to the first. */
  descend(from: number, to: number, visit: (item: number) => boolean, choice?: Choice): void {
    const width = this.#width;
    const { least, most, bits } = choice ?? ANY_MARK;
    let number = this.#chunkAt(to - 1);
    let rank = this.#startOf(number + 1);
    for (; number >= 0 && rank > from; number--) {
      const { entries, size } = this.#chunks[number] as Chunk;
      rank -= size;
      const end = width * Math.max(0, from - rank);
      for (let at = width * (Math.min(size, to - rank) - 1); at >= end; at -= width) {
        if (!isChosen(entries[at + MARK] ?? 0, least, most, bits)) continue;
        if (!visit(entries[at + 1] ?? 0)) return;
      }
    }
  }

  /** Visits all items in order. */
  each(visit: (item: number) => void): void {
    const width = this.#width;
    for (const { entries, size } of this.#chunks)
      for (let at = 1; at < width * size; at += width) visit(entries[at] ?? 0);
  }

  save(to: Saving): void {
    to.array(Uint32Array.from(this.#chunks, ({ size }) => size));
    for (const { entries, size } of this.#chunks) to.array(entries.subarray(0, this.#width * size));
  }

  /** Of an index that is empty. A chunk gets room of its own when something is put into it. */
  load(from: Loading): void {
    for (const size of from.uint32()) {
      const chunk = { entries: from.uint32(), size };
      this.#chunks.push(chunk);
      this.#lastKeys.push(this.#lastKey(chunk));
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
        last < key || (last === key && this.#order.compare(this.#lastItem(middle), item) < 0);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the item is in the chunk, or belongs. */
  #offsetFor({ entries, size }: Chunk, key: number, item: number): number {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.#width * middle;
      const other = entries[at] ?? 0;
      const isBefore =
        other < key || (other === key && this.#order.compare(entries[at + 1] ?? 0, item) < 0);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first chunk whose last item is reached. */
  #chunkReached(reached: Reached, keys: Span): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const key = this.#lastKeys[middle] ?? 0;
      const isReached = key > keys.most || (key >= keys.least && reached(this.#lastItem(middle)));
      if (isReached) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #offsetReached({ entries, size }: Chunk, reached: Reached, keys: Span): number {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.#width * middle;
      const key = entries[at] ?? 0;
      if (key > keys.most || (key >= keys.least && reached(entries[at + 1] ?? 0))) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** What changes now becomes the newest: worth a look before searching. */
  #isLast(key: number, item: number): boolean {
    const last = this.#lastKeys.at(-1);
    if (last === undefined || last > key) return last === undefined;
    return last < key || this.#order.compare(this.#lastItem(this.#chunks.length - 1), item) < 0;
  }

  /** Splits a full chunk; at the very end it starts a new one, as what grows with time fills chunks so. */
  #insertInFull(number: number, offset: number, key: number, item: number): void {
    const isEnd = offset === CHUNK_SIZE && number === this.#chunks.length - 1;
    const kept = isEnd ? CHUNK_SIZE : CHUNK_SIZE / 2;
    const chunk = this.#chunks[number] as Chunk;
    const right = this.#addChunk(number + 1, CHUNK_SIZE);
    right.entries.set(chunk.entries.subarray(this.#width * kept, this.#width * chunk.size));
    right.size = chunk.size - kept;
    chunk.size = kept;
    this.#note(number, chunk);
    this.#note(number + 1, right);
    if (isEnd || offset > kept) this.#insertAt(number + 1, offset - kept, key, item);
    else this.#insertAt(number, offset, key, item);
  }

  #insertAt(number: number, offset: number, key: number, item: number): void {
    const width = this.#width;
    const chunk = this.#chunks[number] as Chunk;
    this.#reserve(chunk, chunk.size + 1);
    const { entries } = chunk;
    const at = width * offset;
    entries.copyWithin(at + width, at, width * chunk.size);
    entries[at] = key;
    entries[at + 1] = item;
    if (this.#markOf !== undefined) entries[at + MARK] = this.#markOf(item);
    chunk.size += 1;
    this.#note(number, chunk);
  }

  #shrink(number: number, chunk: Chunk): void {
    if (chunk.size === 0) this.#removeChunk(number);
    else {
      this.#note(number, chunk);
      if (chunk.size < MERGE_SIZE)
        this.#merge(number, number + 1) || this.#merge(number - 1, number);
    }
  }

  #merge(left: number, right: number): boolean {
    const into = this.#chunks[left];
    const from = this.#chunks[right];
    if (into === undefined || from === undefined || into.size + from.size > MERGE_SIZE)
      return false;
    this.#reserve(into, into.size + from.size);
    const added = from.entries.subarray(0, this.#width * from.size);
    into.entries.set(added, this.#width * into.size);
    into.size += from.size;
    this.#note(left, into);
    this.#removeChunk(right);
    return true;
  }

  #addChunk(number: number, length: number): Chunk {
    const chunk = { entries: new Uint32Array(this.#width * length), size: 0 };
    this.#chunks.splice(number, 0, chunk);
    this.#lastKeys.splice(number, 0, 0);
    return chunk;
  }

  #removeChunk(number: number): void {
    this.#chunks.splice(number, 1);
    this.#lastKeys.splice(number, 1);
    this.#forgetStarts(number);
  }

  #forgetStarts(from: number): void {
    if (this.#starts.length > from + 1) this.#starts.length = from + 1;
  }

  /** The rank of the first item of a chunk; of the one behind the last, how many items there are. */
  #startOf(number: number): number {
    const starts = this.#starts;
    if (starts.length === 0) starts.push(0);
    for (let next = starts.length; next <= number; next++)
      starts.push((starts[next - 1] ?? 0) + (this.#chunks[next - 1]?.size ?? 0));
    return starts[number] ?? 0;
  }

  /** The chunk that has the item of this rank; the first or the last one if none has. */
  #chunkAt(rank: number): number {
    this.#startOf(this.#chunks.length);
    let low = 0;
    let high = Math.max(0, this.#chunks.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] ?? 0) <= rank) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** What changes of a chunk that is not empty. */
  #note(number: number, chunk: Chunk): void {
    this.#lastKeys[number] = this.#lastKey(chunk);
    this.#forgetStarts(number);
  }

  #itemAt({ entries }: Chunk, offset: number): number {
    return entries[this.#width * offset + 1] ?? 0;
  }

  /** Of a chunk that is there. */
  #lastItem(number: number): number {
    const chunk = this.#chunks[number] as Chunk;
    return this.#itemAt(chunk, chunk.size - 1);
  }

  #lastKey({ entries, size }: Chunk): number {
    return entries[this.#width * (size - 1)] ?? 0;
  }

  #reserve(chunk: Chunk, needed: number): void {
    const room = this.#width * needed;
    if (room <= chunk.entries.length) return;
    const length = Math.min(this.#width * CHUNK_SIZE, Math.max(room, 2 * chunk.entries.length));
    const entries = new Uint32Array(length);
    entries.set(chunk.entries.subarray(0, this.#width * chunk.size));
    chunk.entries = entries;
  }
}

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
