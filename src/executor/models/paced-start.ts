/** Steps at the pace of the API: what it says to one about its rate, holds for all sessions that ask the same model. */
import type { Provider } from '../../model/entry.ts';
import { codeOf } from '../../model/errors.ts';
import type { Clock, Timer } from '../../otp/clock.ts';
import type { Ticket } from '../../platform/fair-queue.ts';
import type {
  Executor,
  ModelStep,
  StepError,
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

export class PacedStart {
  readonly #parts: Parts;
  readonly #paces = new Map<string, Pace>();
  readonly #pauses = new Set<Timer>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  readonly start: Start = (step, sink) => {
    const { model } = step;
    const pace = this.#paces.get(model) ?? new Pace();
    this.#paces.set(model, pace);
    return new PacedStep(step, sink, {
      ...this.#parts,
      pace,
      limited: (delayMs) => this.#limited(pace, delayMs),
      near: (left) => this.#near(pace, left),
      ended: () => {
        if (pace.isFree) this.#paces.delete(model);
      },
    }).begin();
  };

  end(): void {
    for (const pause of this.#pauses) pause.cancel();
  }

  #limited(pace: Pace, delayMs: number): void {
    const pauseMs = Math.min(delayMs, LONGEST_PAUSE_MS);
    pace.limited(this.#parts.clock.monotonic(), pauseMs);
    this.#goOnIn(pace, pauseMs);
  }

  #near(pace: Pace, left: RateLeft): void {
    const pauseMs = pace.near(this.#parts.clock.monotonic(), left, LONGEST_PAUSE_MS);
    if (pauseMs > 0) this.#goOnIn(pace, pauseMs);
  }

  #goOnIn(pace: Pace, pauseMs: number): void {
    const { clock } = this.#parts;
    const pause = clock.setTimeout(() => {
      this.#pauses.delete(pause);
      pace.goOn(clock.monotonic());
    }, pauseMs);
    this.#pauses.add(pause);
  }
}

interface Parts {
  readonly start: StartModel;
  readonly clock: Clock;
  readonly provider: Provider;
}

interface Ground extends Parts {
  readonly pace: Pace;
  readonly limited: (delayMs: number) => void;
  readonly near: (left: RateLeft) => void;
  readonly ended: () => void;
}

class PacedStep implements ModelSink, Ticket, StepHandle {
  readonly tenant: string;
  readonly line: string;
  readonly about?: object;
  readonly #step: ModelStep;
  readonly #sink: StepSink;
  readonly #ground: Ground;
  #handle: StepHandle | undefined;
  #isOver = false;
  #isIn = false;
  #isEntering = false;
  #askedMs = 0;

  constructor(step: ModelStep, sink: StepSink, ground: Ground) {
    const { tenant = '', sessionId = '' } = (sink.about ?? {}) as Partial<Record<string, string>>;
    this.tenant = tenant;
    this.line = sessionId;
    if (sink.about !== undefined) this.about = sink.about;
    this.#step = step;
    this.#sink = sink;
    this.#ground = ground;
  }

  /** Throws what `start` does, if it is its turn at once. */
  begin(): StepHandle {
    this.#isIn = true;
    this.#isEntering = true;
    this.#ground.pace.enter(this, this.#ground.clock.monotonic());
    this.#isEntering = false;
    return this;
  }

  /** It is its turn. */
  readonly start = (): void => {
    this.#askedMs = this.#ground.clock.monotonic();
    try {
      this.#handle = this.#ground.start(this.#step, this);
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
      if (event.type === 'rate') this.#ground.near(event);
      if (event.type === 'retry' && event.error.type === RATE_LIMIT)
        this.#ground.limited(event.delayMs);
    }
    const told = batch.filter((event) => event.type !== 'rate');
    if (told.length > 0) this.#sink.events(told);
  }

  outcome(outcome: StepOutcome): void {
    const { pace, clock } = this.#ground;
    if (outcome.type === 'message') pace.answered(clock.monotonic(), this.#askedMs);
    else if (outcome.type === 'postponed' && outcome.error.type === RATE_LIMIT)
      this.#ground.limited(outcome.delayMs);
    this.#end(outcome);
  }

  #notStarted(error: unknown): StepOutcome {
    const { message } = error as Error;
    const lost: StepError = { type: codeOf(error), message, retryable: true };
    const { tried = 0, longestWaitMs } = this.#step.retry;
    return longestWaitMs === undefined
      ? { type: 'failed', error: lost, partialText: '', provider: this.#ground.provider }
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
    this.#ground.pace.leave(this);
    this.#ground.ended();
  }
}
