/**
 * One caller's reading of one turn. It listens before it asks, so that it misses nothing.
 *
 * 1. Until the turn is known to be the caller's nothing is passed on: the id may be another's.
 * 2. Who joins a turn that runs hears `ping` with the `seq` that it joins behind, then what was said since.
 * 3. The end is heard once, wherever it comes from, and nothing after it.
 */

import type { SessionKey, TurnId } from '../../model/ids.ts';
import { type Feed, type Listener, Publication } from './feed.ts';
import type { Recent } from './recent-events.ts';

export class TurnReading {
  readonly #key: SessionKey;
  readonly #turnId: TurnId;
  readonly #listener: Listener;
  readonly #unwatch: () => void;
  #early: Publication[] | undefined = [];
  #isOver = false;

  constructor(feed: Feed, key: SessionKey, turnId: TurnId, listener: Listener) {
    this.#key = key;
    this.#turnId = turnId;
    this.#listener = listener;
    this.#unwatch = feed.watch(key, turnId, (publication) => this.hear(publication));
  }

  /**
   * The turn was accepted, or known, as the caller's: what came meanwhile goes on first.
   *
   * @param joined of a turn that ran before: what it has said since its last message.
   */
  begin(joined?: { readonly recent: Recent<Publication>; readonly atMs: number }): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    if (joined === undefined) {
      for (const publication of early) this.hear(publication);
      return;
    }
    const { recent, atMs } = joined;
    const again = new Set(recent.publications);
    // All that is not said again stands before it.
    for (const publication of early) if (!again.has(publication)) this.hear(publication);
    this.hear(this.#joined(recent, atMs));
    for (const publication of recent.publications) this.hear(publication);
  }

  #joined({ attempt, after }: Recent<Publication>, atMs: number): Publication {
    const body = { type: 'ping', after } as const;
    return new Publication({ key: this.#key, turnId: this.#turnId, attempt, n: 0, atMs, body });
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
