/** The most that a model call may cost, before it is made: by its size, and by what the API said of the one before. */
import type { Head } from '../../model/head.ts';
import type { Rules } from './rules.ts';

/** What of a model call says what it may cost. */
export interface StepSize {
  readonly model: string;
  /** Of the request, about. */
  readonly bytes: number;
  readonly maxTokens: number;
}

/**
 * Bytes of a token, where no answer has told better: fewer than in what people and programs write, so that the estimate is
 * above what it will be.
 */
const LEAST_BYTES_PER_TOKEN = 2;
/** What a request has besides its messages, tools and system prompt. */
const FRAME_BYTES = 1_024;

/** In nano-dollars, by an estimate of its prompt; null: its model has no price. */
export const mostOfStep = (
  head: Pick<Head, 'contextUse'>,
  size: StepSize,
  rules: Pick<Rules, 'mostOf'>,
  nowMs: number,
): number | null => mostOfPrompt(promptAtMost(head, size.bytes), size, rules, nowMs);

/** The same for a prompt of so many tokens. */
export const mostOfPrompt = (
  inputTokens: number,
  { model, maxTokens: outputTokens }: Omit<StepSize, 'bytes'>,
  { mostOf }: Pick<Rules, 'mostOf'>,
  nowMs: number,
): number | null => mostOf?.({ inputTokens, outputTokens }, model, nowMs) ?? null;

/** What was answered before is known by the token; only what is new is guessed. */
const promptAtMost = ({ contextUse }: Pick<Head, 'contextUse'>, bytes: number): number => {
  const { tokens = 0, allBytes = Infinity } = contextUse ?? {};
  const isKnown = allBytes <= bytes;
  const newBytes = isKnown ? bytes - allBytes : bytes + FRAME_BYTES;
  return (isKnown ? tokens : 0) + Math.ceil(newBytes / LEAST_BYTES_PER_TOKEN);
};
