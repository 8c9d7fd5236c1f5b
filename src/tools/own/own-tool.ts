/** Tools that a program brings: how it declares one. A tool keeps nothing of a session: one object serves all of them. */
import { z } from 'zod';
import { ConfigError } from '../../config/config-error.ts';
import type { ToolEffect } from '../../model/turn.ts';
import { ALIASES, BUILT_IN_TOOLS, TOOL_NAME } from '../../permissions/tools.ts';
import type { ResultBlock } from '../../session/ports/tools.ts';

/** What a tool's function is called with, beside its input. */
export interface OwnToolContext {
  /** Aborted when the turn is cancelled or the time is up. */
  readonly signal: AbortSignal;
  readonly sessionId: string;
  readonly tenant: string;
  readonly turnId: string;
  /** Of this one call; the same when a call that was lost runs again. */
  readonly toolUseId: string;
  /** Absolute. */
  readonly workingDirectory: string;
}

/** What the model sees: a text, or blocks of the API. Nothing is an empty result. */
export type OwnToolResult = string | readonly ResultBlock[] | undefined;

/** A JSON Schema of an object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

interface Common {
  /** `^[a-zA-Z0-9_-]{1,64}$`, not the name of a built-in tool, and not beginning with `mcp__`. */
  readonly name: string;
  /** What the model reads to choose it. */
  readonly description: string;
  /**
   * What happens to a call that was under way in a crash: `pure` and `idempotent` ones run again, of an `at_most_once`
   * one the model reads that it is unknown whether it ran. Default: `at_most_once`.
   */
  readonly effect?: ToolEffect;
  /** Milliseconds that a call may take; default 60,000. Then its `signal` is aborted, and the result is an error. */
  readonly timeoutMs?: number;
  /** Characters of a result; default 100,000. More are cut, with a line that says so. */
  readonly outputLimit?: number;
  /** It runs beside no other call of the same answer. Default: false. */
  readonly isAlone?: boolean;
}

type Awaitable<T> = T | Promise<T>;

/** A tool as a program declares it. */
export interface OwnTool extends Common {
  /** A zod object, or a JSON Schema of an object. */
  readonly input: z.ZodType | JsonSchema;
  /** What it throws is an error result with its message. */
  readonly run: (input: never, context: OwnToolContext) => Awaitable<OwnToolResult>;
}

/** A tool whose input zod checks. */
export interface ZodTool<S extends z.ZodType> extends Common {
  readonly input: S;
  readonly run: (input: z.output<S>, context: OwnToolContext) => Awaitable<OwnToolResult>;
}

/** A tool whose input a JSON Schema checks. */
export interface JsonSchemaTool extends Common {
  readonly input: JsonSchema;
  readonly run: (
    input: Readonly<Record<string, unknown>>,
    context: OwnToolContext,
  ) => Awaitable<OwnToolResult>;
}

/**
 * Declares a tool, for the option `tools` of `startGreenroom` or the export `tools` of a module. Throws a `ConfigError`,
 * code `invalid_settings`, that names what is wrong.
 */
export function tool<S extends z.ZodType>(declared: ZodTool<S>): OwnTool;
export function tool(declared: JsonSchemaTool): OwnTool;
export function tool(declared: OwnTool): OwnTool {
  return checkedTool(declared, 'tool()');
}

const MAX_TIMEOUT_MS = 24 * 3_600_000;
const MAX_OUTPUT = 4_000_000;

const Shape = z.strictObject({
  name: z.string().regex(TOOL_NAME, 'must have 1-64 letters, digits, _ and -'),
  description: z.string().min(1).max(10_000),
  input: z.custom<OwnTool['input']>((value) => typeof value === 'object' && value !== null, {
    error: 'must be a zod object or a JSON Schema of an object',
  }),
  effect: z.enum(['pure', 'idempotent', 'at_most_once']).optional(),
  timeoutMs: z.int().min(1).max(MAX_TIMEOUT_MS).optional(),
  outputLimit: z.int().min(1).max(MAX_OUTPUT).optional(),
  isAlone: z.boolean().optional(),
  run: z.custom<OwnTool['run']>((value) => typeof value === 'function', {
    error: 'must be a function',
  }),
});

/** The same one, of a program without a compiler too. */
export const checkedTool = (declared: unknown, place: string): OwnTool => {
  const { data, error } = Shape.safeParse(declared);
  if (data === undefined) throw new ConfigError(`${place}: ${problem(error.issues)}`);
  const { name } = data;
  if (isTaken(name))
    throw new ConfigError(`${place}: ${name} is the name of a built-in tool; give it another one`);
  if (name.startsWith('mcp__'))
    throw new ConfigError(`${place}: ${name}: names with mcp__ are for tools of MCP servers`);
  return declared as OwnTool;
};

const problem = ([issue]: readonly z.core.$ZodIssue[]): string => {
  if (issue?.code === 'unrecognized_keys') return `there is no field ${issue.keys.join(', ')}`;
  const field = issue?.path.join('.') ?? '';
  return `${field === '' ? 'a tool' : field}: ${issue?.message ?? 'it is not a tool'}`;
};

const isTaken = (name: string): boolean =>
  BUILT_IN_TOOLS.includes(name) ||
  Object.hasOwn(ALIASES, name) ||
  name === 'str_replace_based_edit_tool';

/** Throws `invalid_settings` if two have one name. */
export const mustDiffer = (tools: readonly { readonly name: string }[]): void => {
  const seen = new Set<string>();
  for (const { name } of tools) {
    if (seen.has(name)) throw new ConfigError(`tools: there are two tools ${name}`);
    seen.add(name);
  }
};
