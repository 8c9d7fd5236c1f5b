/**
 * Steps behind a circuit breaker: while the endpoint does not answer, those that can wait are postponed, which costs
 * neither a thread nor an attempt. A session keeps such a step in its store and comes back when it is due.
 */
import type { Clock } from '../../otp/clock.ts';
import type {
  ModelStep,
  StepError,
  StepHandle,
  StepOutcome,
} from '../../session/ports/executor.ts';
import { type Breaker, wordOf } from './breaker.ts';
import type { ModelEvent, ModelSink, StartModel } from './wire.ts';

/** What is told of the endpoint when the breaker opens or closes. */
export interface EndpointNews {
  readonly isOpen: boolean;
  /** What failed last. */
  readonly errorType?: string;
}

export interface GuardParts {
  readonly breaker: Breaker;
  readonly clock: Clock;
  readonly tell: (news: EndpointNews) => void;
}

const NOT_ANSWERING: Readonly<StepError> = {
  type: 'endpoint_down',
  message: 'the endpoint of the models does not answer: calls wait until it does',
  retryable: true,
};

/** Whoever made the step takes `postponed` for an outcome. */
const mayBePostponed = ({ retry }: ModelStep): boolean =>
  (retry.longestWaitMs ?? Infinity) < Infinity;

export const guardedStart = (start: StartModel, parts: GuardParts): StartModel => {
  /** Steps that wait for their next attempt on a thread. */
  const retrying = new Set<GuardedStep>();
  return (step, sink) => {
    const { breaker, clock } = parts;
    const guarded = new GuardedStep(step, sink, parts, retrying);
    const waitMs = mayBePostponed(step) ? breaker.waitMs(clock.monotonic(), guarded) : undefined;
    if (waitMs !== undefined) {
      const { tried = 0 } = step.retry;
      clock.defer(() =>
        sink.outcome({ type: 'postponed', error: NOT_ANSWERING, delayMs: waitMs, tried }),
      );
      return { cancel: () => undefined };
    }
    try {
      guarded.handle = start(step, guarded);
    } catch (error) {
      breaker.toldNothing(guarded); // a probe that never began would keep its place
      throw error;
    }
    return guarded.handle;
  };
};

/** Hears what a step says, and what that says of the endpoint. */
class GuardedStep implements ModelSink {
  readonly about: object;
  handle: StepHandle | undefined;
  readonly #step: ModelStep;
  readonly #sink: ModelSink;
  readonly #parts: GuardParts;
  readonly #retrying: Set<GuardedStep>;
  #tried: number;
  #lastError: StepError | undefined;
  /** It was taken off its thread to wait. */
  #isPostponed = false;
  #hasAnswered = false;

  constructor(step: ModelStep, sink: ModelSink, parts: GuardParts, retrying: Set<GuardedStep>) {
    this.about = sink.about ?? {};
    this.#step = step;
    this.#sink = sink;
    this.#parts = parts;
    this.#retrying = retrying;
    this.#tried = step.retry.tried ?? 0;
  }

  started(thread: number): void {
    this.#sink.started?.(thread);
  }

  events(batch: readonly ModelEvent[]): void {
    for (const event of batch) {
      if (event.type === 'retry') this.#failed(event.error);
      else this.#answered();
    }
    this.#sink.events(batch);
  }

  outcome(outcome: StepOutcome): void {
    this.#retrying.delete(this);
    if (outcome.type === 'message') this.#answered();
    else if (outcome.type === 'failed' || outcome.type === 'postponed') this.#heard(outcome.error);
    else this.#parts.breaker.toldNothing(this);
    this.#sink.outcome(this.#isPostponed && outcome.type === 'cancelled' ? this.#later() : outcome);
  }

  /** Ends its wait on the thread; it goes on when the endpoint may be asked again. */
  postpone(): void {
    this.#isPostponed = true;
    this.handle?.cancel();
  }

  #later(): StepOutcome {
    const { breaker, clock } = this.#parts;
    const delayMs = breaker.restMs(clock.monotonic());
    return {
      ...{ type: 'postponed', delayMs, tried: this.#tried },
      error: this.#lastError ?? NOT_ANSWERING,
    };
  }

  #answered(): void {
    this.#retrying.delete(this);
    if (this.#hasAnswered) return;
    this.#hasAnswered = true;
    if (this.#parts.breaker.answered()) this.#parts.tell({ isOpen: false });
  }

  /** The attempt failed, and there is another one. */
  #failed(error: StepError): void {
    this.#hasAnswered = false;
    this.#lastError = error;
    this.#tried += 1;
    if (mayBePostponed(this.#step)) this.#retrying.add(this);
    this.#heard(error);
  }

  #heard(error: StepError): void {
    const { breaker, clock, tell } = this.#parts;
    const word = wordOf(error);
    if (word === 'answered') this.#answered();
    if (word === 'nothing') breaker.toldNothing(this);
    if (word !== 'failed' || !breaker.failed(clock.monotonic())) return;
    tell({ isOpen: true, errorType: error.type });
    for (const step of [...this.#retrying]) step.postpone();
  }
}
