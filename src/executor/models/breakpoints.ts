/**
 * Where a request asks the API to keep what it has read: breakpoints of the prompt cache, placed so that the next request
 * of the session reads all that this one sent. Pure; nothing of them is stored, they are put in on the way out.
 *
 * 1. At most four, as the API takes: the last tool and the system prompt, which outlive a pause of an hour, then the last
 *    block of the last message and of the user's message before it, which is where the request before this one ended. Without
 *    that one a step that added more than 20 blocks would find nothing: the API looks no further back.
 * 2. Tools, system and messages are read in this order, and what lives an hour has to come before what lives 5 minutes.
 * 3. The messages bring none of their own: a session takes them out of what it is given. Tools that bring one have no other.
 * 4. A request that no model would keep has none: all of it together is below the least size.
 */
import { JsonBackwards, type Span } from './json-backwards.ts';

/** A text that goes in before the byte at `at`. */
export interface Insertion {
  readonly at: number;
  readonly text: string;
}

export interface Breakpoints {
  readonly tools: readonly Insertion[];
  readonly system: boolean;
  readonly messages: readonly Insertion[];
}

export const HOUR: Readonly<Record<string, string>> = Object.freeze({
  type: 'ephemeral',
  ttl: '1h',
});
const HOUR_FIELD = `,"cache_control":${JSON.stringify(HOUR)}`;
const MINUTES_FIELD = ',"cache_control":{"type":"ephemeral"}';
/** The fewest tokens that any model keeps. A token has at least one byte. */
const LEAST_BYTES = 512;
/** Some tenths of a millisecond; a request that needs more has no breakpoint there. */
const MAX_STEPS = 65_536;

/** Blocks that take a breakpoint; thinking does not. An unknown one is left as it is. */
const CACHEABLE: ReadonlySet<string> = new Set([
  ...['text', 'image', 'document', 'search_result', 'tool_use', 'tool_result', 'server_tool_use'],
  ...['web_search_tool_result', 'web_fetch_tool_result', 'code_execution_tool_result'],
  ...['bash_code_execution_tool_result', 'text_editor_code_execution_tool_result'],
  ...['tool_search_tool_result', 'container_upload', 'mcp_tool_use', 'mcp_tool_result'],
]);

const NONE: Breakpoints = Object.freeze({ tools: [], system: false, messages: [] });

/** What of a request is cached. `isWanted` undefined: whatever has tools, a system prompt or more than one message. */
export const breakpointsOf = (
  messages: Uint8Array,
  tools: Uint8Array,
  system: string,
  isWanted?: boolean,
): Breakpoints => {
  if (isWanted === false) return NONE;
  if (messages.byteLength + tools.byteLength + system.length < LEAST_BYTES) return NONE;
  const reader = new JsonBackwards(messages, MAX_STEPS);
  const isFirst = tools.byteLength === 0 && system === '' && isOnlyOne(reader, messages);
  if (isFirst && isWanted === undefined) return NONE;
  return {
    tools: inTools(tools),
    system: system.trim() !== '',
    messages: inMessages(reader, messages.byteLength),
  };
};

const isOnlyOne = (reader: JsonBackwards, { byteLength }: Uint8Array): boolean => {
  for (const last of reader.valuesBefore(byteLength)) return last.start === 0;
  return true;
};

/** At the last one that is not loaded later, which takes none; quotes in strings are escaped, so what is looked for is a key. */
const inTools = (tools: Uint8Array): Insertion[] => {
  if (Buffer.from(tools.buffer, tools.byteOffset, tools.byteLength).includes('"cache_control"'))
    return [];
  const reader = new JsonBackwards(tools, MAX_STEPS);
  for (const tool of reader.elements({ start: 0, end: tools.byteLength })) {
    const isDeferred = [...reader.members(tool)].some(
      ({ key, value }) => key === 'defer_loading' && reader.text(value) === 'true',
    );
    if (!isDeferred) return [{ at: tool.end - 1, text: HOUR_FIELD }];
  }
  return [];
};

const inMessages = (reader: JsonBackwards, end: number): Insertion[] => {
  const found: Insertion[][] = [];
  for (const message of reader.valuesBefore(end)) {
    const { role, content } = fieldsOf(reader, message);
    const mayHave = found.length === 0 || role === '"user"';
    const insertions = mayHave && content !== undefined ? inContent(reader, content) : undefined;
    if (insertions !== undefined) found.unshift(insertions);
    if (found.length === 2) break;
  }
  return found.flat();
};

const fieldsOf = (reader: JsonBackwards, message: Span): { role?: string; content?: Span } => {
  const fields: { role?: string; content?: Span } = {};
  for (const { key, value } of reader.members(message)) {
    if (key === 'role') fields.role = reader.text(value);
    if (key === 'content') fields.content = value;
  }
  return fields;
};

/** At the last block that takes one; a text becomes its one block. */
const inContent = (reader: JsonBackwards, content: Span): Insertion[] | undefined => {
  const { start, end } = content;
  const text = reader.text(content);
  if (text.startsWith('"')) {
    if (text === '""') return undefined;
    return [
      { at: start, text: '[{"type":"text","text":' },
      { at: end, text: `${MINUTES_FIELD}}]` },
    ];
  }
  for (const block of reader.elements(content)) {
    if (takesOne(reader, block)) return [{ at: block.end - 1, text: MINUTES_FIELD }];
  }
  return undefined;
};

const takesOne = (reader: JsonBackwards, block: Span): boolean => {
  let type = '';
  for (const { key, value } of reader.members(block)) {
    const written = reader.text(value);
    if (key === 'cache_control' || (key === 'text' && written === '""')) return false;
    if (key === 'type') type = written.slice(1, -1);
  }
  return CACHEABLE.has(type);
};
