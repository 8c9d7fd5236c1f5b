/**
 * The spans of one turn: its own, and below it one for each model call and each tool call. It owns those that are open.
 *
 * 1. A turn has one model call at a time, and any number of tool calls.
 * 2. Whatever is open when the turn's process has been lost, or the turn ends, ends with it. What is told of an earlier
 *    attempt then comes too late.
 */
import type { Context, Span, SpanOptions } from '@opentelemetry/api';
import type { TelemetryFields } from '../model/telemetry.ts';
import type { Api } from './api.ts';
import {
  aboutAnswer,
  aboutEnd,
  aboutModel,
  aboutStep,
  aboutTool,
  CHAT,
  EXECUTE_TOOL,
} from './attributes.ts';
import { answerAttributes, argumentAttributes, resultAttributes } from './content.ts';

type Start = (name: string, options: SpanOptions, parent: Context) => Span;

export class TurnSpans {
  readonly #api: Api;
  readonly #start: Start;
  readonly #span: Span;
  readonly #context: Context;
  readonly #tools = new Map<string, Span>();
  #attempt = 1;
  #step: Span | undefined;
  /** The answer that has just passed by: what it ended of comes behind it. */
  #answer: unknown;
  #hasModel = false;

  /** @param span of the turn, which has begun. */
  constructor(api: Api, start: Start, span: Span, parent: Context) {
    this.#api = api;
    this.#start = start;
    this.#span = span;
    this.#context = api.trace.setSpan(parent, span);
  }

  /** What a sub-agent's turn stands below; undefined: the call is not open here. */
  contextOfTool(toolUseId: string): Context | undefined {
    const tool = this.#tools.get(toolUseId);
    return tool && this.#api.trace.setSpan(this.#context, tool);
  }

  started(attempt: number): void {
    if (attempt > 1) this.#endBelow('lost');
    this.#attempt = attempt;
    this.#span.addEvent('greenroom.turn.started', { 'greenroom.attempt': attempt });
  }

  ended(turn: TelemetryFields<'greenroom.turn.stop'>): void {
    this.#endBelow(turn.status);
    this.#span.setAttributes(aboutEnd(turn));
    if (turn.status === 'failed' || turn.status === 'rejected' || turn.status === 'interrupted')
      this.#failed(this.#span, turn.code ?? turn.status);
    this.#span.end();
  }

  /** It ends without an outcome: refused, or the program stops. */
  brokenOff(why: string): void {
    this.#endBelow(why);
    this.#failed(this.#span, why);
    this.#span.end();
  }

  stepStarted(step: TelemetryFields<'greenroom.step.start'>): void {
    if (!this.#hasModel) this.#span.setAttributes(aboutModel(step));
    this.#hasModel = true;
    if (this.#step !== undefined) {
      this.#step.addEvent('greenroom.step.lost'); // its thread is gone, another one has the call
      return;
    }
    const { CLIENT: kind } = this.#api.SpanKind;
    const options = { kind, attributes: aboutStep(step) };
    this.#step = this.#start(`${CHAT} ${step.model}`, options, this.#context);
  }

  firstByte(): void {
    this.#step?.addEvent('greenroom.step.first_byte');
  }

  retried({ errorType, delayMs, attempt }: TelemetryFields<'greenroom.step.retry'>): void {
    if (attempt !== this.#attempt) return;
    const about = { 'error.type': errorType, 'greenroom.delay_ms': delayMs };
    this.#step?.addEvent('greenroom.step.retry', about);
  }

  stepEnded(step: TelemetryFields<'greenroom.step.stop'>): void {
    if (step.attempt !== this.#attempt) return;
    const span = this.#step;
    const answer = this.#answer;
    this.#step = undefined;
    this.#answer = undefined;
    if (span === undefined) return;
    span.setAttributes(aboutAnswer(step));
    if (answer !== undefined) span.setAttributes(answerAttributes(answer, step.stopReason));
    if (step.errorType !== undefined) this.#failed(span, step.errorType);
    span.end();
  }

  toolStarted(tool: TelemetryFields<'greenroom.tool.start'>): void {
    const { INTERNAL: kind } = this.#api.SpanKind;
    const options = { kind, attributes: aboutTool(tool) };
    const span = this.#start(`${EXECUTE_TOOL} ${tool.tool}`, options, this.#context);
    this.#tools.get(tool.toolUseId)?.end();
    this.#tools.set(tool.toolUseId, span);
  }

  toolEnded({ toolUseId, outcome, attempt }: TelemetryFields<'greenroom.tool.stop'>): void {
    if (attempt !== this.#attempt) return;
    const span = this.#tools.get(toolUseId);
    this.#tools.delete(toolUseId);
    if (span === undefined) return;
    span.setAttribute('greenroom.outcome', outcome);
    if (outcome === 'error') this.#failed(span, 'tool_error');
    if (outcome === 'lost') this.#failed(span, outcome);
    span.end();
  }

  said({ kind, toolUseId = '', content }: TelemetryFields<'greenroom.content'>): void {
    switch (kind) {
      case 'prompt':
        return; // it came before the turn, and is in its span
      case 'answer':
        this.#answer = content;
        return;
      case 'arguments':
        this.#tools.get(toolUseId)?.setAttributes(argumentAttributes(content));
        return;
      case 'result':
        this.#tools.get(toolUseId)?.setAttributes(resultAttributes(content));
    }
  }

  #endBelow(outcome: string): void {
    for (const span of [this.#step, ...this.#tools.values()]) {
      span?.setAttribute('greenroom.outcome', outcome);
      span?.end();
    }
    this.#step = undefined;
    this.#answer = undefined;
    this.#tools.clear();
  }

  #failed(span: Span, code: string): void {
    span.setAttribute('error.type', code);
    span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: code });
  }
}
