/**
 * The API's own client tools (`bash_20250124` and its like): which a session can name, and the one place where a call of such a
 * tool becomes a call of ours. Pure. Rules, policies, hooks, approvals and the tools see our name and our input; the transcript
 * keeps what the model said.
 */
import { posix } from 'node:path';
import type { OpenCall } from '../../model/turn.ts';
import type { ToolUse } from '../ports/executor.ts';
import { API_RUNNERS, MEMORY_ROOT, type OfferedTool } from '../ports/tools.ts';
import { apiInput, type Input } from './api-inputs.ts';

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

/**
 * Where a call's tool is looked for. What was decided about a call holds for the tool that it was then: the session may
 * have been given others since, and one of them may bear its name.
 * @param tools what the session names now.
 */
export const toolsOfCall = (
  call: OpenCall,
  tools: readonly string[] | undefined,
): readonly string[] | undefined => {
  if (!('effect' in call)) return tools;
  return call.apiType === undefined ? [] : [call.apiType];
};

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
  const input = apiInput(api.name, use.input);
  if (typeof input === 'string') return { ...use, api, fault: input };
  const found = api.name === 'memory' ? inMemory(input, memories) : input;
  if (typeof found === 'string') return { ...use, api, fault: found };
  return withOwnInput(use.id, api, found);
};

/** The same for an input that has our form already, as a person gives it in the place of the model's. */
export const ownUseOf = (
  { id, name, input }: ToolUse & { readonly input: Input },
  tools: readonly string[] | undefined,
): OwnUse => {
  const api = apiToolsOf(tools).find((each) => each.name === name);
  return api === undefined ? { id, name, input } : withOwnInput(id, api, input);
};

/** The same call with another input, in our form. */
export const withInput = (use: OwnUse, input: Input): OwnUse =>
  use.api === undefined ? { ...use, input } : withOwnInput(use.id, use.api, input);

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
