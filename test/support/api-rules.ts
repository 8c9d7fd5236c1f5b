/**
 * The Messages API's rules for a request, as a checker for tests: every request that we send must pass.
 *
 * It shares nothing with src/rehearsal/rules.ts, so that a mistake there is caught here. It reports all
 * violations, not the first, and is strict where the API is lenient by model (prefill, tool results).
 *
 * 1. The first message is the user's; roles are user and assistant; there is content, and no blank text.
 * 2. Every `tool_use` has a unique id and is answered once, in the very next message, before its other
 *    blocks; no `tool_result` without its use in the message just before. Server tools are answered in
 *    their own message (or pause at the very end).
 * 3. Thinking is signed, stands in assistant messages, never ends one, and is byte for byte an original.
 * 4. The last message is the user's, or an assistant's that ends in something to continue.
 */

type Fields = Record<string, unknown>;
interface Turn {
  readonly index: number;
  readonly role: unknown;
  readonly blocks: readonly Fields[];
}

const USER_BLOCKS = [
  'text',
  'image',
  'document',
  'search_result',
  'tool_result',
  'container_upload',
];
const SERVER_RESULTS = [
  'web_search_tool_result',
  'web_fetch_tool_result',
  'code_execution_tool_result',
  'bash_code_execution_tool_result',
  'text_editor_code_execution_tool_result',
  'tool_search_tool_result',
  'mcp_tool_result',
];
const ASSISTANT_BLOCKS = [
  ...['text', 'thinking', 'redacted_thinking', 'tool_use', 'server_tool_use', 'mcp_tool_use'],
  ...SERVER_RESULTS,
];
const RESULT_BLOCKS = [
  'text',
  'image',
  'search_result',
  'document',
  'tool_reference',
  'browser_state',
];
const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const get = (fields: Fields, key: string): unknown => fields[key];
const isBlank = (value: unknown): boolean => typeof value !== 'string' || value.trim() === '';
const isThinking = (block: Fields | undefined): boolean =>
  block !== undefined && ['thinking', 'redacted_thinking'].includes(String(get(block, 'type')));
const ofType = (turn: Turn | undefined, type: string): readonly Fields[] =>
  turn?.blocks.filter((block) => get(block, 'type') === type) ?? [];
const ids = (blocks: readonly Fields[], key: string): string[] =>
  blocks.map((block) => String(get(block, key)));

const turnOf = (message: unknown, index: number): Turn => {
  const fields = isFields(message) ? message : {};
  const content = get(fields, 'content');
  const role = get(fields, 'role');
  if (typeof content === 'string')
    return { index, role, blocks: [{ type: 'text', text: content }] };
  const blocks = Array.isArray(content) ? content.map((b) => (isFields(b) ? b : {})) : [];
  return { index, role, blocks };
};

const shape = ({ index, role, blocks }: Turn): string[] => {
  const at = `messages.${index}`;
  if (role !== 'user' && role !== 'assistant') return [`${at}: role ${String(role)}`];
  if (blocks.length === 0) return [`${at}: no content`];
  const known = role === 'user' ? USER_BLOCKS : ASSISTANT_BLOCKS;
  return blocks.flatMap((block, i) => {
    const type = String(get(block, 'type'));
    if (!known.includes(type))
      return [`${at}.content.${i}: a ${role} message with a ${type} block`];
    return blockShape(block, type, `${at}.content.${i}`);
  });
};

const imageShape = (block: Fields, at: string): string[] => {
  const source = get(block, 'source');
  if (!isFields(source)) return [`${at}: image without a source`];
  if (get(source, 'type') !== 'base64')
    return ['url', 'file'].includes(String(get(source, 'type'))) ? [] : [`${at}: image source`];
  const isTyped = IMAGE_TYPES.includes(String(get(source, 'media_type')));
  return isTyped && !isBlank(get(source, 'data'))
    ? []
    : [`${at}: image without media_type or data`];
};

const blockShape = (block: Fields, type: string, at: string): string[] => {
  switch (type) {
    case 'text':
      return isBlank(get(block, 'text')) ? [`${at}: blank text`] : [];
    case 'image':
      return imageShape(block, at);
    case 'thinking':
      return [
        ...(isBlank(get(block, 'signature')) ? [`${at}: thinking without a signature`] : []),
        ...(typeof get(block, 'thinking') === 'string' ? [] : [`${at}: thinking without its text`]),
      ];
    case 'redacted_thinking':
      return isBlank(get(block, 'data')) ? [`${at}: redacted thinking without data`] : [];
    case 'tool_use':
      return /^[A-Za-z0-9_-]+$/.test(String(get(block, 'id'))) &&
        !isBlank(get(block, 'name')) &&
        isFields(get(block, 'input'))
        ? []
        : [`${at}: tool_use without a proper id, name or input`];
    case 'tool_result':
      return resultShape(block, at);
    default:
      return [];
  }
};

const resultShape = (block: Fields, at: string): string[] => {
  const content = get(block, 'content') ?? '';
  const isEmpty = content === '' || (Array.isArray(content) && content.length === 0);
  if (isEmpty)
    return get(block, 'is_error') === true ? [`${at}: an error result without content`] : [];
  if (typeof content === 'string') return [];
  if (!Array.isArray(content)) return [`${at}: content is neither text nor blocks`];
  return content.flatMap((inner: unknown, i) => {
    const fields = isFields(inner) ? inner : {};
    const type = String(get(fields, 'type'));
    if (!RESULT_BLOCKS.includes(type)) return [`${at}.content.${i}: ${type} in a tool_result`];
    return blockShape(fields, type, `${at}.content.${i}`);
  });
};

const duplicates = (all: readonly string[]): string[] => [
  ...new Set(all.filter((id, i) => all.indexOf(id) !== i)),
];

const pairing = (turns: readonly Turn[]): string[] =>
  turns.flatMap((turn, i) => {
    const at = `messages.${turn.index}`;
    const uses = ids(ofType(turn, 'tool_use'), 'id');
    const next = turns[i + 1];
    const answers = ids(ofType(next, 'tool_result'), 'tool_use_id');
    const results = ids(ofType(turn, 'tool_result'), 'tool_use_id');
    const before = ids(ofType(turns[i - 1], 'tool_use'), 'id');
    const lastResult = turn.blocks.findLastIndex((b) => get(b, 'type') === 'tool_result');
    return [
      ...uses
        .filter((id) => !answers.includes(id))
        .map((id) => `${at}: ${id} is not answered next`),
      ...results.filter((id) => !before.includes(id)).map((id) => `${at}: ${id} has no use before`),
      ...duplicates(results).map((id) => `${at}: ${id} is answered twice`),
      ...(lastResult >= results.length ? [`${at}: a block stands before a tool_result`] : []),
    ];
  });

const serverTools = (turns: readonly Turn[]): string[] =>
  turns.flatMap((turn, i) => {
    const at = `messages.${turn.index}`;
    const uses = ids([...ofType(turn, 'server_tool_use'), ...ofType(turn, 'mcp_tool_use')], 'id');
    const results = ids(
      turn.blocks.filter((b) => SERVER_RESULTS.includes(String(get(b, 'type')))),
      'tool_use_id',
    );
    const isPaused = i === turns.length - 1;
    return [
      ...results.filter((id) => !uses.includes(id)).map((id) => `${at}: ${id} has no server use`),
      ...uses
        .filter((id) => !results.includes(id) && !isPaused)
        .map((id) => `${at}: ${id} has no server result`),
    ];
  });

const uniqueIds = (turns: readonly Turn[]): string[] => {
  const all = turns.flatMap((turn) => [
    ...ids(ofType(turn, 'tool_use'), 'id'),
    ...ids(ofType(turn, 'server_tool_use'), 'id'),
  ]);
  return duplicates(all).map((id) => `tool_use id ${id} is used twice`);
};

/** A tool that a result refers to must be among the request's tools. */
const references = (turns: readonly Turn[], tools: unknown): string[] => {
  const offered = Array.isArray(tools) ? tools.map((t) => isFields(t) && get(t, 'name')) : [];
  return turns
    .flatMap((turn) => ofType(turn, 'tool_result').map((block) => get(block, 'content')))
    .flatMap((content) => (Array.isArray(content) ? content.filter(isFields) : []))
    .filter((inner) => get(inner, 'type') === 'tool_reference')
    .map((inner) => get(inner, 'tool_name'))
    .filter((name) => !offered.includes(name))
    .map((name) => `tool_reference to ${String(name)}, which is not among the tools`);
};

const thinkingPlaces = (turns: readonly Turn[], body: Fields): string[] => {
  const found = turns
    .filter(({ role, blocks }) => role === 'assistant' && isThinking(blocks.at(-1)))
    .map(({ index }) => `messages.${index}: ends with thinking`);
  const config = get(body, 'thinking');
  const isManual = isFields(config) && get(config, 'type') === 'enabled';
  const answered = ofType(turns.at(-1), 'tool_result').length > 0 ? turns.at(-2) : undefined;
  if (isManual && answered && !isThinking(answered.blocks[0]))
    found.push(
      `messages.${answered.index}: thinking is on, and the answered turn does not begin with it`,
    );
  return found;
};

/** What makes a thinking block this one and no other. */
const identity = (block: Fields): string =>
  JSON.stringify([
    get(block, 'type'),
    get(block, 'thinking'),
    get(block, 'signature'),
    get(block, 'data'),
  ]);

const altered = (turns: readonly Turn[], originals: readonly unknown[]): string[] => {
  const known = new Set(originals.filter(isFields).map(identity));
  return turns.flatMap(({ index, blocks }) =>
    blocks
      .filter((block) => isThinking(block) && !known.has(identity(block)))
      .map(() => `messages.${index}: a thinking block is not as the API gave it`),
  );
};

const ending = (turns: readonly Turn[]): string[] => {
  const last = turns.at(-1);
  if (last?.role !== 'assistant') return [];
  const text = get(last.blocks.at(-1) ?? {}, 'text');
  return typeof text === 'string' && text !== text.trimEnd()
    ? [`messages.${last.index}: the last message ends with white space`]
    : [];
};

/**
 * Every rule that the body breaks, in words; none: the API would take it.
 *
 * @param originals thinking and redacted_thinking blocks as the API gave them; where they are given, the
 *   request may hold no other.
 */
export const validateMessagesRequest = (
  body: unknown,
  originals?: readonly unknown[],
): string[] => {
  if (!isFields(body)) return ['the body is not an object'];
  const messages = get(body, 'messages');
  if (isBlank(get(body, 'model'))) return ['model is missing'];
  if (!Number.isInteger(get(body, 'max_tokens'))) return ['max_tokens is missing'];
  if (!Array.isArray(messages) || messages.length === 0) return ['there are no messages'];
  const turns = messages.map(turnOf);
  return [
    ...(turns[0]?.role === 'user' ? [] : ['the first message is not from the user']),
    ...turns.flatMap(shape),
    ...pairing(turns),
    ...serverTools(turns),
    ...uniqueIds(turns),
    ...references(turns, get(body, 'tools')),
    ...thinkingPlaces(turns, body),
    ...(originals ? altered(turns, originals) : []),
    ...ending(turns),
  ];
};
