/** Who holds which key of which registry, by what was seen: held against what the registry says. */
import type { RegistryFace } from '../../src/otp/index.ts';
import type { Chronicle } from './chronicle.ts';
import type { Life } from './life.ts';

export type Registry = RegistryFace<string, number>;

export class KeyBook {
  readonly #chronicle: Chronicle;
  /** By the life of the registry: a new one begins empty. */
  readonly #holders = new Map<Life, Map<string, Life>>();

  constructor(chronicle: Chronicle) {
    this.#chronicle = chronicle;
  }

  /** Wants the key for an actor. */
  register(registry: Life, face: Registry, key: string, owner: Life): void {
    const { ref, startedNo } = owner;
    if (ref === undefined) return;
    const holder = this.#holder(registry, key);
    try {
      face.register(key, ref, startedNo);
    } catch (error) {
      return this.#refused(key, holder, error);
    }
    this.#chronicle.count('key registered');
    if (holder?.phase === 'up') this.#chronicle.wrong(`${key} was given away while it was taken`);
    if (holder?.phase === 'over') this.#chronicle.count('key freed by a death');
    this.#holders.set(registry, (this.#holders.get(registry) ?? new Map()).set(key, owner));
  }

  look(registry: Life, face: Registry, key: string): void {
    const holder = this.#holder(registry, key);
    const expected = holder?.phase === 'up' ? holder.startedNo : undefined;
    if (registry.phase !== 'up' || face.find(key) === expected) return;
    this.#chronicle.wrong(`${key} leads to ${face.find(key)}, not ${expected}`);
  }

  #holder(registry: Life, key: string): Life | undefined {
    return this.#holders.get(registry)?.get(key);
  }

  #refused(key: string, holder: Life | undefined, error: unknown): void {
    const isTaken = (error as { code?: string }).code === 'already_registered';
    if (isTaken) this.#chronicle.count('key taken');
    if (isTaken && holder?.phase !== 'up') this.#chronicle.wrong(`${key} was refused, and is free`);
  }
}
