/**
 * The one way to make a model step, whoever asks: a turn or a compaction. What the session says of its model, of retries
 * and of money holds for both.
 */

import type { Answering, Thinking } from '../../model/answering.ts';
import { GreenroomError } from '../../model/errors.ts';
import { given } from '../../model/given.ts';
import type { Head } from '../../model/head.ts';
import type { Context } from '../context/context.ts';
import { betasFor, type ServerContext } from '../context/server-context.ts';
import type { ApiObject, ModelStep } from '../ports/executor.ts';
import type { Rules } from './rules.ts';

export interface StepWish {
  readonly model: string;
  readonly maxTokens: number;
  /** How it is to answer; absent: as models do. */
  readonly answering?: Answering | undefined;
  readonly context: Context;
  readonly wantsDeltas: boolean;
  /** What the API does about a long prompt. */
  readonly server?: ServerContext | undefined;
  /** As in a step. */
  readonly tools?: string | undefined;
  readonly previousMessageId?: string | null | undefined;
  readonly container?: string | undefined;
  /** Of the step's retries. */
  readonly waits?: Pick<ModelStep['retry'], 'tried' | 'longestWaitMs'>;
}

/** Field by field: every model call makes one, and to spread is slow. */
export const modelStep = (
  head: Head,
  { retry: usual }: Rules,
  {
    model,
    maxTokens,
    context,
    wantsDeltas,
    tools,
    answering,
    server,
    previousMessageId,
    container,
    waits,
  }: StepWish,
): ModelStep => {
  const { systemPrompt, retry } = head;
  const betas = betasFor(head);
  const step: Writable<ModelStep> = {
    model,
    maxTokens,
    wantsDeltas,
    context: context.slice(),
    retry: {
      maxRetries: retry?.maxRetries ?? usual.maxRetries,
      delayMs: retry?.delayMs ?? usual.delayMs,
      timeoutMs: retry?.timeoutMs ?? usual.timeoutMs,
      tried: waits?.tried ?? 0,
      longestWaitMs: waits?.longestWaitMs ?? Infinity,
    },
  };
  if (systemPrompt !== undefined) step.system = systemPrompt;
  if (tools !== undefined) step.tools = tools;
  if (answering !== undefined) answerSo(step, answering);
  if (betas !== undefined) step.betas = betas;
  if (server !== undefined) Object.assign(step, server);
  if (container !== undefined) step.container = container;
  if (previousMessageId !== undefined) step.previousMessageId = previousMessageId;
  return step;
};

const answerSo = (
  step: Writable<ModelStep>,
  { thinking, effort, outputFormat }: Answering,
): void => {
  if (thinking !== undefined) step.thinking = apiThinking(thinking);
  if (thinking?.type === 'enabled') step.maxTokens += thinking.budgetTokens; // the API counts both as one
  if (effort !== undefined || outputFormat !== undefined)
    step.outputConfig = given({ effort, format: outputFormat });
};

const apiThinking = (thinking: Thinking): ApiObject => {
  if (thinking.type !== 'enabled') return thinking;
  const { type, budgetTokens: budget_tokens, display } = thinking;
  return given({ type, budget_tokens, display });
};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A money limit holds only where the price is known. Throws `price_unknown`. */
export const mustHavePrice = (model: string, rules: Rules, nowMs: number): void => {
  if (!rules.hasPrice(model, nowMs)) throw noPrice(model);
};

export const noPrice = (model: string): GreenroomError =>
  new GreenroomError('price_unknown', `${model} has no known price, so a money limit cannot hold`);
