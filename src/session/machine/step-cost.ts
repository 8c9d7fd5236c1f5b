/** The most that a model call may cost, before it is made: by its size, and by what the API said of the one before. */
import type { Head } from '../../model/head.ts';
import type { Rules } from './machine.ts';

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

/** In nano-dollars; null: its model has no price. */
export const mostOfStep = (
  head: Pick<Head, 'lastPrompt'>,
  { model, bytes, maxTokens }: StepSize,
  { mostOf }: Pick<Rules, 'mostOf'>,
  nowMs: number,
): number | null => {
  const tokens = { inputTokens: promptAtMost(head, bytes), outputTokens: maxTokens };
  return mostOf?.(tokens, model, nowMs) ?? null;
};

/** What was answered before is known by the token; only what is new is guessed. */
const promptAtMost = ({ lastPrompt }: Pick<Head, 'lastPrompt'>, bytes: number): number => {
  const known = lastPrompt !== undefined && lastPrompt.bytes <= bytes ? lastPrompt : NOTHING;
  return known.tokens + Math.ceil((bytes - known.bytes) / LEAST_BYTES_PER_TOKEN);
};

const NOTHING = { bytes: -FRAME_BYTES, tokens: 0 };
