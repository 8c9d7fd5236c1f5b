/**
 * How many requests a token may make in a minute. It owns the counts of the present minute; there are as many as tokens.
 *
 * Minutes are those of each token: they begin with its first request, so that not all of them begin at once.
 */
import type { Clock } from '../../otp/clock.ts';
import { type Headers, HttpError } from '../wire/problem.ts';
import type { Grant } from './token-book.ts';

const WINDOW_MS = 60_000;

interface Window {
  readonly untilMs: number;
  used: number;
}

export class RateLimit {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  /** @param limit requests of one token in a minute. */
  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Counts a request. Gives what its answer says of the limit; throws `rate_limited` for one too many. */
  count({ tokenId }: Grant): Headers {
    const nowMs = this.#clock.monotonic();
    const window = this.#windowOf(tokenId, nowMs);
    const seconds = Math.ceil((window.untilMs - nowMs) / 1_000);
    window.used += 1;
    const left = this.#limit - window.used;
    const headers = {
      'RateLimit-Policy': `"token";q=${this.#limit};w=${WINDOW_MS / 1_000}`,
      RateLimit: `"token";r=${Math.max(0, left)};t=${seconds}`,
    };
    if (left >= 0) return headers;
    const why = `the token has made ${this.#limit} requests in this minute; ${seconds} s are left of it`;
    throw new HttpError('rate_limited', why, { ...headers, 'Retry-After': String(seconds) });
  }

  #windowOf(tokenId: string, nowMs: number): Window {
    const known = this.#windows.get(tokenId);
    if (known !== undefined && nowMs < known.untilMs) return known;
    if (known === undefined) this.#forgetOld(nowMs);
    const window = { untilMs: nowMs + WINDOW_MS, used: 0 };
    this.#windows.set(tokenId, window);
    return window;
  }

  #forgetOld(nowMs: number): void {
    for (const [tokenId, { untilMs }] of this.#windows)
      if (untilMs <= nowMs) this.#windows.delete(tokenId);
  }
}
