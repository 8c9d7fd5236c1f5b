/**
 * What a built-in tool is: how the model is told of it, and its work. A tool keeps nothing of a session (P4); what goes
 * wrong in the ordinary way is an outcome that says what to do about it.
 */
import { z } from 'zod';
import type { OfferedTool, ToolCall, ToolOutcome } from '../../session/ports/tools.ts';
import { failed } from './outcome.ts';
import { problemsIn } from './problems.ts';
import { Refusal } from './refusal.ts';
import { plainWords } from './system-errors.ts';

/** A call as a thread gets it. */
export interface ToolJob extends ToolCall {
  /**
   * Where the file or folder that the call names really is, as its permission was decided on it: the tool opens that one or
   * none. Absent: wherever the path leads at the moment of opening.
   */
  readonly realPath?: string | undefined;
  readonly web?: WebSettings | undefined;
}

export interface WebSettings {
  /** Hosts, as `localhost` or `10.0.0.7`, that may be private and are asked over plain HTTP if the address says so. */
  readonly privateHosts: readonly string[];
}

export interface BuiltinTool {
  readonly offered: OfferedTool;
  /** Rejects only for a bug. An aborted signal ends it soon, as `cancelled`. */
  run(job: ToolJob, signal: AbortSignal): Promise<ToolOutcome>;
}

/** What a tool is made of. */
export interface ToolParts<S extends z.ZodType> extends Omit<OfferedTool, 'inputSchema'> {
  readonly input: S;
  /** May throw a `Refusal`, or what the file system says. */
  readonly work: (input: z.output<S>, job: ToolJob, signal: AbortSignal) => Promise<ToolOutcome>;
}

export const builtinTool = <S extends z.ZodType>({
  input,
  work,
  ...rest
}: ToolParts<S>): BuiltinTool => ({
  offered: { ...rest, inputSchema: jsonSchemaOf(input) },
  run: async (job, signal) => {
    const parsed = input.safeParse(job.input);
    if (!parsed.success) return failed(problemsIn(rest.name, parsed.error, job.input));
    try {
      const outcome = await work(parsed.data, job, signal);
      return outcome;
    } catch (error) {
      if (signal.aborted) return { type: 'cancelled' };
      const words = error instanceof Refusal ? error.message : plainWords(error);
      if (words === undefined) throw error;
      return failed(words);
    }
  },
});

/** Without what says nothing to a model. */
export const jsonSchemaOf = (input: z.ZodType): Readonly<Record<string, unknown>> => {
  const { $schema, ...schema } = z.toJSONSchema(input, { io: 'input' });
  return schema;
};
