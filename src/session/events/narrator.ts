/**
 * Tells what happens to a session's turns: numbers the events of each attempt from 1 without gaps and hands them to the
 * feed; what is a station of the turn goes to its trail and to telemetry too.
 */

import type { TurnEventBody, TurnFinished } from '../../model/event.ts';
import type { SessionKey, TurnId } from '../../model/ids.ts';
import { TELEMETRY } from '../../model/telemetry.ts';
import type { TurnFacts } from '../../model/turn.ts';
import type { Clock } from '../../otp/clock.ts';
import type { Feed } from './feed.ts';
import type { TurnTrails } from './turn-trails.ts';

interface Count {
  readonly attempt: number;
  n: number;
}

/** The turn that is told of. */
export type Told = Pick<TurnFacts, 'turnId' | 'attempt' | 'traceId'> & {
  /** What is stored of it, where an attempt begins. */
  readonly lastSeq?: number;
};

export class Narrator {
  readonly #key: SessionKey;
  readonly #feed: Feed;
  readonly #trails: TurnTrails;
  readonly #clock: Clock;
  readonly #counts = new Map<TurnId, Count>();

  constructor(key: SessionKey, feed: Feed, trails: TurnTrails, clock: Clock) {
    this.#key = key;
    this.#feed = feed;
    this.#trails = trails;
    this.#clock = clock;
  }

  tell({ turnId, attempt, traceId, lastSeq }: Told, body: TurnEventBody): void {
    const n = body.type === 'ping' ? 0 : this.#next(turnId, attempt);
    const atMs = this.#clock.now();
    const event = { key: this.#key, turnId, attempt, n, atMs, traceId, body };
    const isBegin = body.type === 'turn.started' && lastSeq !== undefined;
    this.#feed.publish(isBegin ? { ...event, lastSeq } : event);
    this.#trace({ turnId, attempt, traceId }, body, atMs);
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

  #trace(turn: Told, body: TurnEventBody, atMs: number): void {
    const { turnId, attempt } = turn;
    switch (body.type) {
      case 'turn.accepted':
        this.#trails.note(this.#key, turnId, { station: 'accepted', atMs });
        if (TELEMETRY.turnAccepted.isHeard) TELEMETRY.turnAccepted.tell(this.#fields(turn));
        return;
      case 'turn.started':
        this.#trails.note(this.#key, turnId, { station: 'started', atMs, attempt });
        if (TELEMETRY.turnStart.isHeard) TELEMETRY.turnStart.tell(this.#fields(turn));
        return;
      case 'turn.finished':
        this.#trails.note(this.#key, turnId, { station: 'finished', atMs, outcome: body.status });
        if (TELEMETRY.turnStop.isHeard)
          TELEMETRY.turnStop.tell(Object.assign(this.#fields(turn), ending(body)));
    }
  }

  #fields({ turnId, attempt, traceId }: Told) {
    const { tenant, sessionId } = this.#key;
    return { tenant, sessionId, turnId, attempt, traceId };
  }
}

const ending = ({ status, error, durationMs, costUsd, usage }: TurnFinished) => ({
  status,
  code: error?.code,
  durationMs,
  costUsd,
  inputTokens: usage.inputTokens,
  outputTokens: usage.outputTokens,
  cacheReadTokens: usage.cacheReadInputTokens,
  cacheWriteTokens: usage.cacheCreationInputTokens,
});
