/**
 * The turns of one session, one after another, of all executors over one store object.
 *
 * 1. Turns get their places in the order in which they ask.
 * 2. A caller that has a message in its hands, and does not ask for the next one, holds others up for 30 s at most; then
 *    it lines up again.
 * 3. At most 1,000 wait for one session; the next is refused with `queue_full`.
 */
import type { SessionStore } from '../classic/session-store.ts';
import { GreenroomError } from '../model/errors.ts';
import type { Clock, Timer } from '../otp/clock.ts';

export const LONGEST_PAUSE_MS = 30_000;
const MAX_WAITING = 1_000;

/** The right to run a turn of the session now. */
export class Place {
  readonly #lineUp: (place: Place) => Promise<Line>;
  #line: Line | undefined;
  isPaused = false;

  constructor(lineUp: (place: Place) => Promise<Line>) {
    this.#lineUp = lineUp;
  }

  async take(): Promise<void> {
    this.#line = await this.#lineUp(this);
  }

  /** The caller has a message, and may take its time. */
  pause(): void {
    this.isPaused = true;
    this.#line?.watch();
  }

  /** Resolves when the turn may go on; with true if others had their turns meanwhile. */
  async resume(): Promise<boolean> {
    this.isPaused = false;
    if (this.#line?.holder === this) return false;
    await this.take();
    return true;
  }

  release(): void {
    this.#line?.release(this);
  }
}

class Line {
  readonly #clock: Clock;
  readonly #onEmpty: () => void;
  readonly #waiting: (() => void)[] = [];
  #timer: Timer | undefined;
  holder: Place | undefined;

  constructor(clock: Clock, onEmpty: () => void) {
    this.#clock = clock;
    this.#onEmpty = onEmpty;
  }

  async take(place: Place): Promise<void> {
    if (this.holder === undefined) {
      this.holder = place;
      return;
    }
    if (this.#waiting.length >= MAX_WAITING)
      throw new GreenroomError('queue_full', 'too many turns wait in this session');
    await new Promise<void>((resolve) => {
      this.#waiting.push(() => {
        this.holder = place;
        resolve();
      });
      this.watch();
    });
  }

  release(place: Place): void {
    if (this.holder === place) this.#next();
  }

  /** Begins to count a pause once another turn waits for it to end. */
  watch(): void {
    const { holder } = this;
    if (holder?.isPaused !== true || this.#waiting.length === 0 || this.#timer !== undefined)
      return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.holder === holder && holder.isPaused) this.#next();
      else this.watch();
    }, LONGEST_PAUSE_MS);
  }

  #next(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.holder = undefined;
    const next = this.#waiting.shift();
    if (next === undefined) return this.#onEmpty();
    next();
  }
}

export class TurnLines {
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is this turn's time. */
  async take(sessionId: string): Promise<Place> {
    const place = new Place(async (one) => {
      const line = this.#lines.get(sessionId) ?? this.#begin(sessionId);
      await line.take(one);
      return line;
    });
    await place.take();
    return place;
  }

  #begin(sessionId: string): Line {
    const line = new Line(this.#clock, () => this.#lines.delete(sessionId));
    this.#lines.set(sessionId, line);
    return line;
  }
}

/** It stands on the store, so that all executors over that object find the same one, and it goes with the object. */
const LINES = Symbol.for('greenroom.turn-lines');

type WithLines = SessionStore & { readonly [LINES]?: TurnLines };

/** A frozen store has none to share: turns of one session are then in line within one call only. */
export const turnLinesOf = (store: WithLines, clock: Clock): TurnLines => {
  const known = store[LINES];
  if (known !== undefined) return known;
  const lines = new TurnLines(clock);
  if (Object.isExtensible(store)) Object.defineProperty(store, LINES, { value: lines });
  return lines;
};
