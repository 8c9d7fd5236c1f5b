/** Steps at the pace of the API: what it says to one about its rate, holds for all sessions that ask the same model. */
import type { Provider } from '../../model/entry.ts';
import { codeOf } from '../../model/errors.ts';
import { keyString, type SessionKey } from '../../model/ids.ts';
import type { Clock, Timer } from '../../otp/clock.ts';
import type { Ticket } from '../../platform/fair-queue.ts';
import type {
  Executor,
  ModelStep,
  StepError,
  StepEvent,
  StepHandle,
  StepOutcome,
  StepSink,
} from '../../session/ports/executor.ts';
import { Pace } from './pace.ts';
import type { RateLeft } from './rate-headers.ts';
import type { ModelEvent, ModelSink, StartModel } from './wire.ts';

type Start = Executor['start'];

const RATE_LIMIT = 'rate_limit_error';
/** When a step is asked for again that could not be started, in milliseconds. */
const AGAIN_MS = 1_000;

/**
 * For how long at most the word to one step holds for others, in milliseconds. One that was told to come back tomorrow
 * does not close the model for all: one of the others asks again before.
 */
export const LONGEST_PAUSE_MS = 30_000;

/** Paces that have nothing to remember are kept for so many models: to make one with each call costs more than the call. */
const MAX_FREE_PACES = 16;

interface Parts {
  readonly start: StartModel;
  readonly clock: Clock;
  readonly provider: Provider;
}

export class PacedStart {
  readonly parts: Parts;
  readonly #paces = new Map<string, Pace>();
  readonly #pauses = new Set<Timer>();
  /** Sessions whose calls wait for their turn. */
  readonly #held = new Set<string>();

  constructor(parts: Parts) {
    this.parts = parts;
  }

  readonly start: Start = (step, sink) =>
    new PacedStep(step, sink, this.#paceOf(step.model), this).begin();

  /** Whether a call of the session waits for its turn. */
  readonly isHeld = (key: SessionKey): boolean => this.#held.has(keyString(key));

  /** A call of the session begins to wait, or waits no more. */
  hold({ tenant, line }: Ticket, isHeld: boolean): void {
    const name = keyString({ tenant, sessionId: line } as SessionKey);
    if (isHeld) this.#held.add(name);
    else this.#held.delete(name);
  }

  end(): void {
    for (const pause of this.#pauses) pause.cancel();
  }

  #paceOf(model: string): Pace {
    const known = this.#paces.get(model);
    if (known !== undefined) return known;
    if (this.#paces.size >= MAX_FREE_PACES) this.#forgetFree();
    const pace = new Pace();
    this.#paces.set(model, pace);
    return pace;
  }

  #forgetFree(): void {
    for (const [model, pace] of this.#paces) if (pace.isFree) this.#paces.delete(model);
  }

  /** The API has refused a call for its rate. */
  limited(pace: Pace, delayMs: number): void {
    const pauseMs = Math.min(delayMs, LONGEST_PAUSE_MS);
    pace.limited(this.parts.clock.monotonic(), pauseMs);
    this.#goOnIn(pace, pauseMs);
  }

  /** It has answered one, and little is left of its limit. */
  near(pace: Pace, left: RateLeft): void {
    const pauseMs = pace.near(this.parts.clock.monotonic(), left, LONGEST_PAUSE_MS);
    if (pauseMs > 0) this.#goOnIn(pace, pauseMs);
  }

  #goOnIn(pace: Pace, pauseMs: number): void {
    const { clock } = this.parts;
    const pause = clock.setTimeout(() => {
      this.#pauses.delete(pause);
      pace.goOn(clock.monotonic());
    }, pauseMs);
    this.#pauses.add(pause);
  }
}

class PacedStep implements ModelSink, Ticket, StepHandle {
  readonly tenant: string;
  readonly line: string;
  readonly about: object;
  isUnlisted = false;
  readonly #step: ModelStep;
  readonly #sink: StepSink;
  readonly #pace: Pace;
  readonly #all: PacedStart;
  #handle: StepHandle | undefined;
  #isOver = false;
  #isIn = false;
  #isEntering = false;
  #isHeld = false;
  #askedMs = 0;

  constructor(step: ModelStep, sink: StepSink, pace: Pace, all: PacedStart) {
    const { about = {} } = sink;
    const { tenant = '', sessionId = '' } = about as Partial<Record<string, string>>;
    this.tenant = tenant;
    this.line = sessionId;
    this.about = about;
    this.#step = step;
    this.#sink = sink;
    this.#pace = pace;
    this.#all = all;
  }

  /** Throws what `start` does, if it is its turn at once. */
  begin(): StepHandle {
    this.#isIn = true;
    this.#isEntering = true;
    this.#pace.enter(this, this.#all.parts.clock.monotonic());
    this.#isEntering = false;
    if (this.#isIn && this.#handle === undefined) this.#hold(true);
    return this;
  }

  /** It is its turn. */
  readonly start = (): void => {
    this.#askedMs = this.#all.parts.clock.monotonic();
    this.#hold(false);
    try {
      this.#handle = this.#all.parts.start(this.#step, this);
    } catch (error) {
      const isEntering = this.#isEntering;
      this.#leave();
      if (isEntering) throw error; // whoever asks for it hears that
      this.#sink.outcome(this.#notStarted(error));
    }
  };

  cancel(): void {
    if (this.#handle !== undefined) this.#handle.cancel();
    else this.#end({ type: 'cancelled', partialText: '' });
  }

  started(thread: number): void {
    this.#sink.started?.(thread);
  }

  events(batch: readonly ModelEvent[]): void {
    for (const event of batch) {
      if (event.type === 'rate') this.#all.near(this.#pace, event);
      if (event.type === 'retry' && event.error.type === RATE_LIMIT)
        this.#all.limited(this.#pace, event.delayMs);
    }
    const told = withoutRates(batch);
    if (told.length > 0) this.#sink.events(told);
  }

  outcome(outcome: StepOutcome): void {
    if (outcome.type === 'message')
      this.#pace.answered(this.#all.parts.clock.monotonic(), this.#askedMs);
    else if (outcome.type === 'postponed' && outcome.error.type === RATE_LIMIT)
      this.#all.limited(this.#pace, outcome.delayMs);
    this.#end(outcome);
  }

  #notStarted(error: unknown): StepOutcome {
    const { message } = error as Error;
    const lost: StepError = { type: codeOf(error), message, retryable: true };
    const { tried = 0, longestWaitMs } = this.#step.retry;
    return longestWaitMs === undefined
      ? { type: 'failed', error: lost, partialText: '', provider: this.#all.parts.provider }
      : { type: 'postponed', error: lost, delayMs: AGAIN_MS, tried };
  }

  #end(outcome: StepOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave();
    this.#sink.outcome(outcome);
  }

  #leave(): void {
    if (!this.#isIn) return;
    this.#isIn = false;
    this.#hold(false);
    this.#pace.leave(this);
  }

  #hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    this.#all.hold(this, isHeld);
  }
}

/** Of few batches anything has to be taken out. */
const withoutRates = (batch: readonly ModelEvent[]): readonly StepEvent[] =>
  batch.every(isForSessions) ? batch : batch.filter(isForSessions);

const isForSessions = (event: ModelEvent): event is StepEvent => event.type !== 'rate';
