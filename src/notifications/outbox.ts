/**
 * What one target has yet to hear. Pure but for its own lists; the journal's audit is the queue, and this says how far
 * of it is done.
 *
 * 1. At least once: what is not known to be delivered after a crash is sent again, under the same id.
 * 2. A session's notices go one after another; another session's do not wait for them.
 * 3. A commit may come to light later than others of its time. So what is read again reaches back over `SETTLED_MS`,
 *    and what is known of that span is passed over.
 * 4. A target that takes nothing holds `MAX_WAITING` notices here and all others in the journal: then nothing is read.
 */
import type { Notice } from './notice.ts';

/** A commit is durable after this or never, in milliseconds. */
export const SETTLED_MS = 60_000;
export const MAX_WAITING = 1_000;
/** Tries of one notice, over about two days. */
export const MAX_TRIES = 15;
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 6 * 3_600_000;
/** Of those that were given up the latest are kept. */
export const MAX_DEAD = 100;

export interface Waiting {
  readonly notice: Notice;
  readonly tried: number;
  /** When it may be sent. */
  readonly dueMs: number;
  readonly lastError?: string;
}

export interface Dead {
  readonly notice: Notice;
  readonly atMs: number;
  readonly why: string;
}

/** What stands in its file. */
export interface SavedOutbox {
  /** Everything before is known here. */
  readonly fromMs: number;
  /** Ids of that span and later that are done. */
  readonly done: readonly (readonly [id: string, atMs: number])[];
  readonly waiting: readonly Waiting[];
  readonly dead: readonly Dead[];
}

/** Why a notice was not taken. */
export interface Failed {
  readonly why: string;
  /** It never will be. */
  readonly isFinal: boolean;
  /** The target wants to be left alone for so long, in milliseconds; six hours at most are waited. */
  readonly retryAfterMs?: number | undefined;
}

export class Outbox {
  #fromMs: number;
  readonly #done: Map<string, number>;
  /** In the order in which they are to be sent. */
  readonly #waiting: Map<string, Waiting>;
  readonly #dead: Dead[];
  readonly #sending = new Set<string>();

  constructor({ fromMs, done, waiting, dead }: SavedOutbox) {
    this.#fromMs = fromMs;
    this.#done = new Map(done);
    this.#waiting = new Map(waiting.map((each) => [each.notice.id, each]));
    this.#dead = [...dead];
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get dead(): readonly Dead[] {
    return this.#dead;
  }

  get oldest(): Waiting | undefined {
    for (const waiting of this.#waiting.values()) return waiting;
    return undefined;
  }

  /** From when on records are to be read; undefined: it is full. */
  get readFromMs(): number | undefined {
    return this.#waiting.size >= MAX_WAITING ? undefined : this.#fromMs;
  }

  /** What the audit has from `readFromMs` to `throughMs`, in the order of time. Those that there is no room for come again. */
  take(notices: readonly Notice[], throughMs: number, nowMs: number): void {
    const settledMs = nowMs - SETTLED_MS;
    // A clock that was ahead was put back: what happens now is before what was read.
    const knownMs = nowMs < this.#fromMs ? settledMs : this.#fromMs;
    let fromMs = Math.max(knownMs, Math.min(throughMs, settledMs));
    for (const notice of notices) {
      if (this.#done.has(notice.id) || this.#waiting.has(notice.id)) continue;
      if (this.#waiting.size >= MAX_WAITING) {
        fromMs = Math.min(fromMs, notice.atMs);
        break;
      }
      this.#waiting.set(notice.id, { notice, tried: 0, dueMs: nowMs });
    }
    this.#fromMs = fromMs;
    for (const [id, atMs] of this.#done) if (atMs < fromMs) this.#done.delete(id);
  }

  /** What may be sent now, at most `room` of it; each is under way until it is `delivered` or `failed`. */
  next(nowMs: number, room: number): readonly Notice[] {
    const next: Notice[] = [];
    const held = new Set<string>();
    for (const { notice, dueMs } of this.#waiting.values()) {
      if (next.length === room) break;
      const { id, sessionId } = notice;
      const isFirst = !held.has(sessionId);
      held.add(sessionId);
      if (!isFirst || dueMs > nowMs || this.#sending.has(id)) continue;
      this.#sending.add(id);
      next.push(notice);
    }
    return next;
  }

  /** When the next one may be sent that may not now. */
  get nextDueMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { notice, dueMs } of this.#waiting.values())
      if (!this.#sending.has(notice.id)) next = Math.min(next, dueMs);
    return next;
  }

  delivered(id: string): void {
    this.#end(id);
  }

  /** @param random 0 to 1. */
  failed(
    id: string,
    { why, isFinal, retryAfterMs = 0 }: Failed,
    nowMs: number,
    random: number,
  ): void {
    const waiting = this.#waiting.get(id);
    this.#sending.delete(id);
    if (waiting === undefined) return;
    const tried = waiting.tried + 1;
    if (isFinal || tried >= MAX_TRIES) {
      this.#end(id);
      this.#dead.push({ notice: waiting.notice, atMs: nowMs, why });
      if (this.#dead.length > MAX_DEAD) this.#dead.shift();
      return;
    }
    const waitMs = Math.min(FIRST_WAIT_MS * 3 ** (tried - 1), LONGEST_WAIT_MS);
    const wantedMs = Math.min(Math.max(waitMs, retryAfterMs), LONGEST_WAIT_MS);
    const dueMs = nowMs + Math.round(wantedMs * (1 + random / 4));
    this.#waiting.set(id, { ...waiting, tried, dueMs, lastError: why });
  }

  /** Those that were given up are to be tried again, all or one. @returns how many. */
  retryDead(nowMs: number, id?: string): number {
    const chosen = this.#dead.filter(({ notice }) => id === undefined || notice.id === id);
    for (const dead of chosen) {
      this.#dead.splice(this.#dead.indexOf(dead), 1);
      this.#done.delete(dead.notice.id);
      this.#waiting.set(dead.notice.id, { notice: dead.notice, tried: 0, dueMs: nowMs });
    }
    return chosen.length;
  }

  saved(): SavedOutbox {
    return {
      fromMs: this.#fromMs,
      done: [...this.#done],
      waiting: [...this.#waiting.values()],
      dead: this.#dead,
    };
  }

  #end(id: string): void {
    const waiting = this.#waiting.get(id);
    this.#sending.delete(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if (waiting.notice.atMs >= this.#fromMs) this.#done.set(id, waiting.notice.atMs);
  }
}

/** Of a target that is new: it hears what happens from now on. */
export const newOutbox = (nowMs: number): SavedOutbox => ({
  ...{ fromMs: nowMs, done: [], waiting: [], dead: [] },
});
