/**
 * A map whose entries come and go all the time: requests, runs, readers. `otp/bag.ts` says why a `Map` is not for these. Here a
 * table is made anew only when it grows, and what has gone points to nothing.
 *
 * It has what is used of a `Map`; what it lists is a list of its own, in the order in which the keys came.
 */
interface Entry<K, V> {
  readonly key: K;
  /** undefined once it has gone: an entry that is old by then would keep its value. */
  value: V | undefined;
  readonly order: number;
  /** The next one in its row. */
  next: Entry<K, V> | undefined;
}

/** Entries in a row, on average; a map of one or two keys is a single row. */
const MOST_IN_A_ROW = 2;
const GROWTH = 4;

export class ChurnMap<K extends string | number, V> {
  #rows: (Entry<K, V> | undefined)[] = [undefined];
  #size = 0;
  #lastOrder = 0;

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    return this.#find(key)?.value;
  }

  has(key: K): boolean {
    return this.#find(key) !== undefined;
  }

  set(key: K, value: V): void {
    const known = this.#find(key);
    if (known !== undefined) {
      known.value = value;
      return;
    }
    if (this.#size === MOST_IN_A_ROW * this.#rows.length) this.#grow();
    this.#lastOrder += 1;
    this.#put({ key, value, order: this.#lastOrder, next: undefined });
    this.#size += 1;
  }

  delete(key: K): boolean {
    const row = this.#rowOf(key);
    let before: Entry<K, V> | undefined;
    for (let entry = this.#rows[row]; entry !== undefined; entry = entry.next) {
      if (entry.key === key) {
        if (before === undefined) this.#rows[row] = entry.next;
        else before.next = entry.next;
        entry.next = undefined;
        entry.value = undefined;
        this.#size -= 1;
        return true;
      }
      before = entry;
    }
    return false;
  }

  clear(): void {
    for (const { key } of this.#entries()) this.delete(key);
  }

  keys(): readonly K[] {
    return this.#entries().map(({ key }) => key);
  }

  values(): readonly V[] {
    return this.#entries().map(({ value }) => value as V);
  }

  #find(key: K): Entry<K, V> | undefined {
    let entry = this.#rows[this.#rowOf(key)];
    while (entry !== undefined && entry.key !== key) entry = entry.next;
    return entry;
  }

  #entries(): readonly Entry<K, V>[] {
    const all: Entry<K, V>[] = [];
    for (const first of this.#rows)
      for (let entry = first; entry !== undefined; entry = entry.next) all.push(entry);
    return all.sort((a, b) => a.order - b.order);
  }

  #put(entry: Entry<K, V>): void {
    const row = this.#rowOf(entry.key);
    entry.next = this.#rows[row];
    this.#rows[row] = entry;
  }

  /** The number of rows is a power of two, so wrapping is a mask. */
  #rowOf(key: K): number {
    if (this.#rows.length === 1) return 0;
    const hash = typeof key === 'number' ? key : hashOf(key);
    return hash & (this.#rows.length - 1);
  }

  #grow(): void {
    const all = this.#entries();
    const outgrown = this.#rows;
    this.#rows = new Array(outgrown.length * GROWTH).fill(undefined);
    outgrown.fill(undefined);
    for (const entry of all) this.#put(entry);
  }
}

/** FNV-1a. */
const hashOf = (key: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1)
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
};
