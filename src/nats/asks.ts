/**
 * Open asks: each turn's events on their way to the inbox of whoever asked. It owns what it needs to
 * know of each stream; the turn itself lives on without it.
 *
 * Invariants: (1) the last event is `turn.finished`, or there is one error instead; then comes one
 * empty message, and nothing after it; (2) no stream is silent for longer than `PING_AFTER_MS`.
 */

import { Shares } from '../gateway/shares.ts';
import { GreenroomError } from '../model/errors.ts';
import type { WireEvent } from '../model/event.ts';
import type { SessionKey } from '../model/ids.ts';
import { iso } from '../model/moment.ts';
import { Bag, type Bagged, NOWHERE } from '../otp/bag.ts';
import type { Clock, Timer } from '../otp/clock.ts';
import type { Publication } from '../session/events/feed.ts';
import type { Outbox } from './outbox.ts';
import { EMPTY, errorReply, eventWithin, headerOfN } from './wire.ts';

/** Readers take 30 s of silence for a loss. */
const PING_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 2_500;

/** One open ask. */
export class Ask implements Bagged {
  place = NOWHERE;
  readonly key: SessionKey;
  readonly #asks: Asks;
  readonly #inbox: string;
  #turn: { readonly turnId: string; readonly attempt: number } | undefined;
  #lastSentMs: number;
  #closed = false;

  constructor(asks: Asks, key: SessionKey, inbox: string) {
    this.#asks = asks;
    this.key = key;
    this.#inbox = inbox;
    this.#lastSentMs = asks.clock.monotonic();
  }

  /** The listener of the turn's events. */
  readonly tell = (publication: Publication): void => {
    if (this.#closed) return;
    const { event } = publication;
    const { outbox, clock, eventLimitBytes } = this.#asks;
    this.#turn = event;
    this.#lastSentMs = clock.monotonic();
    outbox.publish(this.#inbox, eventWithin(publication, eventLimitBytes), headerOfN(event.n));
    if (event.body.type === 'turn.finished') this.#end();
  };

  /** Ends the stream with an error, unless it has ended. */
  fail(error: unknown): void {
    if (this.#closed) return;
    const { data, headers } = errorReply(error);
    this.#asks.outbox.publish(this.#inbox, data, headers);
    this.#end();
  }

  /** A turn that waits in the queue says nothing by itself. */
  pingIfSilent(): void {
    const { clock, outbox } = this.#asks;
    if (this.#turn === undefined || clock.monotonic() - this.#lastSentMs < PING_AFTER_MS) return;
    this.#lastSentMs = clock.monotonic();
    const { turnId, attempt } = this.#turn;
    const at = iso(clock.now());
    const ping: WireEvent = { type: 'ping', ...this.key, turnId, attempt, at };
    outbox.publish(this.#inbox, Buffer.from(JSON.stringify(ping)));
  }

  #end(): void {
    this.#closed = true;
    this.#asks.outbox.publish(this.#inbox, EMPTY);
    this.#asks.forget(this);
  }
}

export class Asks {
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Larger events go out without their content. */
  readonly eventLimitBytes: number;
  readonly #room: Shares;
  readonly #open = new Bag<Ask>();
  #timer: Timer | undefined;

  constructor(outbox: Outbox, clock: Clock, limits: { open: number; eventBytes: number }) {
    this.outbox = outbox;
    this.clock = clock;
    this.#room = new Shares(limits.open);
    this.eventLimitBytes = limits.eventBytes;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Throws `mailbox_full` when there is no room for the tenant. */
  open(key: SessionKey, inbox: string): Ask {
    if (!this.#room.hasRoom(key.tenant))
      throw new GreenroomError('mailbox_full', `${this.#room.limit} streams are open already`, {
        retryAfterMs: 1_000,
      });
    const ask = new Ask(this, key, inbox);
    this.#open.add(ask);
    this.#room.add(key.tenant);
    this.#timer ??= this.clock.setTimeout(() => this.#look(), LOOK_EVERY_MS);
    return ask;
  }

  forget(ask: Ask): void {
    if (this.#open.delete(ask)) this.#room.remove(ask.key.tenant);
  }

  /** Ends every open stream; the turns go on, and their askers find out by `turn-status`. */
  endAll(error: GreenroomError): void {
    for (const ask of this.#open.all()) ask.fail(error);
  }

  #look(): void {
    for (const ask of this.#open.all()) ask.pingIfSilent();
    this.#timer =
      this.#open.size === 0 ? undefined : this.clock.setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }
}
