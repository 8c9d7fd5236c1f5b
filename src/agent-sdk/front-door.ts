/**
 * The functions that a program of the official SDK imports. It owns what the queries of a process share: the Greenrooms that
 * run for them, and which warnings were given. The official `query` has no object that they could belong to.
 */
import type { Options } from './options.ts';
import { newQuery, type Prompt, type Query } from './query.ts';
import type { RefusedMethods } from './refused-methods.ts';
import type { Lease, Rooms } from './rooms.ts';

class FrontDoor {
  readonly #warned = new Set<string>();
  #rooms: Promise<Rooms> | undefined;

  query(order: {
    readonly prompt: Prompt;
    readonly options?: Options | undefined;
  }): Query & RefusedMethods {
    return newQuery(
      order,
      (parts) => this.#take(parts),
      (sentence) => this.#warn(sentence),
    );
  }

  /** Only a query that brings no Greenroom loads what starts one. */
  async #take(parts: Parameters<Rooms['take']>[0]): Promise<Lease> {
    this.#rooms ??= import('./rooms.ts').then((module) => new module.Rooms());
    return (await this.#rooms).take(parts);
  }

  #warn(sentence: string): void {
    if (this.#warned.has(sentence)) return;
    this.#warned.add(sentence);
    process.emitWarning(`greenroom/agent-sdk: ${sentence}`, 'GreenroomWarning');
  }
}

const DOOR = new FrontDoor();

/**
 * Runs a prompt, or each message of an iterable as a turn, in a session of a Greenroom in this process. The session is a new
 * one, or that of `resume` or `continue`. For options that have no effect the process emits a warning, once for each.
 *
 * Throws `invalid_settings` for an option that is wrong or refused, `invalid_request` for what is no prompt; the loop throws
 * `session_not_found`, an `AbortError`, and what a Greenroom does not start with. A turn that fails is a `result`.
 */
export const query = (order: {
  readonly prompt: Prompt;
  readonly options?: Options | undefined;
}): Query & RefusedMethods => DOOR.query(order);
