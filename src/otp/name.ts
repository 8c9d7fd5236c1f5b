/**
 * Names that carry the type of what they stand for, and the table that keeps them. An entry lives as long as the
 * process that owns it: the process keeps a list of what it holds, and lets go of all of it before other
 * processes learn that it died.
 *
 * Invariant: a key in the table belongs to a living owner, whose list of holds has it.
 */
import { OtpError } from './otp-error.ts';

declare const stands: unique symbol;

/** A key that knows, for the compiler only, the type of what is registered under it. */
export interface Name<T> {
  readonly key: string;
  readonly [stands]?: (value: T) => T;
}

/** Names are equal when their keys are: one key stands for one thing in a system. */
export const nameOf = <T>(key: string): Name<T> => ({ key });

/** A table that drops what a dying process holds there. */
export interface Table {
  release(hold: Hold): void;
}

/** An entry that a process holds, in a list of its own. */
export interface Hold {
  readonly table: Table;
  readonly key: unknown;
  next: Hold | undefined;
}

/** What can own entries: every process. */
export interface Holder {
  holds: Hold | undefined;
}

/** One object is the table's entry and the link in its owner's list: a name costs no second one. */
interface Entry<V> extends Hold {
  readonly owner: Holder;
  value: V;
}

export class NameTable<K, V> {
  readonly #entries = new Map<K, Entry<V>>();

  get size(): number {
    return this.#entries.size;
  }

  /** Throws `already_registered` when the key is taken. */
  register(owner: Holder, key: K, value: V): void {
    if (this.#entries.has(key)) {
      throw new OtpError('already_registered', `${String(key)} is registered already`);
    }
    const entry: Entry<V> = { table: this, key, next: owner.holds, owner, value };
    this.#entries.set(key, entry);
    owner.holds = entry;
  }

  find(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Throws `not_registered`. */
  fetch(key: K): V {
    const entry = this.#entries.get(key);
    if (entry === undefined)
      throw new OtpError('not_registered', `nothing is registered as ${String(key)}`);
    return entry.value;
  }

  /** Does nothing if the entry is another's. */
  unregister(owner: Holder, key: K): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.owner !== owner) return;
    this.#entries.delete(key);
    dropHold(owner, entry);
  }

  /** Changes a value. Throws `not_registered` if there is no entry, or another process owns it. */
  update(owner: Holder, key: K, change: (value: V) => V): V {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.owner !== owner)
      throw new OtpError('not_registered', `this actor has not registered ${String(key)}`);
    entry.value = change(entry.value);
    return entry.value;
  }

  keys(): IterableIterator<K> {
    return this.#entries.keys();
  }

  /** The keys of one owner, oldest first. */
  keysOf(owner: Holder): readonly K[] {
    return holdsIn(owner, this).map(({ key }) => key as K);
  }

  /** Forgets one entry of an owner that is dying, which drops its whole list at once. */
  release({ key }: Hold): void {
    this.#entries.delete(key as K);
  }

  /** Forgets everything: the table's own process is dying. */
  clear(): void {
    for (const entry of this.#entries.values()) dropHold(entry.owner, entry);
    this.#entries.clear();
  }
}

/** Lets go of everything that a dying process held. */
export function releaseHolds(holder: Holder): void {
  for (let hold = holder.holds; hold !== undefined; hold = hold.next) hold.table.release(hold);
  holder.holds = undefined;
}

/** What an owner holds in one table, oldest first. */
export function holdsIn(owner: Holder, table: Table): readonly Hold[] {
  const found: Hold[] = [];
  for (let hold = owner.holds; hold !== undefined; hold = hold.next)
    if (hold.table === table) found.push(hold);
  return found.reverse();
}

/** Takes one entry from the list of its owner. */
export function dropHold(owner: Holder, dropped: Hold): void {
  let before: Hold | undefined;
  for (let hold = owner.holds; hold !== undefined; before = hold, hold = hold.next) {
    if (hold !== dropped) continue;
    if (before === undefined) owner.holds = hold.next;
    else before.next = hold.next;
    return;
  }
}
