/**
 * Turns that failed, in the log: which, why, what to do. It owns the count of those that it has not told of, for a
 * flood of one cause is one line in a minute.
 */

import { nextStepOf } from '../model/advice.ts';
import type { SessionEvent, TurnFinished } from '../model/event.ts';
import type { TurnWhere } from '../model/turn.ts';
import type { Clock, Timer } from '../otp/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Feed } from '../session/events/feed.ts';

const QUIET_MS = 60_000;
/** Causes told apart at a time; turns of further ones are counted together. */
const MAX_CAUSES = 100;
const OTHERS = 'one of many others';

interface Cause {
  readonly code: string;
  untold: number;
}

/** Tells of failed, interrupted and rejected turns until the returned function is called. */
export const logFailedTurns = (feed: Feed, log: Log, clock: Clock): (() => void) => {
  const failedTurns = new FailedTurns(log, clock);
  const unsubscribe = feed.subscribe(({ event }) => {
    if (event.body.type === 'turn.finished') failedTurns.finished(event, event.body);
  });
  return () => {
    unsubscribe();
    failedTurns.close();
  };
};

class FailedTurns {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #causes = new Map<string, Cause>();
  readonly #timers = new Set<Timer>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  finished(event: SessionEvent, { status, error }: TurnFinished): void {
    if (status === 'completed' || status === 'cancelled') return;
    const code = error?.code ?? status;
    const own = `${code} ${error?.message ?? ''}`;
    const isToldApart = this.#causes.has(own) || this.#causes.size < MAX_CAUSES;
    const cause = isToldApart ? own : OTHERS;
    const known = this.#causes.get(cause);
    if (known !== undefined) known.untold++;
    else this.#tell(event, status, { code, message: error?.message ?? status }, cause);
  }

  /** What is untold is told. */
  close(): void {
    for (const timer of this.#timers) timer.cancel();
    for (const cause of this.#causes.keys()) this.#sum(cause);
  }

  #tell(
    { key, turnId, traceId }: SessionEvent,
    status: string,
    { code, message }: { readonly code: string; readonly message: string },
    cause: string,
  ): void {
    const next = nextStepOf(code);
    const where: TurnWhere = { ...key, turnId, traceId };
    this.#log.warn(
      { ...where, status, code, ...(next === undefined ? {} : { next }) },
      `a turn was ${status}: ${message}`,
    );
    this.#causes.set(cause, { code, untold: 0 });
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      this.#sum(cause);
    }, QUIET_MS);
    this.#timers.add(timer);
  }

  /** The minute is over: the next turn of this cause is told of again. */
  #sum(cause: string): void {
    const { code, untold } = this.#causes.get(cause) ?? { code: '', untold: 0 };
    this.#causes.delete(cause);
    if (untold > 0)
      this.#log.warn(
        { code, turns: untold },
        `${untold} more turns failed within a minute, the cause: ${cause}`,
      );
  }
}
