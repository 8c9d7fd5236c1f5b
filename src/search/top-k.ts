/**
 * The first `limit` of many items in an order, in a heap of that size: memory and time follow the page, not the matches.
 * `K` is what the order looks at.
 */
export class TopK<T extends K, K = T> {
  readonly #limit: number;
  readonly #compare: (a: K, b: K) => number;
  /** A heap whose root is the last of those kept: the one to go. */
  readonly #heap: T[] = [];

  constructor(limit: number, compare: (a: K, b: K) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  add(item: T): void {
    const heap = this.#heap;
    if (heap.length < this.#limit) {
      heap.push(item);
      this.#rise(heap.length - 1);
    } else if (this.#compare(item, this.#at(0)) < 0) {
      heap[0] = item;
      this.#sink(0);
    }
  }

  /** Whether an item of this place would be kept. */
  wants(place: K): boolean {
    return this.#heap.length < this.#limit || this.#compare(place, this.#at(0)) < 0;
  }

  sorted(): T[] {
    return this.#heap.toSorted(this.#compare);
  }

  #at(index: number): T {
    return this.#heap[index] as T; // all who ask stay within the heap
  }

  #rise(start: number): void {
    for (let child = start; child > 0; ) {
      const parent = (child - 1) >>> 1;
      if (this.#compare(this.#at(parent), this.#at(child)) >= 0) return;
      this.#swap(parent, child);
      child = parent;
    }
  }

  #sink(start: number): void {
    for (let parent = start; ; ) {
      const child = this.#laterChild(parent);
      if (child >= this.#heap.length || this.#compare(this.#at(parent), this.#at(child)) >= 0)
        return;
      this.#swap(parent, child);
      parent = child;
    }
  }

  #laterChild(parent: number): number {
    const left = parent * 2 + 1;
    const hasRight = left + 1 < this.#heap.length;
    return hasRight && this.#compare(this.#at(left + 1), this.#at(left)) > 0 ? left + 1 : left;
  }

  #swap(a: number, b: number): void {
    const item = this.#at(a);
    this.#heap[a] = this.#at(b);
    this.#heap[b] = item;
  }
}
