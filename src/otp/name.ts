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

interface Entry<V> {
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
    this.#entries.set(key, { owner, value });
    owner.holds = { table: this as NameTable<unknown, unknown>, key, next: owner.holds };
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
    if (this.#entries.get(key)?.owner !== owner) return;
    this.#entries.delete(key);
    dropHold(owner, this as NameTable<unknown, unknown>, key);
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
    for (const [key, { owner }] of this.#entries) {
      dropHold(owner, this as NameTable<unknown, unknown>, key);
    }
    this.#entries.clear();
  }
}

/** Lets go of everything that a dying process held. */
export function releaseHolds(holder: Holder): void {
  for (let hold = holder.holds; hold !== undefined; hold = hold.next) hold.table.release(hold.key);
  holder.holds = undefined;
}

function dropHold(owner: Holder, table: NameTable<unknown, unknown>, key: unknown): void {
  let before: Hold | undefined;
  for (let hold = owner.holds; hold !== undefined; before = hold, hold = hold.next) {
    if (hold.table !== table || hold.key !== key) continue;
    if (before === undefined) owner.holds = hold.next;
    else before.next = hold.next;
    return;
  }
}
