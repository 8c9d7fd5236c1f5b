/** The `tool_result` block that a tool's outcome makes. */
import type { ToolOutcome } from '../ports/tools.ts';

/** Tools cut what they say; this is for one that did not. In bytes of JSON. */
const MAX_BYTES = 16 * 1024 * 1024;
const CANCELLED = 'The user cancelled this.';

export const resultBlock = (
  toolUseId: string,
  outcome: ToolOutcome,
): { readonly block: Uint8Array; readonly isError: boolean } => {
  const { content, isError } = saidBy(outcome);
  const block = encoded(toolUseId, content, isError);
  if (block.byteLength <= MAX_BYTES) return { block, isError };
  return { block: encoded(toolUseId, 'The result is too large.', true), isError: true };
};

const saidBy = (outcome: ToolOutcome) => {
  if (outcome.type === 'result') return outcome;
  const { content = '' } = outcome;
  return { content: content === '' ? CANCELLED : `${CANCELLED}\n${content}`, isError: true };
};

interface Block {
  readonly content?: Content;
  readonly is_error?: boolean;
}

/** What a block says, for those who are asked about it. */
export const readBlock = (
  block: Uint8Array,
): { readonly text: string; readonly isError: boolean } => {
  const { content = '', is_error: isError = false } = parsed(block);
  return { text: textOf(content), isError };
};

const parsed = (block: Uint8Array): Block =>
  JSON.parse(Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString()) as Block;

const textOf = (content: Content): string =>
  typeof content === 'string'
    ? content
    : content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join('\n');

/** The block with another text in the place of its own, and texts behind it. */
export const withSaid = (
  block: Uint8Array,
  output: string | undefined,
  added: readonly string[],
): Uint8Array => {
  const texts = added.filter((text) => text.trim() !== '');
  if (output === undefined && texts.length === 0) return block;
  const { content = '', ...others } = parsed(block);
  const said = output ?? content;
  const blocks: Content = typeof said === 'string' ? [{ type: 'text', text: said }] : said;
  const all = [...blocks, ...texts.map((text) => ({ type: 'text', text }) as const)];
  const shown = all.filter((each) => each.type !== 'text' || each.text.trim() !== '');
  return Buffer.from(JSON.stringify({ ...others, content: wellFormed(shown) }));
};

type Content = Extract<ToolOutcome, { type: 'result' }>['content'];

/** An error says something: the API refuses an empty one. */
const encoded = (toolUseId: string, content: Content, isError: boolean): Uint8Array => {
  const isEmpty = content.length === 0;
  const said = isEmpty && isError ? 'no output' : content;
  return Buffer.from(
    JSON.stringify({
      type: 'tool_result',
      tool_use_id: toolUseId,
      ...(isEmpty && !isError ? {} : { content: wellFormed(said) }),
      ...(isError ? { is_error: true } : {}),
    }),
  );
};

/** Half of a surrogate pair is no JSON to the API. */
const wellFormed = (content: Content): Content =>
  typeof content === 'string'
    ? whole(content)
    : content.map((block) =>
        block.type === 'text' ? { ...block, text: whole(block.text) } : block,
      );

const HALF = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

const whole = (text: string): string => text.replace(HALF, '\uFFFD');
