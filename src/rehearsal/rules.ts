/**
 * What the API refuses with 400 before it asks a model, in the API's own words. A pure function of
 * the body; the first violation wins, as in the API. What the rules do not name is let through.
 */
import { SIGNATURE_PREFIX, signatureOf } from './compose.ts';
import { checkConnectors, hasConnectorBeta, isConnectorBlock } from './connectors.ts';
import { checkContextManagement } from './context-management.ts';
import { isObject, type Json } from './request-json.ts';
import {
  checkBreakpoints,
  checkOutputConfig,
  checkThinkingConfig,
  checkToolChoice,
  checkTools,
} from './rules-request.ts';
import { resultTypeOf } from './server-tools.ts';

interface Message {
  readonly role: 'user' | 'assistant';
  readonly blocks: readonly Json[];
}

/** Thrown and caught in this file only: it ends the walk at the first violation. */
class Violation extends Error {}
const refuse = (message: string): never => {
  throw new Violation(message);
};

const COUNT_FIELDS = [
  ...['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking', 'cache_control'],
  ...['output_config', 'speed', 'user_profile_id', 'workspace_id', 'mcp_servers'],
];
const CREATE_FIELDS = [
  ...COUNT_FIELDS,
  ...['max_tokens', 'stream', 'stop_sequences', 'metadata', 'service_tier', 'temperature'],
  ...['top_k', 'top_p', 'container', 'diagnostics', 'inference_geo', 'context_management'],
];
const FIELDS = { create: new Set(CREATE_FIELDS), count: new Set(COUNT_FIELDS) };

const BLOCK_TYPES = new Set([
  'compaction',
  ...['text', 'image', 'document', 'search_result', 'thinking', 'redacted_thinking'],
  ...['tool_use', 'tool_result', 'server_tool_use', 'web_search_tool_result'],
  ...['web_fetch_tool_result', 'code_execution_tool_result', 'bash_code_execution_tool_result'],
  ...['text_editor_code_execution_tool_result', 'tool_search_tool_result', 'container_upload'],
]);
const THINKING_TYPES: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking']);
const TOOL_USE_ID = /^[a-zA-Z0-9_-]+$/;
const IMAGE_TYPES: ReadonlySet<unknown> = new Set([
  ...['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
]);

const isFilled = (value: unknown): value is string => typeof value === 'string' && value !== '';

const checkTopLevel = (
  body: Json,
  endpoint: 'create' | 'count',
  betas: readonly string[],
): void => {
  for (const field of Object.keys(body)) {
    if (!FIELDS[endpoint].has(field)) refuse(`${field}: Extra inputs are not permitted`);
  }
  if (!isFilled(body.model)) refuse('model: Field required');
  if (endpoint === 'create') {
    const maxTokens = body.max_tokens;
    if (maxTokens === undefined) refuse('max_tokens: Field required');
    if (!Number.isInteger(maxTokens) || Number(maxTokens) < 0)
      refuse('max_tokens: Input should be a valid integer greater than or equal to 0');
  }
  checkContextManagement(body, betas, refuse);
  checkThinkingConfig(body, refuse);
  checkTools(body, refuse);
  checkConnectors(body, betas, refuse);
  checkToolChoice(body, refuse);
  checkOutputConfig(body, refuse);
};

const checkText = (text: unknown, at: string): void => {
  if (typeof text !== 'string') refuse(`${at}.text: Input should be a valid string`);
  if (text === '') refuse('messages: text content blocks must be non-empty');
  if (String(text).trim() === '')
    refuse('messages: text content blocks must contain non-whitespace text');
};

const checkImage = ({ source }: Json, at: string): void => {
  if (!isObject(source)) return refuse(`${at}.image.source: Field required`);
  if (source.type !== 'base64') return;
  if (!IMAGE_TYPES.has(source.media_type))
    refuse(`${at}.image.source.base64.media_type: Input should be an image's media type`);
  if (!isFilled(source.data)) refuse(`${at}.image.source.base64.data: Field required`);
};

const checkThinking = (block: Json, at: string): void => {
  const { thinking, signature } = block;
  if (typeof thinking !== 'string') return refuse(`${at}.thinking.thinking: Field required`);
  if (!isFilled(signature)) return refuse(`${at}.thinking.signature: Field required`);
  if (signature.startsWith(SIGNATURE_PREFIX) && signature !== signatureOf(thinking))
    refuse(`${at}: Invalid \`signature\` in \`thinking\` block`);
};

const checkToolUse = (block: Json, at: string): void => {
  const { id, name, input } = block;
  if (typeof id !== 'string' || !TOOL_USE_ID.test(id))
    refuse(`${at}.tool_use.id: String should match pattern '${TOOL_USE_ID.source}'`);
  if (!isFilled(name)) refuse(`${at}.tool_use.name: Field required`);
  if (!isObject(input)) refuse(`${at}.tool_use.input: Input should be a valid dictionary`);
};

const checkToolResult = (block: Json, at: string): void => {
  const { tool_use_id, content, is_error } = block;
  if (!isFilled(tool_use_id)) refuse(`${at}.tool_result.tool_use_id: Field required`);
  const isEmpty = content === undefined || content === '' || isEmptyList(content);
  if (is_error === true && isEmpty)
    refuse(`${at}.tool_result: content cannot be empty if \`is_error\` is true`);
  if (!Array.isArray(content)) return;
  for (const [i, inner] of content.entries()) {
    if (!isObject(inner)) refuse(`${at}.tool_result.content.${i}: Input should be an object`);
    else if (inner.type === 'text') checkText(inner.text, `${at}.tool_result.content.${i}`);
    else if (inner.type === 'image') checkImage(inner, `${at}.tool_result.content.${i}`);
  }
};

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

const checkBlock = (
  block: unknown,
  { role, at, betas }: { readonly role: string; readonly at: string; readonly betas: Betas },
): Json => {
  if (!isObject(block)) return refuse(`${at}: Input should be an object`);
  const type = block.type;
  const isKnown =
    BLOCK_TYPES.has(String(type)) || (isConnectorBlock(type) && hasConnectorBeta(betas));
  if (!isKnown)
    refuse(
      `${at}: Input tag '${String(type)}' found using 'type' does not match any of the expected tags`,
    );
  if (type === 'text') checkText(block.text, at);
  else if (type === 'image') checkImage(block, at);
  else if (type === 'thinking') checkThinking(block, at);
  else if (type === 'tool_use') checkToolUse(block, at);
  else if (type === 'tool_result') checkToolResult(block, at);
  if (type === 'tool_result' && role !== 'user')
    refuse(`${at}: \`tool_result\` blocks can only be in \`user\` messages`);
  if ((type === 'tool_use' || THINKING_TYPES.has(type)) && role !== 'assistant')
    refuse(`${at}: \`${type}\` blocks can only be in \`assistant\` messages`);
  return block;
};

type Betas = readonly string[];

const checkMessage = (message: unknown, index: number, isLast: boolean, betas: Betas): Message => {
  const at = `messages.${index}`;
  if (!isObject(message)) return refuse(`${at}: Input should be an object`);
  const { role, content } = message;
  if (role !== 'user' && role !== 'assistant')
    return refuse(`${at}.role: Input should be 'user' or 'assistant'`);
  if (typeof content !== 'string' && !Array.isArray(content))
    return refuse(`${at}.content: Input should be a valid string or list`);
  if (content.length === 0 && !(isLast && role === 'assistant'))
    refuse(
      `${at}: all messages must have non-empty content except for the optional final assistant message`,
    );
  if (typeof content !== 'string')
    return {
      role,
      blocks: content.map((b, i) => checkBlock(b, { role, at: `${at}.content.${i}`, betas })),
    };
  if (content !== '') checkText(content, at);
  return { role, blocks: content === '' ? [] : [{ type: 'text', text: content }] };
};

const idsOf = (
  message: Message | undefined,
  type: 'tool_use' | 'tool_result',
  key: 'id' | 'tool_use_id',
): string[] => {
  const ids: string[] = [];
  for (const block of message?.blocks ?? []) if (block.type === type) ids.push(String(block[key]));
  return ids;
};

/** Every use answered in the next message, every result right after its use, results first. */
const checkPairs = (messages: readonly Message[]): void => {
  const seen = new Set<string>();
  let asked: readonly string[] = [];
  for (const [i, message] of messages.entries()) {
    checkResults(message, i, asked);
    const answered = new Set(leadingResults(message));
    const missing = asked.filter((id) => !answered.has(id));
    if (missing.length > 0) refuse(unanswered(i - 1, missing));
    asked = idsOf(message, 'tool_use', 'id');
    for (const id of asked) {
      if (seen.has(id)) refuse(`messages.${i}: \`tool_use\` ids must be unique`);
      seen.add(id);
    }
  }
  if (asked.length > 0) refuse(unanswered(messages.length - 1, asked));
};

const unanswered = (index: number, ids: readonly string[]): string =>
  `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ` +
  `${ids.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;

const leadingResults = (message: Message): string[] => {
  const end = message.blocks.findIndex((block) => block.type !== 'tool_result');
  const leading = end === -1 ? message.blocks : message.blocks.slice(0, end);
  return leading.map((block) => String(block.tool_use_id));
};

const checkResults = (message: Message, index: number, asked: readonly string[]): void => {
  const results = idsOf(message, 'tool_result', 'tool_use_id');
  for (const [i, id] of results.entries()) {
    if (!asked.includes(id))
      refuse(
        `messages.${index}.content.${i}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
          'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
      );
    if (results.indexOf(id) !== i)
      refuse(
        `messages.${index}.content.${i}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
      );
  }
};

const checkAssistantEnds = (messages: readonly Message[]): void => {
  for (const [i, { role, blocks }] of messages.entries()) {
    if (role === 'assistant' && THINKING_TYPES.has(blocks.at(-1)?.type))
      refuse(`messages.${i}: The final block in an assistant message cannot be \`thinking\`.`);
  }
  const last = messages.at(-1);
  const end = last?.role === 'assistant' ? last.blocks.at(-1)?.text : undefined;
  if (typeof end === 'string' && end !== end.trimEnd())
    refuse('messages: final assistant content cannot end with trailing whitespace');
};

/** With `thinking: enabled`, the assistant message whose tools are being answered begins with thinking. */
const checkThinkingFirst = (body: Json, messages: readonly Message[]): void => {
  if (!isObject(body.thinking) || body.thinking.type !== 'enabled') return;
  const index = messages.length - 2;
  const answered = idsOf(messages.at(-1), 'tool_result', 'tool_use_id').length > 0;
  const first = messages[index]?.blocks[0]?.type;
  if (answered && !THINKING_TYPES.has(first))
    refuse(
      `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${String(first)}\`. ` +
        'When `thinking` is enabled, a final `assistant` message must start with a thinking block.',
    );
};

/** A tool of the server's is answered in its own message, or in the one that goes on with it; only the last may still be under way. */
const checkServerTools = (messages: readonly Message[]): void => {
  const lastAnswer = messages.findLastIndex(({ role }) => role === 'assistant');
  for (const [i, { blocks }] of messages.entries()) {
    const uses = blocks.filter(({ type }) => type === 'server_tool_use' || type === 'mcp_tool_use');
    if (uses.length === 0) continue;
    const next = messages[i + 1];
    const following = next?.role === 'assistant' ? next.blocks : [];
    const answered = new Set([...blocks, ...following].map(({ tool_use_id: id }) => id));
    const open = uses.find(({ id }) => !answered.has(id));
    if (open !== undefined && i !== lastAnswer)
      refuse(
        `messages.${i}: \`${String(open.name)}\` tool use with id \`${String(open.id)}\` was found without a corresponding \`${open.type === 'mcp_tool_use' ? 'mcp_tool_result' : resultTypeOf(String(open.name))}\` block`,
      );
  }
};

/** What came before it may be left out: nobody reads it any more. */
const beginsWithSummary = (message: Message | undefined): boolean =>
  message?.blocks[0]?.type === 'compaction';

const check = (body: unknown, endpoint: 'create' | 'count', betas: readonly string[]): void => {
  if (!isObject(body)) return refuse('Input should be a valid dictionary');
  checkTopLevel(body, endpoint, betas);
  const given = body.messages;
  if (!Array.isArray(given)) return refuse('messages: Field required');
  if (given.length === 0) refuse('messages: at least one message is required');
  const messages = given.map((m, i) => checkMessage(m, i, i === given.length - 1, betas));
  if (messages[0]?.role !== 'user' && !beginsWithSummary(messages[0]))
    refuse('messages: first message must use the "user" role');
  checkPairs(messages);
  checkAssistantEnds(messages);
  checkThinkingFirst(body, messages);
  checkServerTools(messages);
  checkBreakpoints(body, refuse);
};

/** The API's sentence about the first rule that the body breaks; undefined where it breaks none. */
export const violationOf = (
  body: unknown,
  endpoint: 'create' | 'count',
  betas: readonly string[] = [],
): string | undefined => {
  try {
    check(body, endpoint, betas);
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  }
};
