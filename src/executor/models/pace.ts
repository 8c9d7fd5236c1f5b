/**
 * How many calls of one model go at a time, by what the API says of its rate. Pure but for its queue.
 *
 * 1. Until the API says that there were too many, or that little is left, there is no limit.
 * 2. When it refuses one, none goes until the moment that it named; then half as many as were under way, and one more for each
 *    time that so many were answered; twice as many, after a minute of quiet. So all sessions together find the rate.
 * 3. Where it says that little of its limit is left, the fewer go the less it is, so that none is refused; where nothing is
 *    left none goes until some of it is back. That is over when the API says so, or its limit is whole again.
 * 4. Those that wait take turns, as tenants and sessions do at the model.
 */
import { FairQueue, type Ticket } from '../../platform/fair-queue.ts';
import { NEAR_LIMIT, type RateLeft } from './rate-headers.ts';

/** With so many at a time there is no limit any more. */
const NO_LIMIT_FROM = 512;
/** After so long without a refusal the rate may be another one. */
const QUIET_MS = 60_000;
/** Less than this is nothing: tokens are told in thousands. */
const NOTHING_LEFT = 0.01;
/** So much of it is waited for then. */
const BACK_AGAIN = 0.05;

/** Little is left of the API's limit. */
interface Near {
  readonly atMs: number;
  /** When its limit is whole again. */
  readonly untilMs: number;
  /** Calls at a time when it was first near, and now. */
  readonly wide: number;
  readonly calls: number;
}

export class Pace {
  readonly #queue = new FairQueue({
    all: Number.POSITIVE_INFINITY,
    perTenant: Number.POSITIVE_INFINITY,
    perLine: Number.POSITIVE_INFINITY,
    waiting: Number.POSITIVE_INFINITY, // each holds its place at the model, of which there are so many
  });
  #limit = Number.POSITIVE_INFINITY;
  #near: Near | undefined;
  #pausedUntilMs = 0;

  /** It has nothing to remember. */
  get isFree(): boolean {
    return this.limit === Number.POSITIVE_INFINITY && this.#queue.running === 0;
  }

  get limit(): number {
    return Math.min(this.#limit, this.#near?.calls ?? Number.POSITIVE_INFINITY);
  }

  pauseMs(nowMs: number): number {
    return Math.max(0, this.#pausedUntilMs - nowMs);
  }

  enter(ticket: Ticket, nowMs: number): void {
    if (this.#near !== undefined && this.#near.untilMs <= nowMs) this.#leaveNear(nowMs);
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
    this.#pause(nowMs + delayMs);
  }

  /**
   * The API has answered a call, and has little left. @returns how long none goes, in milliseconds; 0: some do.
   * @param longestMs of a pause.
   */
  near(nowMs: number, { part, wholeInMs }: RateLeft, longestMs: number): number {
    const wide = this.#near?.wide ?? Math.min(this.#limit, Math.max(1, this.#queue.running));
    const calls = Math.max(1, Math.floor((wide * part) / NEAR_LIMIT));
    this.#near = { atMs: nowMs, untilMs: nowMs + wholeInMs, wide, calls };
    // It comes back evenly until it is whole.
    const backMs = (wholeInMs * BACK_AGAIN) / (1 - part);
    const pauseMs = part < NOTHING_LEFT ? Math.min(longestMs, Math.ceil(backMs)) : 0;
    if (pauseMs > 0) this.#pause(nowMs + pauseMs);
    else this.goOn(nowMs);
    return pauseMs;
  }

  /** The pause may be over. */
  goOn(nowMs: number): void {
    if (this.pauseMs(nowMs) === 0) this.#queue.limitTo(Math.floor(this.limit));
  }

  /** A call was answered. @param askedMs when it went: what the API said since then it could not know. */
  answered(nowMs: number, askedMs: number): void {
    if (this.#near !== undefined && this.#near.atMs < askedMs) this.#leaveNear(nowMs);
    if (this.#limit === Number.POSITIVE_INFINITY) return;
    const isLongAgo = nowMs - this.#pausedUntilMs > QUIET_MS;
    this.#limit += isLongAgo ? 1 : 1 / this.#limit;
    if (this.#limit >= NO_LIMIT_FROM) this.#limit = Number.POSITIVE_INFINITY;
    this.goOn(nowMs);
  }

  #leaveNear(nowMs: number): void {
    this.#near = undefined;
    this.goOn(nowMs);
  }

  #pause(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
    this.#queue.limitTo(0);
  }
}
