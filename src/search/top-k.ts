/** The first `limit` of many items in an order, in a heap of that size: memory and time follow the page, not the matches. */
export class TopK {
  readonly #limit: number;
  readonly #compare: (a: number, b: number) => number;
  /** A heap whose root is the last of those kept: the one to go. */
  readonly #heap: number[] = [];

  constructor(limit: number, compare: (a: number, b: number) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  add(item: number): void {
    const heap = this.#heap;
    if (heap.length < this.#limit) {
      heap.push(item);
      this.#rise(heap.length - 1);
    } else if (this.#compare(item, this.#at(0)) < 0) {
      heap[0] = item;
      this.#sink(0);
    }
  }

  sorted(): number[] {
    return this.#heap.toSorted(this.#compare);
  }

  #at(index: number): number {
    return this.#heap[index] ?? 0;
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
