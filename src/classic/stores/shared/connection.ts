/**
 * A connection that is opened when it is needed, given up when it is broken, and opened again by the next call.
 * It owns at most one client; calls that come while one is being opened share it.
 */

import { codeOf } from '../../../model/errors.ts';
import { type Clock, pause } from '../../../otp/clock.ts';
import type { CallDeadlines } from './deadlines.ts';
import { outage } from './outage.ts';

export interface Link<C> {
  /** Bounded in time by itself; cleans up after itself when it fails. */
  open(): Promise<C>;
  /** At once, without waiting for replies. */
  destroy(client: C): void;
  /** When its replies are in. */
  end(client: C): Promise<void>;
  isAlive(client: C): boolean;
}

/** From one attempt to the next. */
const PAUSE_MS = 50;

export class Connection<C> {
  readonly #link: Link<C>;
  readonly #clock: Clock;
  readonly #deadlines: CallDeadlines;
  #client: C | undefined;
  #opening: Promise<C> | undefined;

  constructor(link: Link<C>, clock: Clock, deadlines: CallDeadlines) {
    this.#link = link;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  /** An open client; `unavailable` if there is none before `dueMs`. */
  async client(dueMs: number): Promise<C> {
    for (;;) {
      if (this.#client !== undefined) {
        if (this.#link.isAlive(this.#client)) return this.#client;
        this.drop(this.#client);
      }
      try {
        const late = () => outage('the server did not answer in time', 'none');
        await this.#deadlines.limit(this.#open(), dueMs, late);
      } catch (error) {
        if (isFinal(error)) throw error;
        if (this.#deadlines.isOver(dueMs - PAUSE_MS))
          throw outage(`the server cannot be reached: ${wordsOf(error)}`, 'none', error);
        await pause(this.#clock, PAUSE_MS);
      }
    }
  }

  /** The client is of no use any more: the next call opens another one. */
  drop(client: C): void {
    if (this.#client === client) this.#client = undefined;
    this.#link.destroy(client);
  }

  /** Waits until `dueMs` for replies that are due. The next call opens again. */
  async close(dueMs: number): Promise<void> {
    const late = () => outage('the server did not answer in time', 'unknown');
    await this.#opening?.catch(() => undefined);
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    await this.#deadlines.limit(this.#link.end(client), dueMs, late).catch(() => undefined);
    this.#link.destroy(client);
  }

  #open(): Promise<C> {
    this.#opening ??= this.#openAnother();
    return this.#opening;
  }

  async #openAnother(): Promise<C> {
    try {
      this.#client = await this.#link.open();
      return this.#client;
    } finally {
      this.#opening = undefined;
    }
  }
}

/** What trying again cannot mend. */
const isFinal = (error: unknown): boolean =>
  ['invalid_settings', 'unauthorized'].includes(codeOf(error));

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : String(error);
