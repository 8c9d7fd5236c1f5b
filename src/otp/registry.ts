/**
 * A unique registry: keys to living actors, each with a value. The table belongs to the registry's process and dies
 * with it; looking something up is a look into the table, not a message.
 *
 * Invariant: a dead actor's keys are free before any process can see its DOWN, its exit or its successor.
 */
import { spawn } from './actor.ts';
import type { ChildSpec } from './child-spec.ts';
import type { Message } from './message.ts';
import { type Name, NameTable } from './name.ts';
import { OtpError } from './otp-error.ts';
import type { Process, Program } from './process.ts';
import type { ActorRef } from './ref.ts';
import { processOf } from './system.ts';

export interface RegistryFace<K, V> {
  readonly size: number;
  /** Gives the key to `ref` until it dies. Throws `already_registered`, or `noproc` if `ref` is dead. */
  register(key: K, ref: ActorRef, value: V): void;
  /** Gives the key back early; does nothing if it is another's. */
  unregister(key: K, ref: ActorRef): void;
  /** The value, while its actor lives. */
  find(key: K): V | undefined;
  /** The same; throws `not_registered`. */
  fetch(key: K): V;
  /** Changes the value, and gives the new one. Throws `not_registered` if the key is free, or another actor's. */
  update(key: K, ref: ActorRef, change: (value: V) => V): V;
  keys(): IterableIterator<K>;
  /** The keys of one actor, oldest first. */
  keysOf(ref: ActorRef): readonly K[];
}

export interface RegistryOptions<K, V> {
  readonly id: string;
  readonly name: Name<RegistryFace<K, V>>;
}

/** Declares a registry as a child. Its face is found under `name`; when it dies, its keys and values are gone. */
export function registry<K, V>({ id, name }: RegistryOptions<K, V>): ChildSpec {
  const program = new RegistryProgram(name);
  return {
    id,
    type: 'worker',
    restart: 'permanent',
    shutdownMs: 5_000,
    start: (system, place) => spawn(system, program, { id, ...place }),
  };
}

class RegistryProgram<K, V> implements Program {
  readonly kind = 'worker';
  readonly #name: Name<RegistryFace<K, V>>;

  constructor(name: Name<RegistryFace<K, V>>) {
    this.#name = name;
  }

  init(self: Process): NameTable<K, V> {
    const table = new NameTable<K, V>();
    self.register(this.#name, faceOf(self, table));
    self.own(() => table.clear());
    return table;
  }

  receive(_self: Process, _message: Message): void {}

  terminate(): void {}

  redact(self: Process): unknown {
    return { size: (self.state as NameTable<K, V>).size };
  }
}

function faceOf<K, V>(self: Process, table: NameTable<K, V>): RegistryFace<K, V> {
  return {
    get size() {
      return table.size;
    },
    register: (key, ref, value) => {
      const owner = processOf(ref);
      if (!self.alive) throw new OtpError('noproc', `${self.label} is not alive`);
      if (!owner.alive) throw new OtpError('noproc', `${owner.label} is not alive`);
      table.register(owner, key, value);
    },
    unregister: (key, ref) => table.unregister(processOf(ref), key),
    find: (key) => table.find(key),
    fetch: (key) => table.fetch(key),
    update: (key, ref, change) => table.update(processOf(ref), key, change),
    keys: () => table.keys(),
    keysOf: (ref) => table.keysOf(processOf(ref)),
  };
}
