/**
 * The feed by session: one listener for all streams, so that what an event costs does not grow with the readers of other
 * sessions. It owns that listener.
 */
import { keyString, type SessionKey, type TurnId } from '../../model/ids.ts';
import type { Feed, Listener, Publication } from '../../session/events/feed.ts';
import type { Recent } from '../../session/events/recent-events.ts';

export class SessionFeed {
  readonly #feed: Feed;
  readonly #readers = new Map<string, Set<Listener>>();
  readonly #unsubscribe: () => void;

  constructor(feed: Feed) {
    this.#feed = feed;
    this.#unsubscribe = feed.subscribe((publication) => this.#hear(publication));
  }

  /** Hears every event of one session. Returns how to stop. */
  follow(key: SessionKey, listener: Listener): () => void {
    const name = keyString(key);
    const readers = this.#readers.get(name) ?? new Set();
    this.#readers.set(name, readers.add(listener));
    return () => {
      readers.delete(listener);
      if (readers.size === 0 && this.#readers.get(name) === readers) this.#readers.delete(name);
    };
  }

  /** What an open turn has said since its last message; undefined: more than is kept, or it is not known. */
  recent(key: SessionKey, turnId: string): Recent<Publication> | undefined {
    return this.#feed.recent(key, turnId as TurnId);
  }

  close(): void {
    this.#unsubscribe();
  }

  #hear(publication: Publication): void {
    const readers = this.#readers.get(keyString(publication.event.key));
    if (readers !== undefined) for (const listener of [...readers]) listener(publication);
  }
}
