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
  readonly about: TurnWhere;
  readonly #id: RunId;
  readonly #trace: StepTrace;
  readonly #listener: RunListener;

  constructor(id: RunId, key: SessionKey, turn: OpenTurn, trace: StepTrace, listener: RunListener) {
    const { tenant, sessionId } = key;
    const { turnId, traceId } = turn;
    this.about = { tenant, sessionId, turnId, traceId };
    this.#id = id;
    this.#trace = trace;
    this.#listener = listener;
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
