/**
 * Makes spans of what telemetry reports, for as long as it is wanted: one for each turn, below it its model calls and its
 * tool calls, below a call of a sub-agent that one's turn. It owns the subscriptions and the turns that are open.
 *
 * 1. Telemetry is the process's: of several Greenrooms that make spans the first makes those of all, so each event makes
 *    one span.
 * 2. Turns that are open are bounded (P6): of more there are no spans.
 * 3. Contents are heard only if they are wanted.
 */
import type { Context, Span, SpanOptions } from '@opentelemetry/api';
import { onTelemetry, type TelemetryFields, type TelemetryName } from '../model/telemetry.ts';
import type { Clock, Timer } from '../otp/clock.ts';
import type { Api } from './api.ts';
import { AskedTurns } from './asked-turns.ts';
import { aboutTurn, INVOKE_AGENT } from './attributes.ts';
import { promptAttributes } from './content.ts';
import { TurnSpans } from './turn-spans.ts';

/** Turns with spans at once. */
export const MAX_TURNS = 10_000;
/** How long a provider may take to send what it holds when the program stops. */
const FLUSH_MS = 5_000;

export interface TracingOptions {
  readonly clock: Clock;
  /** Of our spans' scope. */
  readonly version: string;
  /** Whether prompts, answers and what goes through tools are put into spans. */
  readonly withContent: boolean;
  /** A bug met an event. */
  readonly onError: (error: unknown) => void;
}

type Handlers = {
  readonly [N in TelemetryName]?: (fields: TelemetryFields<N>) => void;
};

/** Every event of a turn names it so. */
type OfTurn = Pick<TelemetryFields<'greenroom.turn.accepted'>, 'tenant' | 'sessionId' | 'turnId'>;

export class Tracing {
  readonly #api: Api;
  readonly #options: TracingOptions;
  readonly #turns = new Map<string, TurnSpans>();
  readonly #asked = new AskedTurns();
  #stops: readonly (() => void)[] = [];

  constructor(api: Api, options: TracingOptions) {
    this.#api = api;
    this.#options = options;
  }

  start(): void {
    const { withContent, onError } = this.#options;
    this.#stops = Object.entries(this.#handlers()).flatMap(([name, handle]) => {
      if (name === 'greenroom.content' && !withContent) return [];
      const heard = (fields: object) => {
        if (take(fields)) (handle as (fields: object) => void)(fields);
      };
      return [onTelemetry(name as TelemetryName, heard, onError)];
    });
  }

  /**
   * Spans that are open end here, as broken off. Resolves when the provider has sent what it holds, because the process
   * may end now; or has failed to, or has taken too long.
   */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    for (const turn of this.#turns.values()) turn.brokenOff('stopped');
    this.#stops = [];
    this.#turns.clear();
    this.#asked.clear();
    const { clock, onError } = this.#options;
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, FLUSH_MS);
    });
    await Promise.race([this.#flush().catch(onError), late]);
    timer?.cancel();
  }

  /** The API cannot say it; the providers of the SDK can. */
  async #flush(): Promise<void> {
    const proxy = this.#api.trace.getTracerProvider() as { getDelegate?(): unknown };
    const provider = (proxy.getDelegate?.() ?? proxy) as { forceFlush?(): Promise<void> };
    await provider.forceFlush?.();
  }

  #handlers(): Handlers {
    return {
      'greenroom.turn.received': (turn) => this.#received(turn),
      'greenroom.turn.refused': (turn) => this.#refused(turn),
      'greenroom.turn.accepted': (turn) => void this.#begun(turn),
      'greenroom.turn.start': (turn) => this.#begun(turn)?.started(turn.attempt),
      'greenroom.turn.stop': (turn) => {
        this.#of(turn)?.ended(turn);
        this.#turns.delete(nameOf(turn));
      },
      'greenroom.step.start': (step) => this.#of(step)?.stepStarted(step),
      'greenroom.step.first_byte': (step) => this.#of(step)?.firstByte(),
      'greenroom.step.retry': (step) => this.#of(step)?.retried(step),
      'greenroom.step.stop': (step) => this.#of(step)?.stepEnded(step),
      'greenroom.tool.start': (tool) => this.#of(tool)?.toolStarted(tool),
      'greenroom.tool.stop': (tool) => this.#of(tool)?.toolEnded(tool),
      'greenroom.content': (said) => this.#said(said),
    };
  }

  #of(turn: OfTurn): TurnSpans | undefined {
    return this.#turns.get(nameOf(turn));
  }

  /** The caller's span is known here only: a turn that begins after a restart has none above it. */
  #received(turn: TelemetryFields<'greenroom.turn.received'>): void {
    if (this.#of(turn) === undefined)
      this.#asked.add(nameOf(turn), this.#parentOf(turn), turn.agentType);
  }

  #parentOf(turn: TelemetryFields<'greenroom.turn.received'>): Context {
    const { trace, context, ROOT_CONTEXT, TraceFlags } = this.#api;
    const { tenant, traceId, spanId, isSampled, via } = turn;
    if (turn.parentToolUseId !== undefined) {
      const { parentSessionId: sessionId = '', parentTurnId: turnId = '' } = turn;
      const caller = this.#of({ tenant, sessionId, turnId });
      return caller?.contextOfTool(turn.parentToolUseId) ?? ROOT_CONTEXT;
    }
    if (spanId === undefined) return via === 'embedded' ? context.active() : ROOT_CONTEXT;
    const traceFlags = isSampled === true ? TraceFlags.SAMPLED : TraceFlags.NONE;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  }

  #begun(turn: TelemetryFields<'greenroom.turn.accepted'>): TurnSpans | undefined {
    const known = this.#of(turn);
    if (known !== undefined || this.#turns.size >= MAX_TURNS) return known;
    const begun = this.#begin(turn);
    this.#turns.set(nameOf(turn), begun);
    return begun;
  }

  #begin(turn: OfTurn & { readonly traceId?: string | undefined }): TurnSpans {
    const asked = this.#asked.take(nameOf(turn));
    const { agentType, prompt, parent = this.#api.ROOT_CONTEXT } = asked ?? {};
    const attributes = aboutTurn(turn, turn.traceId, agentType);
    const kind = this.#api.SpanKind.INTERNAL;
    const spanName = agentType === undefined ? INVOKE_AGENT : `${INVOKE_AGENT} ${agentType}`;
    const span = this.#start(spanName, { kind, attributes }, parent);
    if (prompt !== undefined) span.setAttributes(prompt);
    return new TurnSpans(this.#api, this.#start, span, parent);
  }

  #refused(turn: TelemetryFields<'greenroom.turn.refused'>): void {
    if (turn.isFinal) this.#begin(turn).brokenOff(turn.code);
  }

  #said(said: TelemetryFields<'greenroom.content'>): void {
    if (said.kind === 'prompt')
      this.#asked.says(nameOf(said), () => promptAttributes(said.content));
    else this.#of(said)?.said(said);
  }

  /** The provider may be registered after us, so the tracer is asked for each time. */
  readonly #start = (name: string, options: SpanOptions, parent: Context): Span =>
    this.#api.trace.getTracer('greenroom', this.#options.version).startSpan(name, options, parent);
}

const nameOf = ({ tenant, sessionId, turnId }: OfTurn): string =>
  `${tenant}/${sessionId}/${turnId}`;

const TAKEN = Symbol('spans are made of it');

const take = (fields: object): boolean => {
  if (TAKEN in fields) return false;
  Object.defineProperty(fields, TAKEN, { value: true });
  return true;
};
