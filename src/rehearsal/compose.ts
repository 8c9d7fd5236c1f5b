/**
 * From an answer and its request to the message as the API would give it: ids, limits applied, usage
 * counted. A pure function: the same request gets the same message, ids included.
 */
import { createHash } from 'node:crypto';
import type { AnswerBlock, AnswerUsage, MessageAnswer, StopReason } from './answer.ts';
import { containerOf, type WireContainer } from './container.ts';
import { type Managed, managed } from './context-management.ts';
import type { CacheUse, Diagnosis, PromptCache } from './prompt-cache.ts';
import type { Json } from './request-json.ts';
import type { SeenRequest } from './seen-request.ts';
import { countedUses, resultTypeOf, searched, withinUses } from './server-tools.ts';
import { BYTES_PER_TOKEN, bytesOfBlock, outputTokensOf, tokensOfBytes } from './tokens.ts';
import type { ServerRequests, WireUsage } from './wire-usage.ts';

export type WireBlock =
  | { readonly type: 'text'; readonly text: string; readonly citations: null }
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'redacted_thinking'; readonly data: string }
  /** Complete when it begins: it has no deltas. */
  | { readonly type: 'as_it_is'; readonly block: object }
  | {
      readonly type: 'tool_use' | 'server_tool_use' | 'mcp_tool_use';
      readonly id: string;
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
      readonly caller?: { readonly type: 'direct' };
      readonly server_name?: string;
      /** What is streamed of the input instead of its JSON. */
      readonly inputText?: string;
    };

export interface ComposedMessage {
  readonly id: string;
  readonly model: string;
  readonly content: readonly WireBlock[];
  readonly stopReason: StopReason;
  readonly stopSequence: string | null;
  readonly stopDetails: object | null;
  readonly container: WireContainer | null;
  readonly diagnostics: Diagnosis;
  /** What the server did about a long prompt. */
  readonly contextManagement: object | null;
  readonly usage: WireUsage;
}

interface Limited {
  readonly content: readonly AnswerBlock[];
  readonly stopReason?: StopReason;
  readonly stopSequence?: string;
}

/** A signature that only this thinking text has; rules.ts recognises an altered block by it. */
export const signatureOf = (thinking: string): string =>
  SIGNATURE_PREFIX + createHash('sha256').update(thinking).digest('base64');
export const SIGNATURE_PREFIX = 'cmVoZWFyc2Fs';

const cutAtStopSequence = (
  content: readonly AnswerBlock[],
  sequences: readonly string[] | undefined,
): Limited => {
  if (!sequences || sequences.length === 0) return { content };
  for (const [index, block] of content.entries()) {
    if (block.type !== 'text') continue;
    const hits = sequences.filter((sequence) => sequence !== '' && block.text.includes(sequence));
    const [first] = hits.sort((a, b) => block.text.indexOf(a) - block.text.indexOf(b));
    if (first === undefined) continue;
    const text = block.text.slice(0, block.text.indexOf(first));
    const kept = [...content.slice(0, index), { ...block, text }];
    return { content: kept, stopReason: 'stop_sequence', stopSequence: first };
  }
  return { content };
};

const truncate = (text: string, bytes: number): string =>
  // A character that the limit cuts in two is left out whole.
  Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD$/, '');

/** Text and thinking are cut at the limit; a tool call that does not fit is left out with what follows. */
const cutAtMaxTokens = (
  limited: Limited,
  maxTokens: number,
  stopReason: StopReason = 'max_tokens',
): Limited => {
  let left = maxTokens * BYTES_PER_TOKEN;
  const kept: AnswerBlock[] = [];
  for (const block of limited.content) {
    const bytes = bytesOfBlock(block);
    if (bytes <= left) {
      kept.push(block);
      left -= bytes;
      continue;
    }
    if (block.type === 'text' && left > 0)
      kept.push({ ...block, text: truncate(block.text, left) });
    return { content: kept, stopReason };
  }
  return limited;
};

/** By its own limit, or by the end of the window, whichever comes first. */
const cutAtLimits = (limited: Limited, maxTokens: number, roomTokens: number): Limited =>
  roomTokens < maxTokens
    ? cutAtMaxTokens(limited, roomTokens, 'model_context_window_exceeded')
    : cutAtMaxTokens(limited, maxTokens);

const DIRECT = { type: 'direct' } as const;

const idOf = (kind: string, hash: string, index: number): string =>
  `${kind}_01${hash.slice(0, 20)}${index.toString(36).padStart(2, '0')}`;

/** A call of an MCP server's tool, with its result unless it is under way. */
const connectedCall = (
  block: Extract<AnswerBlock, { type: 'server_tool_use' }>,
  server: string,
  hash: string,
  index: number,
): WireBlock[] => {
  const { name, input, result, id = idOf('mcptoolu', hash, index) } = block;
  const use = { type: 'mcp_tool_use', id, name, input, server_name: server } as const;
  if (result === undefined) return [use];
  const content = typeof result === 'string' ? [{ type: 'text', text: result }] : result;
  const answered = { type: 'mcp_tool_result', tool_use_id: id, is_error: false, content };
  return [use, { type: 'as_it_is', block: answered }];
};

const toWire = (block: AnswerBlock, index: number, hash: string): WireBlock[] => {
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: block.text, citations: null }];
    case 'thinking': {
      const signature = block.signature ?? signatureOf(block.thinking);
      return [{ type: 'thinking', thinking: block.thinking, signature }];
    }
    case 'redacted_thinking':
    case 'as_it_is':
      return [block];
    case 'server_tool_use': {
      if (block.server !== undefined) return connectedCall(block, block.server, hash, index);
      const id = block.id ?? idOf('srvtoolu', hash, index);
      const { name, input, result } = block;
      const use = { type: 'server_tool_use', id, name, input, caller: DIRECT } as const;
      if (result === undefined) return [use];
      const answered = { type: resultTypeOf(name), tool_use_id: id, content: result };
      return [use, { type: 'as_it_is', block: { ...answered, caller: DIRECT } }];
    }
    case 'tool_use': {
      const { name, input, inputText, id = idOf('toolu', hash, index) } = block;
      const use = { type: 'tool_use', id, name, input, caller: DIRECT } as const;
      return [inputText === undefined ? use : { ...use, inputText }];
    }
  }
};

const thinkingBytes = (content: readonly AnswerBlock[]): number =>
  content.reduce((sum, block) => sum + (block.type === 'thinking' ? bytesOfBlock(block) : 0), 0);

const NOT_CACHED: CacheUse = { read: 0, written5m: 0, written1h: 0 };

/** What the API counts of its own tools; null where it ran none. */
const serverRequests = (content: readonly AnswerBlock[]): ServerRequests | null => {
  const names = countedUses(content);
  if (names.length === 0) return null;
  const count = (name: string) => names.filter((one) => one === name).length;
  return { web_search_requests: count('web_search'), web_fetch_requests: count('web_fetch') };
};

/** Whoever names one of them names them all. */
const namesCache = (given: AnswerUsage): boolean =>
  given.cache_creation !== undefined ||
  given.cache_creation_input_tokens !== undefined ||
  given.cache_read_input_tokens !== undefined;

const usageOf = (
  given: AnswerUsage,
  content: readonly AnswerBlock[],
  bodyBytes: number,
  cached: CacheUse,
): WireUsage => {
  const { read, written5m, written1h } = namesCache(given) ? NOT_CACHED : cached;
  const oneHour = given.cache_creation?.ephemeral_1h_input_tokens ?? written1h;
  const written = given.cache_creation_input_tokens ?? written5m + written1h;
  const fiveMinutes =
    given.cache_creation?.ephemeral_5m_input_tokens ?? Math.max(0, written - oneHour);
  const used = read + written5m + written1h;
  const thinking = tokensOfBytes(thinkingBytes(content));
  return {
    input_tokens: given.input_tokens ?? Math.max(0, tokensOfBytes(bodyBytes) - used),
    cache_creation_input_tokens: given.cache_creation_input_tokens ?? fiveMinutes + oneHour,
    cache_read_input_tokens: given.cache_read_input_tokens ?? read,
    cache_creation: {
      ephemeral_5m_input_tokens: fiveMinutes,
      ephemeral_1h_input_tokens: oneHour,
    },
    output_tokens: given.output_tokens ?? outputTokensOf(content),
    output_tokens_details: thinking > 0 ? { thinking_tokens: thinking } : null,
    server_tool_use: serverRequests(content),
    service_tier: given.service_tier ?? 'standard',
    inference_geo: 'global',
    speed: 'standard',
    ...(given.iterations ? { iterations: given.iterations } : {}),
  };
};

const naturalStop = (content: readonly AnswerBlock[]): StopReason =>
  content.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn';

/** Only then is the request looked at. */
const withSearches = (content: readonly AnswerBlock[], request: SeenRequest) => {
  if (!content.some(({ type }) => type === 'server_tool_use')) return content;
  const { tools } = request.json as Json;
  return withinUses(content, tools).map((block) => searched(block, tools));
};

/** Most requests say nothing of it, and are not looked at. */
const saysOfCache = ({ rawBody }: SeenRequest): boolean =>
  rawBody.includes('"cache_control"') || rawBody.includes('"diagnostics"');

/** Most requests say nothing of it, and are not looked at. */
const manage = (answer: MessageAnswer, request: SeenRequest): Managed =>
  request.rawBody.includes('"context_management"')
    ? managed(answer, request.json as Json, tokensOfBytes(request.rawBody.length))
    : { answer, applied: [] };

/** An answer that names its stop reason is taken as it is; otherwise the request's limits apply. */
export const compose = (
  answer: MessageAnswer,
  request: SeenRequest,
  cache: PromptCache,
  contextTokens: number,
): ComposedMessage => {
  const { model, max_tokens, stop_sequences } = request.body;
  const hash = request.bodyHash;
  const { answer: given, applied } = manage(answer, request);
  const said = { ...given, content: withSearches(given.content, request) };
  const roomTokens = contextTokens - tokensOfBytes(request.rawBody.length);
  const limited: Limited =
    said.stopReason === undefined
      ? cutAtLimits(cutAtStopSequence(said.content, stop_sequences), max_tokens, roomTokens)
      : said;
  const stopReason = limited.stopReason ?? naturalStop(limited.content);
  const id = `msg_01${hash.slice(0, 22)}`;
  const body = saysOfCache(request) ? (request.json as Json) : undefined;
  return {
    id,
    model,
    content: limited.content.flatMap((block, index) => toWire(block, index, hash)),
    stopReason,
    stopSequence: limited.stopSequence ?? null,
    stopDetails:
      stopReason === 'refusal'
        ? { type: 'refusal', category: null, explanation: null, ...answer.refusal }
        : null,
    container: containerOf(given, request),
    contextManagement: applied.length === 0 ? null : { applied_edits: applied },
    diagnostics: body ? cache.diagnose(body, id) : null,
    usage: usageOf(
      given.usage ?? {},
      limited.content,
      request.rawBody.length,
      body ? cache.use(body, request.receivedAt) : NOT_CACHED,
    ),
  };
};
