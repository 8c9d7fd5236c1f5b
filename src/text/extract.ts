/** What was said in an entry, as pieces of text through which no phrase passes. Pure; JSON is parsed here, so it runs in the index's process. */
import { readables } from '../claude-code/readable.ts';
import { isTooDeep } from '../model/json-depth.ts';

/** `talk`: what people and the assistant said. `all`: also what went into tools and came out of them. */
export type Scope = 'talk' | 'all';

export type EntryKind = 'message' | 'imported';

/** Nothing for what is no JSON: nobody said it. */
export const piecesOf = (kind: EntryKind, body: Uint8Array, scope: Scope): readonly string[] => {
  const value = parsed(body);
  return blocksIn(kind, value)
    .flatMap((block) => piecesOfBlock(block, scope))
    .filter((piece) => piece.trim() !== '');
};

const parsed = (body: Uint8Array): unknown => {
  if (isTooDeep(body)) return undefined;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    return undefined;
  }
};

const blocksIn = (kind: EntryKind, value: unknown): readonly unknown[] => {
  if (kind === 'imported')
    return readables(value).flatMap((line) => (line.kind === 'talk' ? line.content : []));
  const { content } = fieldsOf(value);
  return Array.isArray(content) ? content : [content];
};

interface Fields {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly input?: unknown;
  readonly content?: unknown;
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? value : {};

const piecesOfBlock = (block: unknown, scope: Scope): readonly string[] => {
  if (typeof block === 'string') return [block];
  const { type, text, input, content } = fieldsOf(block);
  if (type === 'text') return typeof text === 'string' ? [text] : [];
  if (scope === 'talk') return [];
  if (type === 'tool_use') return textsIn(input);
  if (type === 'mcp_tool_use') return textsIn(input);
  return type === 'tool_result' || type === 'mcp_tool_result' ? resultTexts(content) : [];
};

const resultTexts = (content: unknown): readonly string[] => {
  if (typeof content === 'string') return [content];
  if (!Array.isArray(content)) return [];
  return content.flatMap((block: unknown) => {
    const { type, text } = fieldsOf(block);
    return type === 'text' && typeof text === 'string' ? [text] : [];
  });
};

/** All texts among the arguments of a tool. */
const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};
