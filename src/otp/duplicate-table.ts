/**
 * Keys that several processes may share: each entry is one owner's, with a value, in the order of registering.
 *
 * Invariant: an entry in the table belongs to a living owner, whose list of holds has it.
 */
import { dropHold, type Hold, type Holder, holdsIn } from './name.ts';

export interface SharedEntry<K, V> extends Hold {
  readonly key: K;
  readonly owner: Holder;
  readonly value: V;
}

export class DuplicateTable<K, V> {
  readonly #entries = new Map<K, Set<Hold>>();
  #size = 0;

  /** Entries of all keys. */
  get size(): number {
    return this.#size;
  }

  register(owner: Holder, key: K, value: V): void {
    const entry: SharedEntry<K, V> = { table: this, key, next: owner.holds, owner, value };
    const entries = this.#entries.get(key) ?? new Set();
    this.#entries.set(key, entries.add(entry));
    this.#size++;
    owner.holds = entry;
  }

  /** All entries of one key, oldest first. */
  at(key: K): readonly SharedEntry<K, V>[] {
    return [...(this.#entries.get(key) ?? [])] as SharedEntry<K, V>[];
  }

  /** Takes all entries of one owner under one key. */
  unregister(owner: Holder, key: K): void {
    for (const entry of this.at(key)) {
      if (entry.owner !== owner) continue;
      this.release(entry);
      dropHold(owner, entry);
    }
  }

  keys(): IterableIterator<K> {
    return this.#entries.keys();
  }

  /** The keys of one owner, each as often as it has it, oldest first. */
  keysOf(owner: Holder): readonly K[] {
    return holdsIn(owner, this).map(({ key }) => key as K);
  }

  /** Forgets one entry of an owner that is dying, which drops its whole list at once. */
  release(entry: Hold): void {
    const key = entry.key as K;
    const entries = this.#entries.get(key);
    if (entries?.delete(entry) !== true) return;
    this.#size--;
    if (entries.size === 0) this.#entries.delete(key);
  }

  /** Forgets everything: the table's own process is dying. */
  clear(): void {
    for (const key of [...this.#entries.keys()])
      for (const entry of this.at(key)) dropHold(entry.owner, entry);
    this.#entries.clear();
    this.#size = 0;
  }
}
