/** How a model is to answer: how long it thinks, how hard it tries, and in which form. The names are the Agent SDK's. */
import { z } from 'zod';
import { given } from './given.ts';
import { Metadata } from './metadata.ts';
import { EFFORTS } from './words.ts';

/** Least that the API takes. */
const LEAST_BUDGET = 1_024;
/** Of the longest answer that a session may set. */
const MOST_BUDGET = 1_000_000;

const Display = z.enum(['summarized', 'omitted']);

/** See the Claude API's extended and adaptive thinking. */
export const Thinking = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('adaptive'), display: Display.optional() }),
  z.strictObject({
    type: z.literal('enabled'),
    /** Tokens, beside those of the answer (`maxTokens`). */
    budgetTokens: z.int().min(LEAST_BUDGET).max(MOST_BUDGET),
    display: Display.optional(),
  }),
  z.strictObject({ type: z.literal('disabled') }),
]);
export type Thinking = z.infer<typeof Thinking>;

export const Effort = z.enum(EFFORTS);
export type Effort = z.infer<typeof Effort>;

export const OutputFormat = z.strictObject({ type: z.literal('json_schema'), schema: Metadata });
export type OutputFormat = z.infer<typeof OutputFormat>;

export const answeringShape = {
  thinking: Thinking.optional().describe(
    '`{ type: "adaptive" }`, `{ type: "enabled", budgetTokens }` or `{ type: "disabled" }`; default: the model\'s own',
  ),
  effort: Effort.optional().describe(
    "`low`, `medium`, `high`, `xhigh` or `max`; default: the model's own",
  ),
  outputFormat: OutputFormat.optional().describe(
    '`{ type: "json_schema", schema }`: the answer is JSON of this schema',
  ),
};

export interface Answering {
  readonly thinking?: Thinking | undefined;
  readonly effort?: Effort | undefined;
  readonly outputFormat?: OutputFormat | undefined;
}

/** What a turn says wins over its session. Undefined: neither says anything. */
export const answeringOf = (turn: Answering, session: Answering): Answering | undefined => {
  const thinking = turn.thinking ?? session.thinking;
  const effort = turn.effort ?? session.effort;
  const outputFormat = turn.outputFormat ?? session.outputFormat;
  if (thinking === undefined && effort === undefined && outputFormat === undefined)
    return undefined;
  return given({ thinking, effort, outputFormat });
};
