/**
 * From an answer and its request to the message as the API would give it: ids, limits applied, usage
 * counted. A pure function: the same request gets the same message, ids included.
 */
import { createHash } from 'node:crypto';
import type { AnswerBlock, AnswerUsage, MessageAnswer, StopReason } from './answer.ts';
import type { SeenRequest } from './seen-request.ts';
import { BYTES_PER_TOKEN, bytesOfBlock, outputTokensOf, tokensOfBytes } from './tokens.ts';

export type WireBlock =
  | { readonly type: 'text'; readonly text: string; readonly citations: null }
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'redacted_thinking'; readonly data: string }
  | {
      readonly type: 'tool_use';
      readonly id: string;
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
      readonly caller: { readonly type: 'direct' };
    };

export interface WireUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: {
    readonly ephemeral_5m_input_tokens: number;
    readonly ephemeral_1h_input_tokens: number;
  };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly thinking_tokens: number } | null;
  readonly server_tool_use: null;
  readonly service_tier: string;
  readonly inference_geo: string;
  readonly speed: string;
  readonly iterations?: readonly unknown[];
}

export interface ComposedMessage {
  readonly id: string;
  readonly model: string;
  readonly content: readonly WireBlock[];
  readonly stopReason: StopReason;
  readonly stopSequence: string | null;
  readonly stopDetails: object | null;
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
const cutAtMaxTokens = (limited: Limited, maxTokens: number): Limited => {
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
    return { content: kept, stopReason: 'max_tokens' };
  }
  return limited;
};

const toWire = (block: AnswerBlock, index: number, hash: string): WireBlock => {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text, citations: null };
    case 'thinking': {
      const signature = block.signature ?? signatureOf(block.thinking);
      return { type: 'thinking', thinking: block.thinking, signature };
    }
    case 'redacted_thinking':
      return block;
    case 'tool_use': {
      const id = block.id ?? `toolu_01${hash.slice(0, 20)}${index.toString(36).padStart(2, '0')}`;
      const { name, input } = block;
      return { type: 'tool_use', id, name, input, caller: { type: 'direct' } };
    }
  }
};

const thinkingBytes = (content: readonly AnswerBlock[]): number =>
  content.reduce((sum, block) => sum + (block.type === 'thinking' ? bytesOfBlock(block) : 0), 0);

const usageOf = (
  given: AnswerUsage,
  content: readonly AnswerBlock[],
  bodyBytes: number,
): WireUsage => {
  const oneHour = given.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const fiveMinutes =
    given.cache_creation?.ephemeral_5m_input_tokens ??
    Math.max(0, (given.cache_creation_input_tokens ?? 0) - oneHour);
  const thinking = tokensOfBytes(thinkingBytes(content));
  return {
    input_tokens: given.input_tokens ?? tokensOfBytes(bodyBytes),
    cache_creation_input_tokens: given.cache_creation_input_tokens ?? fiveMinutes + oneHour,
    cache_read_input_tokens: given.cache_read_input_tokens ?? 0,
    cache_creation: {
      ephemeral_5m_input_tokens: fiveMinutes,
      ephemeral_1h_input_tokens: oneHour,
    },
    output_tokens: given.output_tokens ?? outputTokensOf(content),
    output_tokens_details: thinking > 0 ? { thinking_tokens: thinking } : null,
    server_tool_use: null,
    service_tier: given.service_tier ?? 'standard',
    inference_geo: 'global',
    speed: 'standard',
    ...(given.iterations ? { iterations: given.iterations } : {}),
  };
};

const naturalStop = (content: readonly AnswerBlock[]): StopReason =>
  content.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn';

/** An answer that names its stop reason is taken as it is; otherwise the request's limits apply. */
export const compose = (answer: MessageAnswer, request: SeenRequest): ComposedMessage => {
  const { model, max_tokens, stop_sequences } = request.body;
  const hash = request.bodyHash;
  const limited: Limited =
    answer.stopReason === undefined
      ? cutAtMaxTokens(cutAtStopSequence(answer.content, stop_sequences), max_tokens)
      : answer;
  const stopReason = limited.stopReason ?? naturalStop(limited.content);
  return {
    id: `msg_01${hash.slice(0, 22)}`,
    model,
    content: limited.content.map((block, index) => toWire(block, index, hash)),
    stopReason,
    stopSequence: limited.stopSequence ?? null,
    stopDetails:
      stopReason === 'refusal'
        ? { type: 'refusal', category: null, explanation: null, ...answer.refusal }
        : null,
    usage: usageOf(answer.usage ?? {}, limited.content, request.rawBody.length),
  };
};
