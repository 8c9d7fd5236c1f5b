/** How the model is asked to sum up, and what it has answered. */
import type { ContextSettings } from '../../model/context-settings.ts';
import { encodeMessage, textBlock } from '../context/model-message.ts';
import type { StepOutcome } from '../ports/executor.ts';

const REQUEST =
  'Sum up this conversation for whoever goes on with it and will not see it: what was asked for and ' +
  'why, what was done and decided, what was learned (names, paths, numbers and errors literally), ' +
  'what is unfinished and what comes next. Answer with the summary alone, and call no tools.';

export const summaryQuestion = (settings: ContextSettings | undefined): Uint8Array =>
  encodeMessage({
    role: 'user',
    content: [textBlock(settings?.compactPrompt ?? REQUEST)],
  });

type Answered = Extract<StepOutcome, { type: 'message' }>;

/** Whether the answer can stand for what it sums up. */
export const isSummary = (outcome: StepOutcome): outcome is Answered =>
  outcome.type === 'message' && outcome.stopReason !== 'refusal' && outcome.text.trim() !== '';
