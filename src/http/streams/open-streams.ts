/**
 * All streams that are open. It owns their number, which is bounded, and one timer for all: heartbeats, and whether the
 * token with which a stream was opened is still good.
 */

import { Shares } from '../../gateway/shares.ts';
import { GreenroomError } from '../../model/errors.ts';
import { Bag, type Bagged, NOWHERE } from '../../otp/bag.ts';
import type { Clock, Timer } from '../../otp/clock.ts';
import { type EventStream, HEARTBEAT_MS } from './event-stream.ts';

/** Of all tenants. */
export const MAX_STREAMS = 4_096;
/** How soon a stream ends whose token was revoked. */
const LOOK_MS = 1_000;

interface Open extends Bagged {
  readonly stream: EventStream;
  readonly isAllowed: () => boolean;
}

export class OpenStreams {
  readonly #clock: Clock;
  readonly #open = new Bag<Open>();
  readonly #room: Shares;
  #timer: Timer | undefined;
  #beatMs: number;

  constructor(clock: Clock, limit = MAX_STREAMS) {
    this.#clock = clock;
    this.#room = new Shares(limit);
    this.#beatMs = clock.monotonic();
  }

  get size(): number {
    return this.#open.size;
  }

  /** Throws `mailbox_full` when there is no room for one more of the tenant. */
  mustHaveRoom(tenant: string): void {
    if (!this.#room.hasRoom(tenant))
      throw new GreenroomError('mailbox_full', `${this.#room.limit} streams are open already`, {
        retryAfterMs: 1_000,
      });
  }

  /** @param isAllowed whether it may still be told anything. */
  add(tenant: string, stream: EventStream, isAllowed: () => boolean): void {
    const open: Open = { stream, isAllowed, place: NOWHERE };
    this.#open.add(open);
    this.#room.add(tenant);
    stream.onClose(() => {
      if (this.#open.delete(open)) this.#room.remove(tenant);
    });
    this.#timer ??= this.#clock.setTimeout(() => this.#look(), LOOK_MS);
  }

  endAll(): void {
    for (const { stream } of this.#open.all()) stream.end();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    const nowMs = this.#clock.monotonic();
    const beats = nowMs - this.#beatMs >= HEARTBEAT_MS - LOOK_MS;
    if (beats) this.#beatMs = nowMs;
    for (const { stream, isAllowed } of this.#open.all()) {
      if (!isAllowed()) stream.end();
      else if (beats) stream.heartbeat();
    }
    this.#timer =
      this.#open.size === 0 ? undefined : this.#clock.setTimeout(() => this.#look(), LOOK_MS);
  }
}
