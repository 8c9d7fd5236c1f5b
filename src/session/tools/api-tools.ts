/**
 * The API's own client tools (`bash_20250124` and its like): which a session can name, and the one place where a call of such a
 * tool becomes a call of ours. Pure. Rules, policies, hooks, approvals and the tools see our name and our input; the transcript
 * keeps what the model said.
 */
import { posix } from 'node:path';
import { z } from 'zod';
import type { ToolUse } from '../ports/executor.ts';
import { API_RUNNERS, MEMORY_ROOT, type OfferedTool } from '../ports/tools.ts';

export interface ApiTool {
  /** As the request says it, and as sessions name it in `tools`. */
  readonly type: string;
  /** As the model calls it. */
  readonly name: 'bash' | 'str_replace_based_edit_tool' | 'memory';
  /** Our tools that do its work: where one of them is not offered, it is not. */
  readonly needs: readonly string[];
  /** What runs its calls, as the toolbox has it; no model can call it by this name. */
  readonly runner: string;
}

/** Where it really is. @param workspace the session's own folder. Absolute. */
export const memoriesIn = (workspace: string): string => `${workspace}${MEMORY_ROOT}`;

const FILE_TOOLS = ['Edit', 'Read', 'Write'] as const;

export const API_TOOLS: readonly ApiTool[] = [
  { type: 'bash_20250124', name: 'bash', needs: ['Bash'], runner: API_RUNNERS.bash },
  {
    type: 'text_editor_20250728',
    name: 'str_replace_based_edit_tool',
    ...{ needs: FILE_TOOLS, runner: API_RUNNERS.editor },
  },
  { type: 'memory_20250818', name: 'memory', needs: FILE_TOOLS, runner: API_RUNNERS.memory },
];

/** Those that a session names. */
export const apiToolsOf = (tools: readonly string[] = []): readonly ApiTool[] =>
  API_TOOLS.filter(({ type }) => tools.includes(type));

/** As a session has it; of `effect`, each call says its own. */
export const offeredApiTool = ({ type, name }: ApiTool): OfferedTool => ({
  ...{ name, apiType: type, description: '', inputSchema: { type: 'object' } },
  effect: 'at_most_once',
});

/** A call as all but the transcript has it. */
export interface OwnUse extends ToolUse {
  /** The tool that the model has called, where it is one of the API's. */
  readonly api?: ApiTool | undefined;
  /** Why it cannot be one of our calls. */
  readonly fault?: string | undefined;
}

/** @param memories the folder that `/memories` stands for. Absolute. */
export const ownUse = (
  use: ToolUse,
  tools: readonly string[] | undefined,
  memories: string,
): OwnUse => {
  const api = apiToolsOf(tools).find(({ name }) => name === use.name);
  if (api === undefined) return use;
  const parsed = INPUTS[api.name].safeParse(use.input);
  if (!parsed.success) return { ...use, api, fault: faultIn(api, parsed.error) };
  const input = inputOf(parsed.data as ApiInput);
  const found = api.name === 'memory' ? inMemory(input, memories) : input;
  if (typeof found === 'string') return { ...use, api, fault: found };
  return withOwnInput(use.id, api, found);
};

/** The same for an input that has our form already, as a person or a hook gives it in the place of the model's. */
export const ownUseOf = (
  { id, name, input }: ToolUse & { readonly input: Input },
  tools: readonly string[] | undefined,
): OwnUse => {
  const api = apiToolsOf(tools).find((each) => each.name === name);
  return api === undefined ? { id, name, input } : withOwnInput(id, api, input);
};

type Input = Readonly<Record<string, unknown>>;

const withOwnInput = (id: string, api: ApiTool, input: Input): OwnUse => ({
  ...{ id, api, input },
  name: ownName(api, input),
});

const ownName = ({ name }: ApiTool, input: Input): string => {
  if (name === 'bash') return 'Bash';
  if ('content' in input) return 'Write';
  return CHANGING.some((field) => field in input) ? 'Edit' : 'Read';
};

const CHANGING = ['old_string', 'insert_line', 'new_path', 'is_deleted'] as const;

/** What the toolbox has it under. */
export const runnerOf = ({ api, name }: OwnUse): string => api?.runner ?? name;

/** What becomes of such a call that was under way in a crash; undefined: what its tool says. */
export const effectOf = ({ api, name, input }: OwnUse): OfferedTool['effect'] | undefined => {
  if (api === undefined) return undefined;
  if (name === 'Read') return 'pure';
  const isMarked =
    name === 'Write' || 'old_string' in (input as Input) || 'insert_line' in (input as Input);
  return isMarked ? 'idempotent' : 'at_most_once';
};

const line = z.int().min(0).max(1e9);
const range = z.tuple([line.min(1), z.int().min(-1).max(1e9)]);
const path = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'), 'no NUL character');

const Edits = [
  z.object({ command: z.literal('view'), path, view_range: range.nullish() }),
  z.object({ command: z.literal('create'), path, file_text: z.string() }),
  z.object({
    ...{ command: z.literal('str_replace'), path, old_str: z.string().min(1) },
    new_str: z.string().default(''),
  }),
  z.object({ command: z.literal('insert'), path, insert_line: line, insert_text: z.string() }),
] as const;
const Moves = [
  z.object({ command: z.literal('delete'), path }),
  z.object({ command: z.literal('rename'), old_path: path, new_path: path }),
] as const;
const BashInput = z.union([
  z.object({ command: z.string().min(1) }),
  z.object({ restart: z.literal(true) }),
]);
const EditInput = z.discriminatedUnion('command', Edits);
const MemoryInput = z.discriminatedUnion('command', [...Edits, ...Moves]);

const INPUTS = {
  bash: BashInput,
  str_replace_based_edit_tool: EditInput,
  memory: MemoryInput,
} as const;

type ApiInput = z.output<typeof BashInput> | z.output<typeof MemoryInput>;
type Asked = z.output<typeof MemoryInput>;

const isOfFiles = (input: ApiInput): input is Asked => 'path' in input || 'old_path' in input;

const inputOf = (input: ApiInput): Input => {
  if (!isOfFiles(input)) return input;
  switch (input.command) {
    case 'view':
      return { file_path: input.path, ...linesOf(input.view_range) };
    case 'create':
      return { file_path: input.path, content: input.file_text };
    case 'str_replace':
      return { file_path: input.path, old_string: input.old_str, new_string: input.new_str };
    case 'insert':
      return {
        ...{ file_path: input.path, insert_line: input.insert_line },
        insert_text: input.insert_text,
      };
    case 'delete':
      return { file_path: input.path, is_deleted: true };
    case 'rename':
      return { file_path: input.old_path, new_path: input.new_path };
  }
};

const linesOf = (lines: readonly [number, number] | null | undefined): Input => {
  if (lines === null || lines === undefined) return {};
  const [from, to] = lines;
  return { offset: from, ...(to === -1 ? {} : { limit: Math.max(1, to - from + 1) }) };
};

/** With the paths where they really are; a sentence where one of them leads out. */
const inMemory = (input: Input, memories: string): Input | string => {
  const moved: Record<string, unknown> = { ...input };
  for (const field of ['file_path', 'new_path']) {
    const asked = input[field];
    if (typeof asked !== 'string') continue;
    const real = memoryPath(asked, memories);
    if (real === undefined) return `The path ${asked.slice(0, 200)} is not in ${MEMORY_ROOT}.`;
    if (real === memories && ownName(API_TOOLS[2] as ApiTool, input) !== 'Read')
      return `${MEMORY_ROOT} itself cannot be changed.`;
    moved[field] = real;
  }
  return moved;
};

/** Escapes are no way around it: a name that holds one is refused, though it would only be an odd name. */
const memoryPath = (asked: string, memories: string): string | undefined => {
  if (/%2e|%2f|%5c|\\/i.test(asked) || asked.split('/').includes('..')) return undefined;
  const tidy = posix.normalize(asked).replace(/\/$/, '');
  if (tidy === MEMORY_ROOT) return memories;
  return tidy.startsWith(`${MEMORY_ROOT}/`)
    ? `${memories}${tidy.slice(MEMORY_ROOT.length)}`
    : undefined;
};

const faultIn = ({ name }: ApiTool, { issues: [first] }: z.ZodError): string => {
  const at = first?.path.join('.') ?? '';
  return `${name}: ${at === '' ? '' : `${at}: `}${first?.message ?? 'the input does not fit'}`;
};
