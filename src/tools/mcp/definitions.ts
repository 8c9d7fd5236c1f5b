/** What a server says of its tools, made into what sessions are offered. Pure. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ToolEffect } from '../../model/turn.ts';

/** Longest description that a model receives, in characters. */
const MAX_DESCRIPTION = 2_048;
/** Largest input schema, in bytes of JSON. */
const MAX_SCHEMA_BYTES = 64 * 1024;
/** Tools of one server. */
export const MAX_TOOLS = 256;
const MAX_TOOL_NAME = 256;

export const Definition = z.strictObject({
  /** The server's own name for it. */
  tool: z.string().min(1).max(MAX_TOOL_NAME),
  description: z.string(),
  inputSchema: z.record(z.string(), z.unknown()),
  effect: z.enum(['pure', 'idempotent', 'at_most_once']) satisfies z.ZodType<ToolEffect>,
  /** Of all that the server has said of it, uncut. */
  hash: z.string(),
});
export type Definition = Readonly<z.infer<typeof Definition>>;

/** As the protocol has it. */
export interface SaidTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
  readonly annotations?:
    | { readonly readOnlyHint?: boolean | undefined; readonly idempotentHint?: boolean | undefined }
    | undefined;
}

export interface Definitions {
  readonly definitions: readonly Definition[];
  /** Why some are left out, each with its name. */
  readonly refused: readonly string[];
}

export const definitionsOf = (said: readonly SaidTool[]): Definitions => {
  const definitions = new Map<string, Definition>();
  const refused: string[] = [];
  for (const tool of said) {
    const made = definitionOf(tool);
    if (typeof made === 'string') refused.push(`${tool.name.slice(0, MAX_TOOL_NAME)}: ${made}`);
    else if (definitions.size === MAX_TOOLS)
      refused.push(`${tool.name}: a server has ${MAX_TOOLS} tools at most`);
    else definitions.set(tool.name, made);
  }
  return { definitions: [...definitions.values()], refused };
};

const definitionOf = (said: SaidTool): Definition | string => {
  const { name: tool, description = '', inputSchema, annotations = {} } = said;
  if (tool === '' || tool.length > MAX_TOOL_NAME)
    return `a name has 1 to ${MAX_TOOL_NAME} characters`;
  if (!isSchemaOfObject(inputSchema)) return 'its input is no object';
  const bytes = Buffer.byteLength(JSON.stringify(inputSchema));
  if (bytes > MAX_SCHEMA_BYTES) return `its schema has ${bytes} bytes, and not ${MAX_SCHEMA_BYTES}`;
  return {
    tool,
    description: cut(description),
    inputSchema,
    effect: effectOf(annotations),
    hash: hashOf(description, inputSchema),
  };
};

const isSchemaOfObject = (schema: unknown): schema is Readonly<Record<string, unknown>> =>
  typeof schema === 'object' && schema !== null && (schema as { type?: unknown }).type === 'object';

/** A hint comes from outside: it decides what becomes of a call after a crash, and never whether it may run. */
const effectOf = ({
  readOnlyHint = false,
  idempotentHint = false,
}: NonNullable<SaidTool['annotations']>): ToolEffect => {
  if (readOnlyHint) return 'pure';
  return idempotentHint ? 'idempotent' : 'at_most_once';
};

const ELLIPSIS = '…';

/** Never within a character. */
const cut = (text: string): string =>
  text.length <= MAX_DESCRIPTION
    ? text
    : text.slice(0, MAX_DESCRIPTION - 1).replace(/[\uD800-\uDBFF]$/, '') + ELLIPSIS;

const hashOf = (description: string, inputSchema: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([description, inOrder(inputSchema)]))
    .digest('hex');

/** The order of an object's fields means nothing, and servers change it. */
const inOrder = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, inner]) => [name, inOrder(inner)] as const);
  return Object.fromEntries(fields.toSorted(([one], [other]) => (one < other ? -1 : 1)));
};
