/**
 * A registry whose keys many actors may share: the listeners of a topic, the workers for a job. The table belongs to the
 * registry's process and dies with it; a dead actor's entries are gone before any process can see its end.
 */
import { type Actor, spawn } from './actor.ts';
import type { ChildSpec } from './child-spec.ts';
import { DuplicateTable } from './duplicate-table.ts';
import type { Message } from './message.ts';
import type { Name } from './name.ts';
import { OtpError } from './otp-error.ts';
import type { Process, Program } from './process.ts';
import type { ActorRef } from './ref.ts';
import { processOf } from './system.ts';

export interface RegistryEntry<V> {
  readonly ref: ActorRef;
  readonly value: V;
}

export interface DuplicateRegistryFace<K, V> {
  /** Entries of all keys. */
  readonly size: number;
  /** Adds an entry until `ref` dies; an actor may have several under one key. Throws `noproc` if `ref` is dead. */
  register(key: K, ref: ActorRef, value: V): void;
  /** Removes all entries of `ref` under the key. */
  unregister(key: K, ref: ActorRef): void;
  /** The entries of a key, oldest first. */
  entries(key: K): readonly RegistryEntry<V>[];
  /** Runs `tell` for each entry of a key. If it throws, it still runs for the others, and then that error is thrown. */
  dispatch(key: K, tell: (entry: RegistryEntry<V>) => void): void;
  /** The keys that have entries. */
  keys(): IterableIterator<K>;
  /** The keys of one actor, each as often as it is registered under it. */
  keysOf(ref: ActorRef): readonly K[];
}

export interface DuplicateRegistryOptions<K, V> {
  readonly id: string;
  readonly name: Name<DuplicateRegistryFace<K, V>>;
}

/** Declares such a registry as a child. Its face is found under `name`; when it dies, its entries are gone. */
export function duplicateRegistry<K, V>({ id, name }: DuplicateRegistryOptions<K, V>): ChildSpec {
  const program = new DuplicateRegistryProgram(name);
  return {
    id,
    type: 'worker',
    restart: 'permanent',
    shutdownMs: 5_000,
    start: (system, place) => spawn(system, program, { id, ...place }),
  };
}

class DuplicateRegistryProgram<K, V> implements Program {
  readonly kind = 'worker';
  readonly #name: Name<DuplicateRegistryFace<K, V>>;

  constructor(name: Name<DuplicateRegistryFace<K, V>>) {
    this.#name = name;
  }

  init(self: Process): DuplicateTable<K, V> {
    const table = new DuplicateTable<K, V>();
    self.register(this.#name, faceOf(self, table));
    self.own(() => table.clear());
    return table;
  }

  receive(_self: Process, _message: Message): void {}

  terminate(): void {}

  redact(self: Process): unknown {
    return { size: (self.state as DuplicateTable<K, V>).size };
  }
}

function faceOf<K, V>(self: Process, table: DuplicateTable<K, V>): DuplicateRegistryFace<K, V> {
  // Each was registered by its ref, which is the actor itself.
  const entries = (key: K): readonly RegistryEntry<V>[] =>
    table.at(key).map(({ owner, value }) => ({ ref: owner as Actor, value }));
  return {
    get size() {
      return table.size;
    },
    register: (key, ref, value) => {
      for (const process of [self, processOf(ref)])
        if (!process.alive) throw new OtpError('noproc', `${process.label} is not alive`);
      table.register(processOf(ref), key, value);
    },
    unregister: (key, ref) => table.unregister(processOf(ref), key),
    entries,
    dispatch: (key, tell) => dispatch(entries(key), tell),
    keys: () => table.keys(),
    keysOf: (ref) => table.keysOf(processOf(ref)),
  };
}

function dispatch<V>(
  entries: readonly RegistryEntry<V>[],
  tell: (entry: RegistryEntry<V>) => void,
): void {
  const thrown: unknown[] = [];
  for (const entry of entries) {
    try {
      tell(entry);
    } catch (error) {
      thrown.push(error);
    }
  }
  if (thrown.length > 0) throw thrown[0];
}
