/**
 * The feed: what sessions say, fanned out to whoever listens in this process. It owns nothing but
 * its lists of listeners, and what open turns said since their last message; so it outlives any session that
 * crashes: a reader of a turn hears the next attempt too. An event that nobody hears is gone; nothing durable is only here.
 */
import { encodeEvent, type SessionEvent, type WireEvent, wireEvent } from '../../model/event.ts';
import { keyOf, keyString, type SessionKey, type Tenant, type TurnId } from '../../model/ids.ts';
import { iso, LastMoment } from '../../model/moment.ts';
import type { TurnWhere } from '../../model/turn.ts';
import { type Recent, RecentEvents } from './recent-events.ts';

/** One event on its way out, encoded at most once however many gateways send it. */
export class Publication {
  readonly event: SessionEvent;
  readonly #at: string;
  #bytes: Uint8Array | undefined;

  /** @param at the event's moment as RFC 3339. */
  constructor(event: SessionEvent, at: string = iso(event.atMs)) {
    this.event = event;
    this.#at = at;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= encodeEvent(this.event, this.#at);
    return this.#bytes;
  }

  /** The event as an object of its own for each reader. */
  forReader(): WireEvent {
    return wireEvent(this.event, this.#at);
  }
}

export type Listener = (publication: Publication) => void;
export type LifecycleListener = (tenant: Tenant, news: Readonly<Record<string, unknown>>) => void;

export class Feed {
  readonly #all = new Set<Listener>();
  /** Readers of single turns, by session and turn. */
  readonly #readers = new Map<string, Map<TurnId, Set<Listener>>>();
  readonly #news = new Set<LifecycleListener>();
  readonly #recent = new RecentEvents<Publication>();
  readonly #moments = new LastMoment();
  readonly #onError: (error: unknown, where?: TurnWhere) => void;

  /** @param onError told of a listener that throws: it is the listener's bug and stops nobody else. */
  constructor(onError: (error: unknown, where?: TurnWhere) => void) {
    this.#onError = onError;
  }

  publish(event: SessionEvent): void {
    const publication = new Publication(event, this.#moments.iso(event.atMs));
    const name = keyString(event.key);
    this.#recent.note(name, publication);
    const readers = this.#readers.get(name)?.get(event.turnId);
    if (readers !== undefined)
      for (const listener of [...readers]) this.#tell(listener, publication);
    for (const listener of this.#all) this.#tell(listener, publication);
  }

  /** Tells only those who read this turn: the others heard it when it happened. */
  tellReaders(publication: Publication): void {
    const { key, turnId } = publication.event;
    const readers = this.#readers.get(keyString(key))?.get(turnId);
    for (const listener of [...(readers ?? [])]) this.#tell(listener, publication);
  }

  /** Hears every event of every session. Returns how to stop. */
  subscribe(listener: Listener): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  /** Hears one turn, also across crashes of its session. Returns how to stop. */
  watch(key: SessionKey, turnId: TurnId, listener: Listener): () => void {
    const name = keyString(key);
    const turns = this.#readers.get(name) ?? new Map<TurnId, Set<Listener>>();
    const readers = turns.get(turnId) ?? new Set();
    this.#readers.set(name, turns.set(turnId, readers.add(listener)));
    return () => {
      readers.delete(listener);
      if (readers.size === 0 && turns.get(turnId) === readers) turns.delete(turnId);
      if (turns.size === 0 && this.#readers.get(name) === turns) this.#readers.delete(name);
    };
  }

  /** What an open turn has said since its last message; undefined: more than is kept, or it is not known. */
  recent(key: SessionKey, turnId: TurnId): Recent<Publication> | undefined {
    return this.#recent.of(keyString(key), turnId);
  }

  /** Turns of a session that somebody reads. */
  readTurns(key: SessionKey): readonly TurnId[] {
    return [...(this.#readers.get(keyString(key))?.keys() ?? [])];
  }

  /** Sessions of which somebody reads a turn. */
  readSessions(): readonly SessionKey[] {
    return [...this.#readers.keys()].map(keyOf);
  }

  /** News of sessions' lives: created, deleted, swept. */
  announce(tenant: Tenant, news: Readonly<Record<string, unknown>>): void {
    for (const listener of this.#news) {
      try {
        listener(tenant, news);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  /** Hears the news of every tenant. Returns how to stop. */
  onLifecycle(listener: LifecycleListener): () => void {
    this.#news.add(listener);
    return () => void this.#news.delete(listener);
  }

  #tell(listener: Listener, publication: Publication): void {
    try {
      listener(publication);
    } catch (error) {
      const { key, turnId, traceId } = publication.event;
      this.#onError(error, { ...key, turnId, traceId });
    }
  }
}
