/** A program's own tool as the tools of Greenroom run: its input is checked, its result is cut. */
import { z } from 'zod';
import { ConfigError } from '../../config/config-error.ts';
import type { ResultBlock, ToolOutcome } from '../../session/ports/tools.ts';
import { withShownMedia } from '../files/shown-media.ts';
import { failed, said, whole } from '../tool/outcome.ts';
import { problemsIn } from '../tool/problems.ts';
import { type BuiltinTool, jsonSchemaOf, type ToolJob } from '../tool/tool.ts';
import type { OwnTool, OwnToolContext } from './own-tool.ts';

/** Milliseconds of a call whose tool names none. */
export const OWN_TIMEOUT_MS = 60_000;
/** Characters of a result whose tool names none. */
export const OWN_OUTPUT_LIMIT = 100_000;

export interface RunnableTool extends BuiltinTool {
  readonly timeoutMs: number;
}

/** Throws `invalid_settings` for an input that no schema can be made of. */
export const runnable = (own: OwnTool): RunnableTool => {
  const { name, description, effect = 'at_most_once', isAlone } = own;
  const { timeoutMs = OWN_TIMEOUT_MS, outputLimit = OWN_OUTPUT_LIMIT } = own;
  const { schema, inputSchema } = schemasOf(own);
  const offered = { name, description, effect, inputSchema };
  return {
    timeoutMs,
    offered: isAlone === undefined ? offered : { ...offered, isAlone },
    run: async (job, signal) => {
      const parsed = await schema.safeParseAsync(job.input);
      if (!parsed.success) return failed(problemsIn(name, parsed.error, job.input));
      try {
        const result = await own.run(parsed.data as never, contextOf(job, signal));
        return outcomeOf(name, result, outputLimit);
      } catch (error) {
        if (signal.aborted) return { type: 'cancelled' };
        return failed(cut(messageOf(error), outputLimit));
      }
    },
  };
};

interface Schemas {
  readonly schema: z.ZodType;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

const schemasOf = ({ name, input }: OwnTool): Schemas => {
  const schemas = readSchemas(name, input);
  if (schemas.inputSchema['type'] === 'object') return schemas;
  throw new ConfigError(`the tool ${name}: input must be the schema of an object`);
};

const readSchemas = (name: string, input: OwnTool['input']): Schemas => {
  try {
    if (isZod(input)) return { schema: input, inputSchema: jsonSchemaOf(input) };
    // A copy: what a thread or another program hands over may not be plain data.
    const inputSchema = JSON.parse(JSON.stringify(input)) as Schemas['inputSchema'];
    return { schema: z.fromJSONSchema(inputSchema), inputSchema };
  } catch (error) {
    throw new ConfigError(`the tool ${name}: input: ${messageOf(error)}`, { cause: error });
  }
};

/** Of whatever copy of zod 4. */
const isZod = (input: OwnTool['input']): input is z.ZodType => '_zod' in input;

const contextOf = (
  { key, turnId, toolUseId, workingDirectory }: ToolJob,
  signal: AbortSignal,
): OwnToolContext => {
  const { sessionId, tenant } = key;
  return { signal, sessionId, tenant, turnId, toolUseId, workingDirectory };
};

const Blocks = z.array(
  z.union([
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({
      type: z.enum(['image', 'document']),
      source: z.object({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
    }),
  ]),
);

const outcomeOf = (name: string, result: unknown, limit: number): ToolOutcome => {
  if (result === undefined) return said('');
  if (typeof result === 'string') return said(cut(result, limit));
  const { data } = Blocks.safeParse(result);
  if (data !== undefined) return said(cutBlocks(withShownMedia(data), limit));
  return failed(
    `${name} failed, by a mistake of its own: it gave neither a text nor blocks of text, image or document.`,
  );
};

const cut = (text: string, limit: number): string =>
  text.length <= limit
    ? text
    : `${whole(text.slice(0, limit))}\n[PARTIAL view: the first ${limit} of ${text.length} characters.]`;

/** All texts together have the limit. */
const cutBlocks = (blocks: readonly ResultBlock[], limit: number): readonly ResultBlock[] => {
  let left = limit;
  const texts = blocks.flatMap((block) => (block.type === 'text' ? [block.text.length] : []));
  const total = texts.reduce((sum, length) => sum + length, 0);
  if (total <= limit) return blocks;
  const shown = blocks.flatMap((block): readonly ResultBlock[] => {
    if (block.type !== 'text') return [block];
    const text = whole(block.text.slice(0, left));
    left -= text.length;
    return text === '' ? [] : [{ type: 'text', text }];
  });
  const text = `[PARTIAL view: the first ${limit} of ${total} characters.]`;
  return [...shown, { type: 'text', text }];
};

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message || error.name : String(error);
