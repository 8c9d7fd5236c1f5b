/**
 * A message's JSON bytes as the model may see them.
 *
 * What the API gave us is stored as it came and goes back untouched, byte for byte, with three
 * exceptions, each of them something that the API gives but does not take back: blank text, a message
 * that ends with thinking, and a message with nothing in it. These are found by looking at bytes;
 * only a message that has one of them is parsed.
 */
import { type ApiBlock, withoutEndingThinking } from '../../claude-code/api-blocks.ts';
import type { ApiMessage } from '../../claude-code/conversation.ts';

/** The same bytes where nothing has to change; undefined where nothing is left. */
export const messageForModel = (body: Uint8Array): Uint8Array | undefined => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!hasBlankText(bytes) && !endsWithThinking(bytes) && !isEmpty(bytes)) return body;
  const message = decodeMessage(body);
  const content = withoutEndingThinking(message.content.filter((block) => !isBlank(block)));
  const isWhole = content.length === message.content.length;
  if (content.length === 0) return undefined;
  return isWhole ? body : encodeMessage({ ...message, content });
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
export const encodeMessage = (message: ApiMessage): Uint8Array => {
  const json = JSON.stringify(message);
  const isWellFormed = !/\\ud[89a-f]/.test(json);
  return Buffer.from(isWellFormed ? json : JSON.stringify(message, wellFormed)); // short ones share buffers
};

export const textBlock = (text: string): ApiBlock & { readonly text: string } => ({
  type: 'text',
  text,
});

/** Encoding to UTF-8 replaces lone halves; keys of objects are left as they are. */
const wellFormed = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? new TextDecoder().decode(new TextEncoder().encode(value)) : value;

const isBlank = (block: ApiBlock & { readonly text?: unknown }): boolean =>
  block.type === 'text' && typeof block.text === 'string' && block.text.trim() === '';

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
