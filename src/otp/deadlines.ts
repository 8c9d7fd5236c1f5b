/**
 * The deadlines of all calls under way, behind one timer. Calls due in the same millisecond share a bucket, a call
 * that is answered leaves its bucket in constant time, and empty buckets are only swept when the timer fires: so
 * a call costs a few pointer writes instead of a timer of its own.
 *
 * Looking at the clock is the dearest part of a call, so nobody does it when one is made: its time begins at the next
 * look, which is when the next call is handled, and at the latest in the next round of the event loop.
 *
 * Invariant: the timer is armed for the earliest bucket, or earlier; never later.
 */
import type { Clock, Timer } from './clock.ts';

/** An entry of the list; its fields belong to `Deadlines`. */
export interface Due {
  bucket: Bucket | undefined;
  before: Due | undefined;
  after: Due | undefined;
  expire(): void;
}

/** An entry whose time has not begun yet. */
export interface Fresh extends Due {
  readonly timeoutMs: number;
  /** Nobody waits for it any more. */
  readonly moot: boolean;
  /** On the monotonic clock, once its time has begun. */
  dueMs: number;
  /** The one that was added before it. */
  earlier: Fresh | undefined;
}

export interface Bucket {
  readonly tickMs: number;
  first: Due | undefined;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #buckets = new Map<number, Bucket>();
  /** A binary heap of the buckets' ticks. */
  readonly #ticks: number[] = [];
  #latest: Bucket = { tickMs: Number.NEGATIVE_INFINITY, first: undefined };
  #timer: Timer | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;
  #fresh: Fresh | undefined;
  #looksLater = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `expire` is called at `dueMs` on the monotonic clock, or up to a millisecond later, unless it is removed before. */
  add(entry: Due, dueMs: number): void {
    const tickMs = Math.ceil(dueMs);
    if (this.#latest.tickMs !== tickMs) this.#latest = this.#bucketAt(tickMs);
    const bucket = this.#latest;
    entry.bucket = bucket;
    entry.after = bucket.first;
    if (bucket.first !== undefined) bucket.first.before = entry;
    bucket.first = entry;
  }

  /** The same, `timeoutMs` after the next look. */
  addFresh(entry: Fresh): void {
    entry.earlier = this.#fresh;
    this.#fresh = entry;
    if (this.#looksLater) return;
    this.#looksLater = true;
    this.#clock.defer(this.#lookLater);
  }

  /** Looks at the clock: the time of all that are fresh begins now. */
  look(): number {
    const nowMs = this.#clock.monotonic();
    if (this.#fresh !== undefined) this.#begin(this.#fresh, nowMs);
    return nowMs;
  }

  #begin(latest: Fresh, nowMs: number): void {
    this.#fresh = undefined;
    for (let entry: Fresh | undefined = latest; entry !== undefined; ) {
      const { earlier }: Fresh = entry;
      entry.earlier = undefined;
      entry.dueMs = nowMs + entry.timeoutMs;
      if (!entry.moot) this.add(entry, entry.dueMs);
      entry = earlier;
    }
  }

  readonly #lookLater = (): void => {
    this.#looksLater = false;
    if (this.#fresh !== undefined) this.look();
  };

  remove(entry: Due): void {
    const { bucket, before, after } = entry;
    if (bucket === undefined) return;
    if (before === undefined) bucket.first = after;
    else before.after = after;
    if (after !== undefined) after.before = before;
    entry.bucket = undefined;
    entry.before = undefined;
    entry.after = undefined;
  }

  /** Forgets the timer when nobody is left to wait for: a program may end then. */
  disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    this.#buckets.clear();
    this.#ticks.length = 0;
    this.#latest = { tickMs: Number.NEGATIVE_INFINITY, first: undefined };
  }

  #bucketAt(tickMs: number): Bucket {
    const known = this.#buckets.get(tickMs);
    if (known !== undefined) return known;
    const bucket = { tickMs, first: undefined };
    this.#buckets.set(tickMs, bucket);
    pushTick(this.#ticks, tickMs);
    this.#arm(tickMs);
    return bucket;
  }

  #arm(tickMs: number): void {
    if (tickMs >= this.#armedForMs) return;
    this.#timer?.cancel();
    this.#armedForMs = tickMs;
    this.#timer = this.#clock.setTimeout(() => this.#sweep(), tickMs - this.#clock.monotonic());
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonic();
    this.#timer = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    for (let tickMs = this.#ticks[0]; tickMs !== undefined; tickMs = this.#ticks[0]) {
      const bucket = this.#buckets.get(tickMs);
      if (tickMs > nowMs && bucket?.first !== undefined) return this.#arm(tickMs);
      popTick(this.#ticks);
      this.#buckets.delete(tickMs);
      if (bucket === undefined) continue;
      if (this.#latest === bucket)
        this.#latest = { tickMs: Number.NEGATIVE_INFINITY, first: undefined };
      for (let due = bucket.first; due !== undefined; due = bucket.first) {
        this.remove(due);
        due.expire();
      }
    }
  }
}

function pushTick(heap: number[], tickMs: number): void {
  let at = heap.push(tickMs) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] ?? tickMs;
    if (above <= tickMs) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = tickMs;
}

function popTick(heap: number[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    const left = heap[child] ?? last;
    const right = heap[child + 1] ?? Number.POSITIVE_INFINITY;
    if (Math.min(left, right) >= last) break;
    heap[at] = Math.min(left, right);
    at = right < left ? child + 1 : child;
  }
  heap[at] = last;
}
