/**
 * What an embedding program keeps for single sessions while they are in its hands. The sub-agents of a session share it:
 * each is noticed when it is asked about, which is before it can have sub-agents itself.
 */
import type { Head } from './head.ts';
import { keyString, type SessionKey } from './ids.ts';

export type Asker = Pick<Head, 'key' | 'childOf' | 'mcpServers'>;

interface Held<T> {
  readonly value: T;
  /** The session's, and its sub-agents'. */
  readonly names: string[];
}

export class PerSession<T> {
  readonly #held = new Map<string, Held<T>>();

  /** In the place of what was there. @returns takes it back, for sub-agents too. */
  set(key: SessionKey, value: T): () => void {
    const name = keyString(key);
    const held: Held<T> = { value, names: [name] };
    this.#held.set(name, held);
    return () => {
      for (const each of held.names) if (this.#held.get(each) === held) this.#held.delete(each);
    };
  }

  /** By the key alone: sub-agents that were not asked about yet have none. */
  at(key: SessionKey): T | undefined {
    return this.#held.size === 0 ? undefined : this.#held.get(keyString(key))?.value;
  }

  of({ key, childOf }: Asker): T | undefined {
    if (this.#held.size === 0) return undefined;
    const name = keyString(key);
    const own = this.#held.get(name);
    if (own !== undefined || childOf === undefined) return own?.value;
    const parents = this.#held.get(keyString({ ...key, sessionId: childOf.sessionId as never }));
    if (parents === undefined) return undefined;
    parents.names.push(name);
    this.#held.set(name, parents);
    return parents.value;
  }
}
