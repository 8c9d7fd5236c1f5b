/**
 * The one way to make a model step, whoever asks: a turn or a compaction. What the session says of its model, of retries
 * and of money holds for both.
 */

import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { Context } from '../context/context.ts';
import type { ModelStep } from '../ports/executor.ts';
import type { Rules } from './machine.ts';

export interface StepWish {
  readonly model: string;
  readonly maxTokens: number;
  readonly context: Context;
  readonly wantsDeltas: boolean;
  /** Of the step's retries. */
  readonly waits?: Pick<ModelStep['retry'], 'tried' | 'longestWaitMs'>;
}

export const modelStep = (
  { systemPrompt, retry }: Head,
  { retry: usual }: Rules,
  { model, maxTokens, context, wantsDeltas, waits }: StepWish,
): ModelStep => ({
  ...{ model, maxTokens, wantsDeltas },
  ...(systemPrompt === undefined ? {} : { system: systemPrompt }),
  context: context.slice(),
  retry: { ...usual, ...given(retry), ...waits },
});

const given = (retry: Head['retry']): Partial<ModelStep['retry']> =>
  Object.fromEntries(Object.entries(retry ?? {}).filter(([, value]) => value !== undefined));

/** A money limit holds only where the price is known. Throws `price_unknown`. */
export const mustHavePrice = (model: string, rules: Rules, nowMs: number): void => {
  if (!rules.hasPrice(model, nowMs))
    throw new GreenroomError(
      'price_unknown',
      `${model} has no known price, so a money limit cannot hold`,
    );
};
