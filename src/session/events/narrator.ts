/** Tells what happens to a session's turns: numbers the events of each attempt from 1 without gaps and hands them to the feed. */

import type { TurnEventBody } from '../../model/event.ts';
import type { SessionKey, TurnId } from '../../model/ids.ts';
import type { Clock } from '../../otp/clock.ts';
import type { Feed } from './feed.ts';

interface Count {
  readonly attempt: number;
  n: number;
}

export class Narrator {
  readonly #key: SessionKey;
  readonly #feed: Feed;
  readonly #clock: Clock;
  readonly #counts = new Map<TurnId, Count>();

  constructor(key: SessionKey, feed: Feed, clock: Clock) {
    this.#key = key;
    this.#feed = feed;
    this.#clock = clock;
  }

  tell(turnId: TurnId, attempt: number, body: TurnEventBody): void {
    const n = body.type === 'ping' ? 0 : this.#next(turnId, attempt);
    this.#feed.publish({ key: this.#key, turnId, attempt, n, atMs: this.#clock.now(), body });
    if (body.type === 'turn.finished') this.#counts.delete(turnId);
  }

  #next(turnId: TurnId, attempt: number): number {
    let count = this.#counts.get(turnId);
    if (count === undefined || count.attempt !== attempt) {
      count = { attempt, n: 0 };
      this.#counts.set(turnId, count);
    }
    count.n += 1;
    return count.n;
  }
}
