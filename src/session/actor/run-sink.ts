/** What the executor tells of one run: it goes to the run's trace, then to the session. */
import type { SessionKey } from '../../model/ids.ts';
import type { OpenTurn, RunId, TurnWhere } from '../../model/turn.ts';
import type { StepEvent, StepOutcome, StepSink } from '../ports/executor.ts';
import type { StepTrace } from './step-trace.ts';

/** The session's part of it. */
export interface RunListener {
  events(run: RunId, batch: readonly StepEvent[]): void;
  outcome(run: RunId, outcome: StepOutcome): void;
}

export class RunSink implements StepSink {
  readonly #id: RunId;
  readonly #key: SessionKey;
  readonly #turn: OpenTurn;
  readonly #trace: StepTrace;
  readonly #listener: RunListener;

  constructor(id: RunId, key: SessionKey, turn: OpenTurn, trace: StepTrace, listener: RunListener) {
    this.#id = id;
    this.#key = key;
    this.#turn = turn;
    this.#trace = trace;
    this.#listener = listener;
  }

  get about(): TurnWhere {
    const { turnId, traceId } = this.#turn;
    return { ...this.#key, turnId, traceId };
  }

  started(thread: number): void {
    this.#trace.started(thread);
  }

  events(batch: readonly StepEvent[]): void {
    this.#trace.heard(batch);
    this.#listener.events(this.#id, batch);
  }

  outcome(outcome: StepOutcome): void {
    this.#trace.ended(outcome);
    this.#listener.outcome(this.#id, outcome);
  }
}
