/**
 * How many calls of one model go at a time, by what the API says of its rate. Pure but for its queue.
 *
 * 1. Until the API says that there were too many, there is no limit.
 * 2. When it does, none goes until the moment that it named; then half as many as were under way, and one more for each
 *    time that so many were answered; twice as many, after a minute of quiet. So all sessions together find the rate.
 * 3. Those that wait take turns, as tenants and sessions do at the model.
 */
import { FairQueue, type Ticket } from '../../platform/fair-queue.ts';

/** With so many at a time there is no limit any more. */
const NO_LIMIT_FROM = 512;
/** After so long without a refusal the rate may be another one. */
const QUIET_MS = 60_000;

export class Pace {
  readonly #queue = new FairQueue({
    all: Number.POSITIVE_INFINITY,
    perTenant: Number.POSITIVE_INFINITY,
    perLine: Number.POSITIVE_INFINITY,
    waiting: Number.POSITIVE_INFINITY, // each holds its place at the model, of which there are so many
  });
  #limit = Number.POSITIVE_INFINITY;
  #pausedUntilMs = 0;

  /** It has nothing to remember. */
  get isFree(): boolean {
    return this.#limit === Number.POSITIVE_INFINITY && this.#queue.running === 0;
  }

  get limit(): number {
    return this.#limit;
  }

  pauseMs(nowMs: number): number {
    return Math.max(0, this.#pausedUntilMs - nowMs);
  }

  enter(ticket: Ticket): void {
    this.#queue.enter(ticket);
  }

  leave(ticket: Ticket): void {
    this.#queue.leave(ticket);
  }

  /** The API has refused a call for its rate; the next one may go in `delayMs`. */
  limited(nowMs: number, delayMs: number): void {
    // Of those that went together, the first one says it all.
    if (this.pauseMs(nowMs) === 0)
      this.#limit = Math.max(1, Math.floor(Math.min(this.#limit, this.#queue.running) / 2));
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + delayMs);
    this.#queue.limitTo(0);
  }

  /** The pause may be over. */
  goOn(nowMs: number): void {
    if (this.pauseMs(nowMs) === 0) this.#queue.limitTo(Math.floor(this.#limit));
  }

  /** A call was answered. */
  answered(nowMs: number): void {
    if (this.#limit === Number.POSITIVE_INFINITY) return;
    const isLongAgo = nowMs - this.#pausedUntilMs > QUIET_MS;
    this.#limit += isLongAgo ? 1 : 1 / this.#limit;
    if (this.#limit >= NO_LIMIT_FROM) this.#limit = Number.POSITIVE_INFINITY;
    this.goOn(nowMs);
  }
}
