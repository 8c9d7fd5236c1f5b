/** What services on the bus declare as tools: in the metadata of an endpoint, `greenroom-tool`. Pure. */
import { z } from 'zod';
import { TOOL_EFFECTS } from '../../model/turn.ts';
import type { OfferedTool } from '../../session/ports/tools.ts';

export const METADATA = 'greenroom-tool';
const TIMEOUT_MS = 60_000;
const MAX_TIMEOUT_MS = 600_000;
/** Longest description that a model receives, in characters. */
const MAX_DESCRIPTION = 2_048;
/** Largest declaration, in characters of JSON. */
const MAX_DECLARATION = 64 * 1024;

export interface ServiceTool extends OfferedTool {
  readonly subject: string;
  readonly timeoutMs: number;
}

/** An answer to `$SRV.INFO`. */
const Info = z.object({
  name: z.string(),
  id: z.string(),
  endpoints: z
    .array(
      z.object({
        name: z.string(),
        subject: z.string(),
        metadata: z.record(z.string(), z.string()).nullish(),
      }),
    )
    .nullish(),
});

const Declaration = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'has letters, digits, _ and -, at most 64')
    .refine((name) => !name.startsWith('mcp__'), 'mcp__ is for the tools of MCP servers'),
  description: z.string().max(MAX_DESCRIPTION),
  inputSchema: z.looseObject({ type: z.literal('object') }),
  effect: z.enum(TOOL_EFFECTS).default('at_most_once'),
  timeoutMs: z.int().min(1).max(MAX_TIMEOUT_MS).default(TIMEOUT_MS),
});

export interface Declared {
  readonly tools: readonly ServiceTool[];
  /** What is declared and cannot be used, with why. */
  readonly refused: readonly string[];
}

export interface Refusals {
  /** Subjects that are no service's. */
  readonly isOurs: (subject: string) => boolean;
  readonly isTaken: (name: string) => boolean;
}

/** In the order of the services: of two that declare one name, the first has it. */
export const declaredIn = (infos: readonly string[], refusals: Refusals): Declared => {
  const tools: ServiceTool[] = [];
  const refused: string[] = [];
  for (const { name, id, endpoints } of infos.flatMap(infoIn).toSorted(byName))
    for (const { name: endpoint, subject, metadata } of endpoints ?? []) {
      const text = metadata?.[METADATA];
      if (text === undefined) continue;
      const tool = toolIn(text, subject, refusals);
      if (typeof tool === 'string') refused.push(`${name} ${id}, ${endpoint}: ${tool}`);
      else tools.push(tool);
    }
  return { tools, refused };
};

type Info = z.infer<typeof Info>;

const byName = (one: Info, other: Info): number =>
  `${one.name} ${one.id}` < `${other.name} ${other.id}` ? -1 : 1;

const infoIn = (text: string): readonly Info[] => {
  try {
    return [Info.parse(JSON.parse(text))];
  } catch {
    return []; // anyone may answer
  }
};

const toolIn = (text: string, subject: string, { isOurs, isTaken }: Refusals) => {
  if (text.length > MAX_DECLARATION) return `it is longer than ${MAX_DECLARATION} characters`;
  const declared = declarationIn(text);
  if (typeof declared === 'string') return declared;
  if (!isPlain(subject) || isOurs(subject)) return `${subject} is not the subject of a service`;
  if (isTaken(declared.name)) return `${declared.name} is a built-in tool`;
  return { ...declared, subject };
};

const declarationIn = (text: string): z.infer<typeof Declaration> | string => {
  try {
    const { success, data, error } = Declaration.safeParse(JSON.parse(text));
    if (success) return data;
    const [issue] = error.issues;
    return `${issue?.path.join('.')}: ${issue?.message}`;
  } catch (error) {
    return (error as Error).message;
  }
};

/** A call goes out with the daemon's own rights: so not to the server's interfaces, inboxes or several subjects. */
const isPlain = (subject: string): boolean =>
  /^[^\s*>.]+(\.[^\s*>.]+)*$/.test(subject) && !/^[$_]/.test(subject);
