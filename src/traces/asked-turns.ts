/**
 * Turns that were asked for and have not begun: what stands above them, and what they are asked, as far as that is wanted.
 *
 * They are bounded (P6): of more than `MAX_WAITING` the oldest is forgotten, and its span begins a trace of its own.
 */
import type { Attributes, Context } from '@opentelemetry/api';

/** Turns that are not accepted yet. */
export const MAX_WAITING = 1_000;

interface Asked {
  readonly parent: Context;
  /** Of a sub-agent. */
  readonly agentType: string | undefined;
  prompt: Attributes | undefined;
}

export class AskedTurns {
  readonly #asked = new Map<string, Asked>();

  add(name: string, parent: Context, agentType: string | undefined): void {
    this.#asked.delete(name);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size >= MAX_WAITING && oldest !== undefined) this.#asked.delete(oldest);
    this.#asked.set(name, { parent, agentType, prompt: undefined });
  }

  says(name: string, prompt: () => Attributes): void {
    const asked = this.#asked.get(name);
    if (asked !== undefined) asked.prompt = prompt();
  }

  /** It begins, or was refused. undefined: nothing is known of it. */
  take(name: string): Asked | undefined {
    const asked = this.#asked.get(name);
    this.#asked.delete(name);
    return asked;
  }

  clear(): void {
    this.#asked.clear();
  }
}
