/**
 * Names that carry the type of what they stand for, and the table that keeps them. An entry lives as long as the
 * process that owns it: the process keeps a list of what it holds, and lets go of all of it before anyone is told
 * that it died.
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

/** An entry that a process holds, in a list of its own. */
export interface Hold {
  readonly table: NameTable<unknown, unknown>;
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
  readonly value: V;
}

export class NameTable<K, V> {
  readonly #entries = new Map<K, Entry<V>>();

  get size(): number {
    return this.#entries.size;
  }

  /** Throws `already_registered` when the key is taken, by whomever. */
  register(owner: Holder, key: K, value: V): void {
    if (this.#entries.has(key)) {
      throw new OtpError('already_registered', `${String(key)} is registered already`);
    }
    const table = this as NameTable<unknown, unknown>;
    const entry: Entry<V> = { table, key, next: owner.holds, owner, value };
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

  keys(): IterableIterator<K> {
    return this.#entries.keys();
  }

  /** Forgets one entry of an owner that is dying, which drops its whole list at once. */
  release(key: K): void {
    this.#entries.delete(key);
  }

  /** Forgets everything: the table's own process is dying. */
  clear(): void {
    for (const entry of this.#entries.values()) dropHold(entry.owner, entry);
    this.#entries.clear();
  }
}

/** Lets go of everything that a dying process held. */
export function releaseHolds(holder: Holder): void {
  for (let hold = holder.holds; hold !== undefined; hold = hold.next) hold.table.release(hold.key);
  holder.holds = undefined;
}

function dropHold(owner: Holder, dropped: Hold): void {
  let before: Hold | undefined;
  for (let hold = owner.holds; hold !== undefined; before = hold, hold = hold.next) {
    if (hold !== dropped) continue;
    if (before === undefined) owner.holds = hold.next;
    else before.next = hold.next;
    return;
  }
}
