/**
 * Numbers kept in an order, as a list of sorted chunks of at most 512: what a B+-tree of two levels
 * is. Adding and removing cost a binary search and the move of half a chunk.
 *
 * 1. Chunks are in order, within and among each other, and none is empty.
 * 2. The order of an item must not change while it is in here: take it out, change it, put it back.
 */
const CHUNK_SIZE = 512;
/** Neighbours that fit into half a chunk together are made one. */
const MERGE_SIZE = CHUNK_SIZE / 2;

interface Chunk {
  readonly items: Uint32Array;
  size: number;
}

/** True from some item of the order on, false before. */
type Reached = (item: number) => boolean;

export class OrderedIndex {
  readonly #compare: (a: number, b: number) => number;
  readonly #chunks: Chunk[] = [];
  #size = 0;

  /** @param compare a total order: 0 only for an item and itself. */
  constructor(compare: (a: number, b: number) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#chunks.length * (CHUNK_SIZE * 4 + 200);
  }

  insert(item: number): void {
    const after: Reached = (other) => this.#compare(other, item) > 0;
    const end = Math.max(0, this.#chunks.length - 1);
    const number = this.#isLast(item) ? end : Math.min(this.#chunkOf(after), end);
    const chunk = this.#chunks[number] ?? this.#addChunk(0);
    this.#size += 1;
    const offset = offsetIn(chunk, after);
    if (chunk.size < CHUNK_SIZE) insertAt(chunk, offset, item);
    else this.#insertInFull(number, chunk, offset, item);
  }

  delete(item: number): void {
    const number = this.#chunkOf((other) => this.#compare(other, item) >= 0);
    const chunk = this.#chunks[number];
    if (chunk === undefined) return;
    const offset = offsetIn(chunk, (other) => this.#compare(other, item) >= 0);
    if (chunk.items[offset] !== item) return;
    chunk.items.copyWithin(offset, offset + 1, chunk.size);
    chunk.size -= 1;
    this.#size -= 1;
    this.#shrink(number, chunk);
  }

  /** How many items come before the first for which `reached` is true. */
  rank(reached: Reached): number {
    const number = this.#chunkOf(reached);
    let rank = 0;
    for (let before = 0; before < number; before++) rank += this.#chunks[before]?.size ?? 0;
    const chunk = this.#chunks[number];
    return chunk === undefined ? rank : rank + offsetIn(chunk, reached);
  }

  /** Visits the items of rank `from` to `to` (exclusive) until `visit` says false. */
  ascend(from: number, to: number, visit: (item: number) => boolean): void {
    let rank = 0;
    for (const { items, size } of this.#chunks) {
      if (rank >= to) return;
      const end = Math.min(size, to - rank);
      for (let offset = Math.max(0, from - rank); offset < end; offset++)
        if (!visit(items[offset] ?? 0)) return;
      rank += size;
    }
  }

  /** The same from the last to the first. */
  descend(from: number, to: number, visit: (item: number) => boolean): void {
    let rank = this.#size;
    for (let number = this.#chunks.length - 1; number >= 0 && rank > from; number--) {
      const { items, size } = this.#chunks[number] as Chunk;
      rank -= size;
      const end = Math.max(0, from - rank);
      for (let offset = Math.min(size, to - rank) - 1; offset >= end; offset--)
        if (!visit(items[offset] ?? 0)) return;
    }
  }

  /** The first chunk whose last item is reached; the number of chunks if none is. */
  #chunkOf(reached: Reached): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { items, size } = this.#chunks[middle] as Chunk;
      if (reached(items[size - 1] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** What changes now becomes the newest: worth a look before searching. */
  #isLast(item: number): boolean {
    const chunk = this.#chunks.at(-1);
    return chunk !== undefined && this.#compare(chunk.items[chunk.size - 1] ?? 0, item) < 0;
  }

  /** Splits a full chunk; at the very end it starts a new one, as what grows with time fills chunks so. */
  #insertInFull(number: number, chunk: Chunk, offset: number, item: number): void {
    const isEnd = offset === CHUNK_SIZE && number === this.#chunks.length - 1;
    const kept = isEnd ? CHUNK_SIZE : CHUNK_SIZE / 2;
    const right = this.#addChunk(number + 1);
    right.items.set(chunk.items.subarray(kept, chunk.size));
    right.size = chunk.size - kept;
    chunk.size = kept;
    if (isEnd || offset > kept) insertAt(right, offset - kept, item);
    else insertAt(chunk, offset, item);
  }

  #shrink(number: number, chunk: Chunk): void {
    if (chunk.size === 0) this.#chunks.splice(number, 1);
    else if (chunk.size < MERGE_SIZE)
      this.#merge(number, number + 1) || this.#merge(number - 1, number);
  }

  #merge(left: number, right: number): boolean {
    const into = this.#chunks[left];
    const from = this.#chunks[right];
    if (into === undefined || from === undefined || into.size + from.size > MERGE_SIZE)
      return false;
    into.items.set(from.items.subarray(0, from.size), into.size);
    into.size += from.size;
    this.#chunks.splice(right, 1);
    return true;
  }

  #addChunk(number: number): Chunk {
    const chunk = { items: new Uint32Array(CHUNK_SIZE), size: 0 };
    this.#chunks.splice(number, 0, chunk);
    return chunk;
  }
}

const offsetIn = ({ items, size }: Chunk, reached: Reached): number => {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(items[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** The order of texts by their UTF-16 units; what an index of texts compares them by. */
export const alphabetical = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

const insertAt = (chunk: Chunk, offset: number, item: number): void => {
  chunk.items.copyWithin(offset + 1, offset, chunk.size);
  chunk.items[offset] = item;
  chunk.size += 1;
};
