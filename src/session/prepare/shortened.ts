/**
 * Messages that are to be summed up and are too long for one request: the longest lose the ends of their texts, and
 * their images. Only the request has them so; what is stored stays.
 */
import { type ApiBlock, isThinking } from '../../claude-code/api-blocks.ts';
import { wellCut } from '../../model/bounds.ts';
import { decodeMessage, encodeMessage, textBlock } from '../context/model-message.ts';
import { weightOf } from '../context/weight.ts';

/** The same messages where they fit into so many bytes. */
export const shortened = (
  messages: readonly Uint8Array[],
  maxBytes: number,
): readonly Uint8Array[] => {
  const all = messages.reduce((sum, message) => sum + weightOf(message), 0);
  if (all <= maxBytes) return messages;
  const share = Math.max(LEAST_BYTES, Math.floor(maxBytes / messages.length));
  return messages.map((message) =>
    message.byteLength <= share ? message : cutMessage(message, share),
  );
};

const LEAST_BYTES = 400;

const cutMessage = (message: Uint8Array, bytes: number): Uint8Array => {
  const { role, content } = decodeMessage(message);
  const share = Math.max(LEAST_BYTES / 2, Math.floor(bytes / Math.max(1, content.length)));
  const kept = content.filter((block) => !isThinking(block));
  const blocks =
    kept.length === 0 ? [textBlock('(thought)')] : kept.map((block) => cut(block, share));
  return encodeMessage({ role, content: blocks });
};

/** As blocks may have them. */
interface Parts extends ApiBlock {
  readonly text?: unknown;
  readonly content?: unknown;
  readonly input?: unknown;
}

const cut = (block: Parts, bytes: number): ApiBlock => {
  if (JSON.stringify(block).length <= bytes) return block;
  switch (block.type) {
    case 'text':
      return textBlock(shortText(String(block.text), bytes));
    case 'tool_use':
      return {
        ...block,
        input: { shortened: shortText(JSON.stringify(block.input), bytes) },
      } as ApiBlock;
    case 'tool_result':
      return { ...block, content: shortText(textIn(block.content), bytes) } as ApiBlock;
    default:
      return textBlock(`(${block.type})`);
  }
};

const textIn = (content: unknown): string => {
  if (typeof content === 'string') return content;
  const blocks = Array.isArray(content) ? (content as readonly Parts[]) : [];
  return blocks.map(({ type, text }) => (typeof text === 'string' ? text : `(${type})`)).join('\n');
};

const shortText = (text: string, length: number): string =>
  text.length <= length
    ? text
    : `${wellCut(text, length)} … (${text.length - length} more characters)`;
