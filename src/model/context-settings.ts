/** How a session stays within what its model reads at once, its window: what a caller may set. */
import { z } from 'zod';
import { isWellFormed } from './bounds.ts';
import { COMPACT_MODES } from './words.ts';

/** Tokens of the largest window that is thinkable. */
const MOST_TOKENS = 100_000_000;

export const ContextSettings = z.strictObject({
  /** `auto`: Greenroom sums up what is old; `server`: the API does; `off`: nobody does. Default: the daemon's. */
  compact: z.enum(COMPACT_MODES).optional(),
  /** Tokens that the model reads at once; default: the daemon's. */
  windowTokens: z.int().min(1_000).max(MOST_TOKENS).optional(),
  /** Tokens at which a compaction begins; default: the daemon's share of the window. */
  compactAtTokens: z.int().min(500).max(MOST_TOKENS).optional(),
  /** What the model is asked when it is to sum up; default: see the guide. */
  compactPrompt: z
    .string()
    .min(1)
    .max(20_000)
    .refine(isWellFormed, 'holds half of a surrogate pair')
    .optional(),
  /** Results of tools that the model goes on seeing, the newest; older ones become a note. Default: all. */
  keepToolResults: z.int().min(0).max(10_000).optional(),
  /** How often an answer that `max_tokens` cut off is gone on with; default 0. */
  continuations: z.int().min(0).max(20).optional(),
});
export type ContextSettings = z.infer<typeof ContextSettings>;
