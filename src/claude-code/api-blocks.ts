/**
 * Blocks of a transcript as the Messages API takes them: known types with known fields, and nothing
 * that it refuses. What it would refuse is left out or said in words; the stored line keeps it all.
 *
 * 1. Thinking goes back byte for byte or not at all: only signed, never changed.
 * 2. No blank text, no empty error result, no `cache_control` (a request has only four), no
 *    reference to a tool that the request does not offer.
 * 3. Server tools go in pairs: a use with its result in the same message, of kinds that need no beta.
 */
import { isObject, type RawBlock, text } from './raw-line.ts';

/** A block of a request. Only its type is fixed here; the rest is what the API gave. */
export interface ApiBlock {
  readonly type: string;
}

export interface ToolUse extends ApiBlock {
  readonly type: 'tool_use';
  readonly id: string;
}

export interface ToolResult extends ApiBlock {
  readonly type: 'tool_result';
  readonly tool_use_id: string;
  readonly content?: string | readonly ApiBlock[];
  readonly is_error?: true;
}

export const isToolUse = (block: ApiBlock): block is ToolUse => block.type === 'tool_use';

export const isThinking = (block: ApiBlock): boolean =>
  block.type === 'thinking' || block.type === 'redacted_thinking';

/** The blocks of one response, put together from its lines. Empty: nothing that may be sent. */
export const assistantBlocks = (
  blocks: readonly RawBlock[],
  keepsThinking: boolean,
): readonly ApiBlock[] =>
  withoutEndingThinking(
    pairedServerTools(blocks.flatMap(assistantBlock)).filter(
      (block) => keepsThinking || !isThinking(block),
    ),
  );

/** The blocks of a user line except its tool results, which `toolResult` turns into theirs. */
export const userBlocks = (blocks: readonly RawBlock[]): readonly ApiBlock[] =>
  blocks.flatMap((block) => contentBlock(block));

/** What answers a tool use; without a result it says that the tool was interrupted. */
export const toolResult = (toolUseId: string, result: RawBlock | undefined): ToolResult => {
  const answer = { type: 'tool_result', tool_use_id: toolUseId } as const;
  if (result === undefined) return { ...answer, ...interrupted };
  const content = resultContent(result.content);
  if (result.is_error !== true) return { ...answer, ...(content === '' ? {} : { content }) };
  return { ...answer, content: content === '' ? 'no output' : content, is_error: true };
};

/** The API takes letters, digits, `_` and `-`; both ends of a pair are spelled the same way. */
export const toolId = (id: unknown): string | undefined =>
  text(id)?.replace(/[^A-Za-z0-9_-]/g, '_');

/** The API refuses a message that ends with thinking: one that was interrupted while it thought. */
export const withoutEndingThinking = <Block extends ApiBlock>(
  blocks: readonly Block[],
): readonly Block[] => blocks.slice(0, blocks.findLastIndex((block) => !isThinking(block)) + 1);

const interrupted = {
  content: 'The tool was interrupted and gave no result.',
  is_error: true,
} as const;

interface OtherFields {
  readonly data?: unknown;
  readonly source?: unknown;
  readonly title?: unknown;
  readonly context?: unknown;
  readonly citations?: unknown;
}

const assistantBlock = (block: RawBlock & OtherFields): readonly ApiBlock[] => {
  switch (block.type) {
    case 'text':
      return textBlock(block);
    case 'thinking':
      return text(block.signature) === undefined || typeof block.thinking !== 'string'
        ? []
        : [pick(block, 'thinking', ['thinking', 'signature'])];
    case 'redacted_thinking':
      return text(block.data) === undefined ? [] : [pick(block, block.type, ['data'])];
    case 'tool_use':
      return toolUse(block);
    default:
      return serverBlock(block);
  }
};

const toolUse = (block: RawBlock): readonly ApiBlock[] => {
  const id = toolId(block.id);
  const name = text(block.name);
  if (id === undefined || name === undefined) return [];
  const input = isObject(block.input) ? block.input : {};
  const use: ToolUse & { readonly name: string; readonly input: object } = {
    type: 'tool_use',
    id,
    name,
    input,
  };
  return [use];
};

/** Kinds of content that stand in user messages and in tool results alike. */
const contentBlock = (block: RawBlock & OtherFields): readonly ApiBlock[] => {
  switch (block.type) {
    case 'text':
      return textBlock(block);
    case 'image':
      return isObject(block.source) ? [pick(block, 'image', ['source'])] : [];
    case 'document':
      return isObject(block.source)
        ? [pick(block, 'document', ['source', 'title', 'context', 'citations'])]
        : [];
    case 'search_result':
      return [pick(block, 'search_result', ['source', 'title', 'content', 'citations'])];
    default:
      return [];
  }
};

const textBlock = (block: RawBlock): readonly ApiBlock[] =>
  typeof block.text === 'string' && block.text.trim() !== ''
    ? [pick(block, 'text', ['text', 'citations'])]
    : [];

const resultContent = (content: unknown): string | readonly ApiBlock[] => {
  if (typeof content === 'string') return content.trim() === '' ? '' : content;
  if (!Array.isArray(content)) return '';
  const blocks = content.flatMap((inner: unknown): readonly ApiBlock[] => {
    if (typeof inner === 'string') return textBlock({ text: inner });
    if (!isObject(inner)) return [];
    const block: RawBlock = inner;
    return block.type === 'tool_reference'
      ? said(`Tool found: ${String(block.tool_name)}`)
      : contentBlock(block);
  });
  return blocks.length === 0 ? '' : blocks;
};

const said = (words: string): readonly ApiBlock[] => textBlock({ text: words });

/** Results of the server tools that need no beta header, by the API's names. */
const SERVER_RESULTS = new Set<unknown>([
  'web_search_tool_result',
  'web_fetch_tool_result',
  'code_execution_tool_result',
  'bash_code_execution_tool_result',
  'text_editor_code_execution_tool_result',
  'tool_search_tool_result',
]);

const serverBlock = (block: RawBlock): readonly ApiBlock[] => {
  if (block.type === 'server_tool_use' && text(block.id) !== undefined)
    return [pick(block, 'server_tool_use', ['id', 'name', 'input'])];
  if (SERVER_RESULTS.has(block.type) && text(block.tool_use_id) !== undefined)
    return [pick(block, String(block.type), ['tool_use_id', 'content'])];
  return [];
};

const pairedServerTools = (blocks: readonly (ApiBlock & RawBlock)[]): readonly ApiBlock[] => {
  const isResult = (block: ApiBlock): boolean => SERVER_RESULTS.has(block.type);
  const answered = new Set(blocks.filter(isResult).map((block) => block.tool_use_id));
  const used = new Set(
    blocks.filter((block) => block.type === 'server_tool_use').map((block) => block.id),
  );
  return blocks.filter((block) => {
    if (block.type === 'server_tool_use') return answered.has(block.id);
    return !isResult(block) || used.has(block.tool_use_id);
  });
};

/** The named fields of a block that it has, in this order and as they are. */
const pick = (block: object, type: string, names: readonly string[]): ApiBlock => {
  const fields = new Map<string, unknown>(Object.entries(block));
  const found = names.filter((name) => fields.get(name) !== undefined && fields.get(name) !== null);
  return { type, ...Object.fromEntries(found.map((name) => [name, fields.get(name)])) };
};
