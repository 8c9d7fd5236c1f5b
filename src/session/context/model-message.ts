/**
 * A message's JSON bytes as the model may see them.
 *
 * What the API gave us is stored as it came and goes back untouched, byte for byte, with five
 * exceptions. Four are something that the API may give but does not take back: blank text, a message
 * that ends with thinking, a message with nothing in it, and half of a surrogate pair. The fifth are
 * breakpoints of the prompt cache in what a person sent: a request has only four of them, and the executor
 * places them. All are found by looking at bytes; only a message that has one other than the half is parsed.
 */
import { type ApiBlock, withoutEndingThinking } from '../../claude-code/api-blocks.ts';
import type { ApiMessage } from '../../claude-code/conversation.ts';
import { wholeJson } from '../../model/bounds.ts';

/** The same bytes where nothing has to change; undefined where nothing is left. */
export const messageForModel = (body: Uint8Array): Uint8Array | undefined => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const whole = mayHoldHalves(bytes) ? withoutHalves(body) : body;
  const mayBeMarked = bytes.includes('"cache_control"');
  if (!mayBeMarked && !hasBlankText(bytes) && !endsWithThinking(bytes) && !isEmpty(bytes))
    return whole;
  const message = decodeMessage(whole);
  const isMarked = mayBeMarked && message.role === 'user';
  const shown = isMarked ? message.content.map(withoutBreakpoints) : message.content;
  const content = withoutEndingThinking(shown.filter((block) => !isBlank(block)));
  const isWhole = !isMarked && content.length === message.content.length;
  if (content.length === 0) return undefined;
  return isWhole ? whole : encodeMessage({ ...message, content });
};

/** A stored message; content that is a string becomes its one text block. */
export const decodeMessage = (body: Uint8Array): ApiMessage => {
  const message: {
    readonly role: 'user' | 'assistant';
    readonly content: string | readonly ApiBlock[];
  } = JSON.parse(new TextDecoder().decode(body));
  const { content } = message;
  const blocks = typeof content === 'string' ? [textBlock(content)] : content;
  return { role: message.role, content: blocks };
};

/** JSON bytes; halves of surrogate pairs, which are no JSON to the API, become U+FFFD. */
export const encodeMessage = (message: ApiMessage): Uint8Array =>
  Buffer.from(wholeJson(JSON.stringify(message))); // short ones share buffers

export const textBlock = (text: string): ApiBlock & { readonly text: string } => ({
  type: 'text',
  text,
});

/** In JSON a half is always an escape, in the names of fields as in values. */
const mayHoldHalves = (json: Buffer): boolean => json.includes('\\ud') || json.includes('\\uD');

const withoutHalves = (body: Uint8Array): Uint8Array => {
  const json = new TextDecoder().decode(body);
  const whole = wholeJson(json);
  return whole === json ? body : Buffer.from(whole);
};

const isBlank = (block: ApiBlock & { readonly text?: unknown }): boolean =>
  block.type === 'text' && typeof block.text === 'string' && block.text.trim() === '';

/** In a block and in the blocks that it holds; a tool's input may have a field of that name. */
const withoutBreakpoints = (block: ApiBlock): ApiBlock => {
  const { cache_control: _, ...others } = block as ApiBlock & Holder & { cache_control?: unknown };
  const { content, source } = others;
  return {
    ...others,
    ...(Array.isArray(content) ? { content: content.map(withoutBreakpoints) } : {}),
    ...(Array.isArray(source?.content)
      ? { source: { ...source, content: source.content.map(withoutBreakpoints) } }
      : {}),
  };
};

interface Holder {
  readonly content?: unknown;
  readonly source?: { readonly content?: unknown };
}

const EMPTY_MESSAGE_BYTES = 64;

const isEmpty = (bytes: Buffer): boolean =>
  bytes.byteLength < EMPTY_MESSAGE_BYTES && /"content":(\[\]|"\s*")/.test(bytes.toString('latin1'));

/** Whether some text is made of white space alone. Quotes inside strings are escaped, so the key is a real one. */
const hasBlankText = (bytes: Buffer): boolean => {
  const key = '"text":"';
  for (let at = bytes.indexOf(key); at !== -1; at = bytes.indexOf(key, at + 1)) {
    const start = bytes.toString('latin1', at + key.length, at + key.length + 64);
    if (/^(\s|\\[nrtf])*("|$)/.test(start)) return true;
  }
  return false;
};

/** The last block is thinking when behind its last field no other block begins. */
const endsWithThinking = (bytes: Buffer): boolean =>
  ['"signature":"', '"redacted_thinking"'].some((field) => {
    const at = bytes.lastIndexOf(field);
    return at !== -1 && bytes.indexOf('{', at) === -1;
  });
