/** The part of a turn's trace before it is accepted: its request has come, and may be refused. */
import { codeOf, ERRORS } from '../../model/errors.ts';
import type { ChildOf } from '../../model/head.ts';
import type { SessionKey, TurnId } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import { TELEMETRY } from '../../model/telemetry.ts';
import type { Clock } from '../../otp/clock.ts';
import type { TurnTrails } from './turn-trails.ts';

export class AskedTurn {
  readonly #key: SessionKey;
  readonly #turnId: TurnId;
  readonly #context: RequestContext;
  readonly #trails: TurnTrails;
  readonly #clock: Clock;

  constructor(
    key: SessionKey,
    turnId: TurnId,
    context: RequestContext,
    trails: TurnTrails,
    clock: Clock,
    childOf?: ChildOf,
  ) {
    this.#key = key;
    this.#turnId = turnId;
    this.#context = context;
    this.#trails = trails;
    this.#clock = clock;
    const { receivedAtMs: atMs, via } = context;
    trails.arrived(key, turnId, { station: 'received', atMs, via });
    if (via === 'queue') trails.note(key, turnId, { station: 'handed_over', atMs: clock.now() });
    if (TELEMETRY.turnReceived.isHeard) this.#received(childOf);
  }

  #received(childOf: ChildOf | undefined): void {
    const { traceId, via, parent } = this.#context;
    TELEMETRY.turnReceived.tell({
      ...{ ...this.#key, turnId: this.#turnId, traceId, via, ...parent },
      agentType: childOf?.agentType,
      parentSessionId: childOf?.sessionId,
      parentTurnId: childOf?.turnId,
      parentToolUseId: childOf?.toolUseId,
    });
  }

  /** What it is asked; for who hears contents. */
  says(prompt: unknown): void {
    const event = TELEMETRY.content;
    if (!event.isHeard) return;
    event.tell({ ...this.#key, turnId: this.#turnId, kind: 'prompt', content: prompt });
  }

  refused(error: unknown): void {
    const { traceId, via } = this.#context;
    const code = codeOf(error);
    const note = { station: 'refused', atMs: this.#clock.now(), outcome: code } as const;
    this.#trails.note(this.#key, this.#turnId, note);
    const isFinal = via !== 'queue' || !ERRORS[code].retryable;
    if (TELEMETRY.turnRefused.isHeard)
      TELEMETRY.turnRefused.tell({
        ...this.#key,
        ...{ turnId: this.#turnId, traceId, via, code, isFinal },
      });
  }
}
