/**
 * Answers to changes that came with an `Idempotency-Key`, so that a change that is sent again is not made again: it joins
 * the one that is under way, or gets the answer that was given. It owns the last answers; they go with the daemon. (Turns,
 * and sessions that a key makes, have ids that are made of the key: those are known for good.)
 *
 * Invariant: what has failed is forgotten: sent again it is tried again.
 */
import { hash } from 'node:crypto';
import type { Clock } from '../../otp/clock.ts';
import { HttpError } from '../wire/problem.ts';

/** Keys that are remembered, and for how long. */
export const MAX_KEYS = 10_000;
const KEPT_MS = 24 * 3_600_000;
/** Of all answers, in characters; a larger one is not kept, and its change could be made twice. */
export const MAX_KEPT = 16 * 1024 * 1024;
export const MAX_ANSWER = 256 * 1024;

interface Kept<T> {
  readonly request: string;
  readonly untilMs: number;
  readonly answer: Promise<T>;
  size: number;
}

export class KeyedAnswers<T> {
  readonly #clock: Clock;
  readonly #sizeOf: (answer: T) => number;
  readonly #kept = new Map<string, Kept<T>>();
  #size = 0;

  constructor(clock: Clock, sizeOf: (answer: T) => number) {
    this.#clock = clock;
    this.#sizeOf = sizeOf;
  }

  /**
   * The answer of `work`, which is begun once for a key. Rejects with `idempotency_key_reused` for another request with it.
   *
   * @param request what says that two requests are the same.
   */
  once(key: string, request: string, work: () => Promise<T>): Promise<T> {
    const mark = hash('sha256', request);
    const known = this.#kept.get(key);
    if (known !== undefined && known.untilMs > this.#clock.now()) {
      if (known.request === mark) return known.answer;
      return Promise.reject(keyReused());
    }
    if (known !== undefined) this.#forget(key, known);
    const answer = work();
    const kept: Kept<T> = { request: mark, untilMs: this.#clock.now() + KEPT_MS, answer, size: 0 };
    this.#kept.set(key, kept);
    answer.then(
      (given) => this.#weigh(key, kept, this.#sizeOf(given)),
      () => this.#forget(key, kept),
    );
    this.#makeRoom();
    return answer;
  }

  #weigh(key: string, kept: Kept<T>, size: number): void {
    if (this.#kept.get(key) !== kept) return;
    if (size > MAX_ANSWER) return this.#forget(key, kept);
    kept.size = size;
    this.#size += size;
    this.#makeRoom();
  }

  #forget(key: string, kept: Kept<T>): void {
    if (this.#kept.get(key) !== kept) return;
    this.#kept.delete(key);
    this.#size -= kept.size;
  }

  /** The oldest go first. */
  #makeRoom(): void {
    for (const [key, kept] of this.#kept) {
      if (this.#kept.size <= MAX_KEYS && this.#size <= MAX_KEPT) return;
      this.#forget(key, kept);
    }
  }
}

export const keyReused = (): HttpError =>
  new HttpError('idempotency_key_reused', 'this Idempotency-Key was used with another request');
