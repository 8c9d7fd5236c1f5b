/** Sessions whose changes the index has not taken in: their keys, and since when. Nothing of what they say but the heads of a few. */
import type { Head } from '../model/head.ts';
import { keyString, type SessionKey } from '../model/ids.ts';

/** More than these are not kept: then all sessions are compared. */
export const MAX_WAITING = 100_000;
/** With more than these, heads are read again: while so many wait, nothing is quick anyway. */
const MAX_HEADS = 1_000;

export interface WaitingSession {
  readonly key: SessionKey;
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
  /** It was deleted since it was taken in last, and may be there once more. */
  readonly wasDeleted: boolean;
  /** As its last commit has made it, where that is at hand. */
  readonly head?: Head | undefined;
}

/** What a commit says. */
type News = Partial<Pick<WaitingSession, 'wasDeleted' | 'head'>>;

export class WaitingSessions {
  /** In the order in which they came. */
  readonly #sessions = new Map<string, WaitingSession>();
  /** Taken before, and not whole yet: they go first. */
  #unfinished: readonly WaitingSession[] = [];
  #underWay: readonly WaitingSession[] = [];
  #hasOverflowed = false;

  get size(): number {
    return this.#sessions.size + this.#unfinished.length + this.#underWay.length;
  }

  /** Since when the one that waits longest waits. */
  get sinceMs(): number | undefined {
    const [first] = this.#sessions.values();
    const oldest = [first, this.#unfinished[0], this.#underWay[0]];
    const times = oldest.flatMap((one) => (one === undefined ? [] : [one.sinceMs]));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Some were not kept: true once for each time. */
  takeOverflow(): boolean {
    const has = this.#hasOverflowed;
    this.#hasOverflowed = false;
    return has;
  }

  add(key: SessionKey, sinceMs: number, { wasDeleted = false, head }: News = {}): void {
    const name = keyString(key);
    const before = this.#sessions.get(name);
    const { size } = this.#sessions;
    if (before === undefined && size >= MAX_WAITING) {
      this.#hasOverflowed = true;
      return;
    }
    this.#sessions.set(name, {
      key,
      sinceMs: before?.sinceMs ?? sinceMs,
      wasDeleted: wasDeleted || before?.wasDeleted === true,
      head: size <= MAX_HEADS ? head : undefined,
    });
  }

  /** Those that wait longest; they count as waiting until `done`. */
  take(most: number): readonly WaitingSession[] {
    const taken = [...this.#unfinished];
    this.#unfinished = [];
    for (const [name, session] of this.#sessions) {
      if (taken.length >= most) break;
      taken.push(session);
      this.#sessions.delete(name);
    }
    this.#underWay = taken;
    return taken;
  }

  /** What was taken is in; those that are not whole yet go on waiting. */
  done(unfinished: readonly WaitingSession[]): void {
    this.#underWay = [];
    this.#unfinished = unfinished;
  }
}
