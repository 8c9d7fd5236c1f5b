/** Results of tools that are old: the model sees a note in their place. What is stored stays as it is. */
import type { ApiBlock, ToolResult } from '../../claude-code/api-blocks.ts';
import { decodeMessage, encodeMessage } from './model-message.ts';

/** A shorter result is no longer than the note. */
const LEAST_BYTES = 200;

/** The message with notes in the place of its results; the same bytes where there are none. */
export const withoutOldResults = (body: Uint8Array): Uint8Array => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!bytes.includes('"tool_result"')) return body;
  const message = decodeMessage(body);
  return encodeMessage({ ...message, content: message.content.map(cleared) });
};

const cleared = (block: ApiBlock): ApiBlock => {
  if (block.type !== 'tool_result') return block;
  const result = block as ToolResult;
  const length = JSON.stringify(result.content ?? '').length;
  if (length <= LEAST_BYTES) return block;
  const content = `(An old result, cleared to save room: ${length} characters. Run the tool again if it is needed.)`;
  return { ...result, content } as ToolResult;
};

/** How many results the message holds. */
export const resultsIn = (body: Uint8Array): number => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!bytes.includes('"tool_result"')) return 0;
  return decodeMessage(body).content.filter(({ type }) => type === 'tool_result').length;
};
