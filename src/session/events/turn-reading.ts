/**
 * One caller's reading of one turn. It listens before it asks, so that it misses nothing.
 *
 * 1. Until the turn is known to be the caller's nothing is passed on: the id may be another's.
 * 2. The end is heard once, wherever it comes from, and nothing after it.
 */

import type { SessionKey, TurnId } from '../../model/ids.ts';
import type { Feed, Listener, Publication } from './feed.ts';

export class TurnReading {
  readonly #listener: Listener;
  readonly #unwatch: () => void;
  #early: Publication[] | undefined = [];
  #isOver = false;

  constructor(feed: Feed, key: SessionKey, turnId: TurnId, listener: Listener) {
    this.#listener = listener;
    this.#unwatch = feed.watch(key, turnId, (publication) => this.hear(publication));
  }

  /** The turn was accepted, or known, as the caller's: what came meanwhile goes on first. */
  begin(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const publication of early) this.hear(publication);
  }

  hear(publication: Publication): void {
    if (this.#isOver) return;
    if (this.#early !== undefined) return void this.#early.push(publication);
    if (publication.event.body.type === 'turn.finished') this.stop();
    this.#listener(publication);
  }

  stop(): void {
    this.#isOver = true;
    this.#unwatch();
  }
}
