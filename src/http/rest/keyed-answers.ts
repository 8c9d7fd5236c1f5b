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

/** A tenant's, the oldest first. */
interface Share<T> {
  readonly kept: Map<string, Kept<T>>;
  /** Of the answers in it. */
  size: number;
}

export class KeyedAnswers<T> {
  readonly #clock: Clock;
  readonly #sizeOf: (answer: T) => number;
  readonly #shares = new Map<string, Share<T>>();
  #keys = 0;
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
  once(tenant: string, key: string, request: string, work: () => Promise<T>): Promise<T> {
    const mark = hash('sha256', request);
    const share = this.#shares.get(tenant) ?? { kept: new Map(), size: 0 };
    const known = share.kept.get(key);
    if (known !== undefined && known.untilMs > this.#clock.now()) {
      if (known.request === mark) return known.answer;
      return Promise.reject(keyReused());
    }
    if (known !== undefined) this.#forget(tenant, key, known);
    const answer = work();
    const kept: Kept<T> = { request: mark, untilMs: this.#clock.now() + KEPT_MS, answer, size: 0 };
    share.kept.set(key, kept);
    this.#shares.set(tenant, share);
    this.#keys += 1;
    answer.then(
      (given) => this.#weigh(tenant, key, kept, this.#sizeOf(given)),
      () => this.#forget(tenant, key, kept),
    );
    this.#makeRoom();
    return answer;
  }

  #weigh(tenant: string, key: string, kept: Kept<T>, size: number): void {
    const share = this.#shares.get(tenant);
    if (share?.kept.get(key) !== kept) return;
    if (size > MAX_ANSWER) return this.#forget(tenant, key, kept);
    kept.size = size;
    share.size += size;
    this.#size += size;
    this.#makeRoom();
  }

  #forget(tenant: string, key: string, kept: Kept<T>): void {
    const share = this.#shares.get(tenant);
    if (share?.kept.get(key) !== kept) return;
    share.kept.delete(key);
    share.size -= kept.size;
    this.#keys -= 1;
    this.#size -= kept.size;
    if (share.kept.size === 0) this.#shares.delete(tenant);
  }

  /** The oldest of the tenant that has most go first: no tenant pushes out what another relies on. */
  #makeRoom(): void {
    while (this.#size > MAX_KEPT) this.#forgetOldest(this.#largest((share) => share.size));
    while (this.#keys > MAX_KEYS) this.#forgetOldest(this.#largest((share) => share.kept.size));
  }

  #largest(weightOf: (share: Share<T>) => number): string {
    let [largest, most] = ['', -1];
    for (const [tenant, share] of this.#shares)
      if (weightOf(share) > most) [largest, most] = [tenant, weightOf(share)];
    return largest;
  }

  #forgetOldest(tenant: string): void {
    const [oldest] = this.#shares.get(tenant)?.kept ?? [];
    if (oldest !== undefined) this.#forget(tenant, ...oldest);
  }
}

export const keyReused = (): HttpError =>
  new HttpError('idempotency_key_reused', 'this Idempotency-Key was used with another request');
