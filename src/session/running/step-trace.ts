/** One model call's part of its turn's trace: where it ran, when it answered, how it ended. */
import type { SessionKey } from '../../model/ids.ts';
import type { StationNote } from '../../model/station.ts';
import { TELEMETRY } from '../../model/telemetry.ts';
import type { OpenTurn } from '../../model/turn.ts';
import type { Clock } from '../../otp/clock.ts';
import { decodeMessage } from '../context/model-message.ts';
import type { TurnTrails } from '../events/turn-trails.ts';
import type { Executor, StepEvent, StepOutcome } from '../ports/executor.ts';

/** Of an error's type, which comes from outside. */
const MAX_TYPE = 100;

export class StepTrace {
  readonly #key: SessionKey;
  readonly #turn: OpenTurn;
  readonly #model: string;
  readonly #provider: Executor['provider'];
  readonly #trails: TurnTrails;
  readonly #clock: Clock;
  readonly #beganMs: number;
  #hasAnswered = false;

  constructor(
    key: SessionKey,
    turn: OpenTurn,
    { model, provider }: { readonly model: string; readonly provider: Executor['provider'] },
    trails: TurnTrails,
    clock: Clock,
  ) {
    this.#key = key;
    this.#turn = turn;
    this.#model = model;
    this.#provider = provider;
    this.#trails = trails;
    this.#clock = clock;
    this.#beganMs = clock.monotonic();
  }

  /** A thread has it: the first, or another one after that was lost. */
  started(thread: number): void {
    this.#note({ station: 'step_started', atMs: this.#clock.now(), step: this.#step, thread });
    if (TELEMETRY.stepStart.isHeard)
      TELEMETRY.stepStart.tell(Object.assign(this.#fields(), this.#asked(thread)));
  }

  #asked(thread: number) {
    return { model: this.#model, provider: this.#provider, thread };
  }

  heard(batch: readonly StepEvent[]): void {
    for (const event of batch)
      if (event.type === 'retry') this.#retried(event);
      else if (!this.#hasAnswered) this.#answered();
  }

  ended(outcome: StepOutcome): void {
    const { type } = outcome;
    this.#note({ station: 'step_ended', atMs: this.#clock.now(), step: this.#step, outcome: type });
    if (TELEMETRY.content.isHeard && outcome.type === 'message') this.#tellAnswer(outcome.body);
    if (TELEMETRY.stepStop.isHeard)
      TELEMETRY.stepStop.tell(Object.assign(this.#fields(), this.#ending(outcome)));
  }

  #tellAnswer(body: Uint8Array): void {
    const { content } = decodeMessage(body);
    const { turnId } = this.#turn;
    TELEMETRY.content.tell({ ...this.#key, turnId, kind: 'answer', content });
  }

  #ending(outcome: StepOutcome) {
    const ending = { outcome: outcome.type, durationMs: this.#sinceStartMs };
    switch (outcome.type) {
      case 'failed':
        return Object.assign(ending, { errorType: outcome.error.type });
      case 'message': {
        const { usage, stopReason, messageId, model } = outcome;
        return Object.assign(ending, {
          inputTokens: usage.inputTokens,
          outputTokens: usage.outputTokens,
          cacheReadTokens: usage.cacheReadInputTokens,
          cacheWriteTokens: usage.cacheCreationInputTokens,
          stopReason: stopReason ?? undefined,
          responseId: messageId,
          responseModel: model,
        });
      }
      default:
        return ending;
    }
  }

  #answered(): void {
    this.#hasAnswered = true;
    this.#note({ station: 'first_byte', atMs: this.#clock.now(), step: this.#step });
    if (TELEMETRY.stepFirstByte.isHeard)
      TELEMETRY.stepFirstByte.tell({ ...this.#fields(), sinceStartMs: this.#sinceStartMs });
  }

  /** What was heard before is void: the answer begins anew. */
  #retried({ delayMs, error }: Extract<StepEvent, { type: 'retry' }>): void {
    this.#hasAnswered = false;
    const outcome = error.type.slice(0, MAX_TYPE);
    const atMs = this.#clock.now();
    this.#note({ station: 'retried', atMs, step: this.#step, delayMs, outcome });
    if (TELEMETRY.stepRetry.isHeard)
      TELEMETRY.stepRetry.tell({ ...this.#fields(), errorType: error.type, delayMs });
  }

  /** The model call, from 1. */
  get #step(): number {
    return this.#turn.steps + 1;
  }

  #note(note: StationNote): void {
    this.#trails.note(this.#key, this.#turn.turnId, note);
  }

  get #sinceStartMs(): number {
    return this.#clock.monotonic() - this.#beganMs;
  }

  #fields() {
    const { tenant, sessionId } = this.#key;
    const { turnId, attempt, traceId } = this.#turn;
    return { tenant, sessionId, turnId, attempt, traceId, step: this.#step };
  }
}
