/** Has the API count the tokens of what a session would send. It costs nothing, and a provider may not know how. */
import type { Head } from '../../model/head.ts';
import type { System } from '../../otp/system.ts';
import { encodeMessage, textBlock } from '../context/model-message.ts';
import { modelStep } from '../machine/model-step.ts';
import type { Rules } from '../machine/rules.ts';
import { executorName, type ModelStep, type StepOutcome } from '../ports/executor.ts';
import type { Seen } from './seen-context.ts';

export interface CountOrder {
  readonly system: System;
  readonly head: Head;
  readonly rules: Rules;
  readonly model: string;
  /** The request's, as JSON. */
  readonly tools: string | undefined;
  readonly seen: Seen;
  readonly timeoutMs: number;
}

/** Tokens, or why there is no number: then an estimate has to do. */
export type Counted =
  | { readonly tokens: number; readonly why?: undefined }
  | { readonly tokens?: undefined; readonly why: string };

/** Most models take no request that ends with an answer. */
const NEXT_PROMPT = encodeMessage({ role: 'user', content: [textBlock('.')] });

/** The request is counted with a next prompt, as short as it can be. */
export const countTokens = async (order: CountOrder): Promise<Counted> => {
  const { system, head, rules, model, tools, seen, timeoutMs } = order;
  const { context } = seen;
  if (context === undefined) return { why: 'it is larger than a request may be' };
  if (seen.bytes === 0) return { why: 'there is no message yet' };
  context.add(NEXT_PROMPT);
  const wish = { model, context, tools, maxTokens: 1, wantsDeltas: false };
  return askCount(system, modelStep(head, rules, wish), timeoutMs * COUNT_PART);
};

/** Has the API count what a model call would send. Resolves within `timeoutMs`, also when the executor dies meanwhile. */
export const askCount = async (
  system: System,
  step: ModelStep,
  timeoutMs: number,
): Promise<Counted> => {
  const executor = system.find(executorName);
  if (executor === undefined) return { why: 'the executor is restarting' };
  const outcome = await new Promise<StepOutcome | undefined>((resolve) => {
    const handle = executor.start(
      { ...step, counts: true },
      {
        events: () => undefined,
        outcome: (ended) => {
          timer.cancel();
          resolve(ended);
        },
      },
    );
    const timer = system.clock.setTimeout(() => {
      resolve(undefined);
      handle.cancel();
    }, timeoutMs);
  });
  if (outcome?.type === 'counted')
    return isCount(outcome.tokens)
      ? { tokens: outcome.tokens }
      : { why: 'what was answered is no number of tokens' };
  const isRefused = outcome !== undefined && 'error' in outcome;
  return { why: isRefused ? outcome.error.message : 'it took too long' };
};

/** A provider's own server may say anything; less than nothing would be money that a budget does not have. */
const isCount = (tokens: unknown): boolean => Number.isSafeInteger(tokens) && Number(tokens) > 0;

/** The rest is for the answer. */
const COUNT_PART = 0.8;
