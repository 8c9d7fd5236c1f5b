/**
 * The rehearsal server's count of tokens, simple enough that a test can compute what it expects:
 *
 * - input: the bytes of the request's body as sent, divided by four, rounded up;
 * - output: the UTF-8 bytes of all text, thinking and tool input (its JSON; not what a tool of the server's answered), divided by four,
 *   rounded up, at least 1.
 */
import type { AnswerBlock } from './answer.ts';

export const BYTES_PER_TOKEN = 4;

export const tokensOfBytes = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

export const bytesOfBlock = (block: AnswerBlock): number => {
  switch (block.type) {
    case 'text':
      return Buffer.byteLength(block.text);
    case 'thinking':
      return Buffer.byteLength(block.thinking);
    case 'redacted_thinking':
      return Buffer.byteLength(block.data);
    case 'tool_use':
      return Buffer.byteLength(block.inputText ?? JSON.stringify(block.input));
    case 'server_tool_use':
      return Buffer.byteLength(JSON.stringify(block.input));
    case 'as_it_is':
      return 0;
  }
};

export const outputTokensOf = (blocks: readonly AnswerBlock[]): number =>
  Math.max(1, tokensOfBytes(blocks.reduce((sum, block) => sum + bytesOfBlock(block), 0)));
