/**
 * The feed: what sessions say, fanned out to whoever listens in this process. It owns nothing but
 * its lists of listeners, and what open turns said since their last message; so it outlives any session that
 * crashes: a reader of a turn hears the next attempt too. An event that nobody hears is gone; nothing durable is only here.
 */
import { encodeEvent, type SessionEvent, type WireEvent, wireEvent } from '../../model/event.ts';
import { keyOf, keyString, type SessionKey, type Tenant, type TurnId } from '../../model/ids.ts';
import { iso, LastMoment } from '../../model/moment.ts';
import type { TurnWhere } from '../../model/turn.ts';
import { ChurnMap } from '../../platform/churn-map.ts';
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

interface Reader {
  readonly turnId: TurnId;
  readonly listener: Listener;
}

export type Listener = (publication: Publication) => void;
export type LifecycleListener = (tenant: Tenant, news: Readonly<Record<string, unknown>>) => void;

export class Feed {
  readonly #all = new Set<Listener>();
  /** Readers of single turns, by session; nearly always it is one. */
  readonly #readers = new ChurnMap<string, readonly Reader[]>();
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
    this.#tellReadersOf(name, publication);
    for (const listener of this.#all) this.#tell(listener, publication);
  }

  /** Tells only those who read this turn: the others heard it when it happened. */
  tellReaders(publication: Publication): void {
    this.#tellReadersOf(keyString(publication.event.key), publication);
  }

  /** The list is never changed, so those who come and go meanwhile disturb nothing. */
  #tellReadersOf(name: string, publication: Publication): void {
    for (const { turnId, listener } of this.#readers.get(name) ?? [])
      if (turnId === publication.event.turnId) this.#tell(listener, publication);
  }

  /** Hears every event of every session. Returns how to stop. */
  subscribe(listener: Listener): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  /** Hears one turn, also across crashes of its session. Returns how to stop. */
  watch(key: SessionKey, turnId: TurnId, listener: Listener): () => void {
    const name = keyString(key);
    const reader: Reader = { turnId, listener };
    this.#readers.set(name, [...(this.#readers.get(name) ?? []), reader]);
    return () => {
      const left = this.#readers.get(name)?.filter((one) => one !== reader) ?? [];
      if (left.length === 0) this.#readers.delete(name);
      else this.#readers.set(name, left);
    };
  }

  /** What an open turn has said since its last message; undefined: more than is kept, or it is not known. */
  recent(key: SessionKey, turnId: TurnId): Recent<Publication> | undefined {
    return this.#recent.of(keyString(key), turnId);
  }

  /** Turns of a session that somebody reads. */
  readTurns(key: SessionKey): readonly TurnId[] {
    const readers = this.#readers.get(keyString(key)) ?? [];
    return [...new Set(readers.map(({ turnId }) => turnId))];
  }

  /** Sessions of which somebody reads a turn. */
  readSessions(): readonly SessionKey[] {
    return this.#readers.keys().map(keyOf);
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
