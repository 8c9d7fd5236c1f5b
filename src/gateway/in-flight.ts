/**
 * Requests that are begun and not answered. It owns their number, which is bounded (P6), and their
 * deadlines. One sweep looks after all of them: a timer per request would cost more than a read.
 *
 * Invariant: each request is settled once; what comes later is dropped.
 */

import { GreenroomError } from '../model/errors.ts';
import { Bag, type Bagged, NOWHERE } from '../otp/bag.ts';
import type { Clock, Timer } from '../otp/clock.ts';
import { Shares } from './shares.ts';

const SWEEP_MS = 100;
const RETRY_AFTER_MS = 100;

/** One request under way. */
export interface Ticket extends Bagged {
  readonly tenant: string;
  readonly startedMs: number;
  readonly dueMs: number;
  readonly timeoutMs: number;
  readonly onLate: (error: GreenroomError) => void;
}

export class InFlight {
  readonly #room: Shares;
  readonly #clock: Clock;
  readonly #tickets = new Bag<Ticket>();
  #timer: Timer | undefined;
  #idle: (() => void)[] = [];

  constructor(limit: number, clock: Clock) {
    this.#room = new Shares(limit);
    this.#clock = clock;
  }

  get size(): number {
    return this.#tickets.size;
  }

  /** Throws `mailbox_full` when there is no room for the tenant. `onLate` is told if the time runs out before `leave`. */
  enter(tenant: string, timeoutMs: number, onLate: (error: GreenroomError) => void): Ticket {
    if (!this.#room.hasRoom(tenant))
      throw new GreenroomError(
        'mailbox_full',
        `${this.#room.limit} requests are under way already; try again soon`,
        { retryAfterMs: RETRY_AFTER_MS },
      );
    const startedMs = this.#clock.monotonic();
    const dueMs = startedMs + timeoutMs;
    const ticket = { tenant, startedMs, dueMs, timeoutMs, onLate, place: NOWHERE };
    this.#tickets.add(ticket);
    this.#room.add(tenant);
    this.#timer ??= this.#clock.setTimeout(() => this.#sweep(), SWEEP_MS);
    return ticket;
  }

  /** False if it has been left before: somebody else has answered. */
  leave(ticket: Ticket): boolean {
    const first = this.#tickets.delete(ticket);
    if (first) this.#room.remove(ticket.tenant);
    if (this.#tickets.size === 0) for (const tell of this.#idle.splice(0)) tell();
    return first;
  }

  /** All that are under way are late now. */
  endAll(error: GreenroomError): void {
    for (const ticket of this.#tickets.all()) if (this.leave(ticket)) ticket.onLate(error);
  }

  /** Milliseconds since the request came. */
  elapsed(ticket: Ticket): number {
    return this.#clock.monotonic() - ticket.startedMs;
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    if (this.#tickets.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    for (const ticket of this.#tickets.filter(({ dueMs }) => dueMs <= now)) this.#expire(ticket);
    this.#timer =
      this.#tickets.size === 0 ? undefined : this.#clock.setTimeout(() => this.#sweep(), SWEEP_MS);
  }

  #expire(ticket: Ticket): void {
    if (!this.leave(ticket)) return;
    const message = `not answered within ${ticket.timeoutMs} ms; it may still be done`;
    ticket.onLate(new GreenroomError('deadline_exceeded', message));
  }
}
