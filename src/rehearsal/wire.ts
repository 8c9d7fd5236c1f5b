/**
 * The two forms in which a message goes out: one JSON object, or server-sent events.
 *
 * The order of events is the API's: message_start, then per block content_block_start, deltas,
 * content_block_stop, then message_delta with the stop reason and the final usage, message_stop. One
 * ping follows the first content_block_start, in the same piece, so that it never counts as an event.
 */
import type { ComposedMessage, WireBlock } from './compose.ts';
import type { WireUsage } from './wire-usage.ts';

export interface Piece {
  readonly bytes: string;
  readonly isDelta: boolean;
}

const event = (name: string, json: string): string => `event: ${name}\ndata: ${json}\n\n`;
const PING = event('ping', '{"type":"ping"}');
const MESSAGE_STOP = event('message_stop', '{"type":"message_stop"}');

/** Cuts a text into at most `count` pieces of about the same length, never inside a surrogate pair. */
const piecesOf = (text: string, count: number): string[] => {
  if (count <= 1 || text.length <= 1) return text === '' ? [] : [text];
  const pieces: string[] = [];
  let from = 0;
  for (let i = 1; i <= count; i += 1) {
    let to = Math.floor((i * text.length) / count);
    const unit = text.charCodeAt(to);
    if (unit >= 0xdc00 && unit <= 0xdfff) to += 1;
    if (to > from) pieces.push(text.slice(from, to));
    from = Math.max(from, to);
  }
  return pieces;
};

/** The block as the API has it. */
const plainly = (block: WireBlock): object => {
  if (block.type === 'as_it_is') return block.block;
  if (!('inputText' in block)) return block;
  const { inputText: _, ...plain } = block;
  return plain;
};

/** A summary comes whole, as its one delta. */
const isSummary = ({ block }: Extract<WireBlock, { type: 'as_it_is' }>): boolean =>
  'type' in block && block.type === 'compaction';

/** The block as content_block_start shows it: still without what the deltas bring. */
const emptied = (block: WireBlock): object => {
  switch (block.type) {
    case 'text':
      return { ...block, text: '' };
    case 'thinking':
      return { ...block, thinking: '', signature: '' };
    case 'redacted_thinking':
      return block;
    case 'as_it_is':
      return isSummary(block) ? { ...block.block, content: null } : block.block;
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return plainly({ ...block, input: {} });
  }
};

const deltasOf = (block: WireBlock, chunks: number): object[] => {
  switch (block.type) {
    case 'text':
      return piecesOf(block.text, chunks).map((text) => ({ type: 'text_delta', text }));
    case 'thinking':
      return [
        ...piecesOf(block.thinking, chunks).map((t) => ({ type: 'thinking_delta', thinking: t })),
        { type: 'signature_delta', signature: block.signature },
      ];
    case 'redacted_thinking':
      return [];
    case 'as_it_is':
      return isSummary(block) ? [{ ...block.block, type: 'compaction_delta' }] : [];
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return ['', ...piecesOf(block.inputText ?? JSON.stringify(block.input), chunks)].map(
        (partial_json) => ({
          type: 'input_json_delta',
          partial_json,
        }),
      );
  }
};

const startJson = (message: ComposedMessage, content: readonly object[], ended: boolean) => ({
  id: message.id,
  type: 'message',
  role: 'assistant',
  model: message.model,
  content,
  container: ended ? message.container : null,
  diagnostics: message.diagnostics,
  ...(message.contextManagement === null ? {} : { context_management: message.contextManagement }),
  stop_reason: ended ? message.stopReason : null,
  stop_sequence: ended ? message.stopSequence : null,
  stop_details: ended ? message.stopDetails : null,
});

export const encodeMessage = (message: ComposedMessage): string =>
  JSON.stringify({
    ...startJson(message, message.content.map(plainly), true),
    usage: message.usage,
  });

const messageStart = (message: ComposedMessage): string => {
  const { iterations: _later, ...known } = message.usage;
  const usage = { ...known, output_tokens: 1, output_tokens_details: null };
  return JSON.stringify({
    type: 'message_start',
    message: { ...startJson(message, [], false), usage },
  });
};

const deltaUsage = (usage: WireUsage) => ({
  input_tokens: usage.input_tokens,
  cache_creation_input_tokens: usage.cache_creation_input_tokens,
  cache_read_input_tokens: usage.cache_read_input_tokens,
  output_tokens: usage.output_tokens,
  output_tokens_details: usage.output_tokens_details,
  server_tool_use: usage.server_tool_use,
  ...(usage.iterations ? { iterations: usage.iterations } : {}),
});

const messageDelta = (message: ComposedMessage): string =>
  JSON.stringify({
    type: 'message_delta',
    delta: {
      stop_reason: message.stopReason,
      stop_sequence: message.stopSequence,
      stop_details: message.stopDetails,
      container: message.container,
    },
    usage: deltaUsage(message.usage),
  });

const whole = (name: string, json: string): Piece => ({ bytes: event(name, json), isDelta: false });

const blockPieces = (block: WireBlock, index: number, chunks: number): Piece[] => {
  const start = { type: 'content_block_start', index, content_block: emptied(block) };
  const bytes = event('content_block_start', JSON.stringify(start)) + (index === 0 ? PING : '');
  return [
    { bytes, isDelta: false },
    ...deltasOf(block, chunks).map((delta) => ({
      bytes: event(
        'content_block_delta',
        JSON.stringify({ type: 'content_block_delta', index, delta }),
      ),
      isDelta: true,
    })),
    whole('content_block_stop', `{"type":"content_block_stop","index":${index}}`),
  ];
};

export const encodeEvents = (message: ComposedMessage, chunks: number): Piece[] => [
  whole('message_start', messageStart(message)),
  ...message.content.flatMap((block, index) => blockPieces(block, index, chunks)),
  whole('message_delta', messageDelta(message)),
  { bytes: MESSAGE_STOP, isDelta: false },
];

export const errorEvent = (type: string, message: string): string =>
  event('error', JSON.stringify({ type: 'error', error: { type, message } }));
